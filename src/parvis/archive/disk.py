"""All that touches the disk while recording, for one thread of its own: a disk that hangs stops only that.

Nothing here knows of the loop; `recorder.py` calls it in its single worker thread.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from parvis.archive.parts_file import PartsFile, day_of, parts_path
from parvis.archive.record import Record, write_record

log = structlog.get_logger(__name__)

PARTS_FOLDER: Final = "parts"
IDLE_AFTER_S: Final = 120.0
"""A file into which nothing was written for this long is closed."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A part on its way to the disk. `lane` is "opus", "aac" or "track-{handle}"; `came_s` monotonic time."""

    space: str
    lane: str
    sequence: int
    body: bytes
    epoch: int
    last: bool
    came_s: float


class Disk:
    """Open files of all recordings. One thread."""

    def __init__(self, root: Path, *, sync_each_part: bool) -> None:
        self._root = root
        self._sync_each_part = sync_each_part
        self._files: dict[Path, PartsFile] = {}
        self._used_s: dict[Path, float] = {}
        self._dirty: set[Path] = set()

    def load(self, space: str) -> list[tuple[str, int, int]]:
        """(lane, sequence, epoch) of all that is there, after torn tails were cut. Raises `OSError`."""
        found: list[tuple[str, int, int]] = []
        for path in sorted((self._root / space / PARTS_FOLDER).glob("*.parts")):
            file = PartsFile(path)
            if file.torn_bytes:
                log.warning("a torn tail was cut", space=space, file=path.name, bytes=file.torn_bytes)
            lane = path.name.rsplit(".", 2)[0]
            found += [(lane, entry.sequence, entry.epoch) for entry in file.entries]
            file.close()
        return found

    def write(self, parts: list[Pending]) -> list[tuple[Pending, OSError]]:
        """Writes what it can, and returns the rest: after a failure, a lane's later parts are not tried."""
        failed: list[tuple[Pending, OSError]] = []
        broken: dict[tuple[str, str], OSError] = {}
        for part in parts:
            lane = part.space, part.lane
            try:
                if lane in broken:
                    raise broken[lane]
                self._write_one(part)
            except OSError as error:
                broken[lane] = error
                failed.append((part, error))
        return failed

    def _write_one(self, part: Pending) -> None:
        folder = self._root / part.space / PARTS_FOLDER
        path = parts_path(folder, part.lane, day_of(part.sequence))
        file = self._files.get(path)
        if file is None:
            folder.mkdir(parents=True, exist_ok=True)
            file = self._files[path] = PartsFile(path)
        file.append(part.sequence, part.body, part.epoch, last=part.last)
        self._used_s[path] = time.monotonic()
        if self._sync_each_part:
            file.sync()
        else:
            self._dirty.add(path)

    def sync(self) -> None:
        """Brings all that was written to the disk. Raises `OSError`."""
        while self._dirty:
            path = next(iter(self._dirty))
            self._files[path].sync()
            self._dirty.discard(path)

    def tidy(self) -> None:
        """Closes files that rest."""
        before_s = time.monotonic() - IDLE_AFTER_S
        for path in [path for path in self._files if self._used_s[path] < before_s]:
            self._close(path)

    def release(self, space: str) -> None:
        """Closes the files of a Space: nothing more will be written there."""
        folder = self._root / space / PARTS_FOLDER
        for path in [path for path in self._files if path.parent == folder]:
            self._close(path)

    def close(self) -> None:
        """Closes everything, synced as far as the disk lets it."""
        with contextlib.suppress(OSError):
            self.sync()
        for path in list(self._files):
            self._close(path)

    def _close(self, path: Path) -> None:
        file = self._files.pop(path)
        self._used_s.pop(path, None)
        if path in self._dirty:
            self._dirty.discard(path)
            with contextlib.suppress(OSError):
                file.sync()
        file.close()

    def write_records(self, records: list[Record]) -> list[tuple[Record, OSError]]:
        """Replaces these records; returns those that did not go."""
        failed: list[tuple[Record, OSError]] = []
        for record in records:
            try:
                write_record(self._root / record.space.id, record)
            except OSError as error:
                failed.append((record, error))
        return failed
