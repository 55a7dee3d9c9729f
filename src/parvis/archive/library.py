"""All Spaces that the archive knows, by their records; and the graves of those that were deleted.

One folder a Space::

    {space}/record.json    what is known (record.py)
    {space}/parts/         parts as they came (parts_file.py)
    {space}/replay.{n}/    what people hear: version n of the record, complete
    {space}/clips/         excerpts
    {space}/tombstone.json instead of all that, once it was deleted

Loop-owned, except for what `restore` reads.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import structlog

from parvis.archive.record import Record, read_record
from parvis.errors import NotFound, ParvisError

log = structlog.get_logger(__name__)

TOMBSTONE: Final = "tombstone.json"
_REPLAY_FOLDER: Final = "replay.{}"
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Library:
    """Records by Space. Changes are noted; whoever writes them asks for `take_unwritten`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._records: dict[str, Record] = {}
        self._graves: dict[str, dict[str, Any]] = {}
        self._unwritten: set[str] = set()

    def restore(self) -> None:
        """Reads the folders. A record that can't be read is left alone, and said."""
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in sorted(path for path in self.root.iterdir() if path.is_dir()):
            if (folder / TOMBSTONE).exists():
                self._graves[folder.name] = _grave(folder / TOMBSTONE)
                continue
            try:
                record = read_record(folder)
            except (OSError, ParvisError) as error:
                log.error("a record can't be read", folder=folder.name, error=str(error))  # noqa: TRY400
                continue
            if record is not None:
                self._records[folder.name] = record

    def get(self, space: str) -> Record | None:
        """The record of a Space."""
        return self._records.get(space)

    def known(self, space: str) -> Record:
        """The record of a Space. Raises `NotFound`: `replay-deleted`, `replay-unknown`."""
        if space in self._graves:
            raise NotFound("replay-deleted", "This replay was deleted.")
        record = self._records.get(space)
        if record is None:
            raise NotFound("replay-unknown", "There is no replay of this Space.")
        return record

    def all(self) -> list[Record]:
        """Every record."""
        return list(self._records.values())

    def put(self, record: Record) -> None:
        """A new record, or a newer one; it is to be written."""
        space = record.space.id
        if self._records.get(space) != record:
            self._records[space] = record
            self._unwritten.add(space)

    def take_unwritten(self) -> list[Record]:
        """What has changed since the last call."""
        records = [self._records[space] for space in self._unwritten if space in self._records]
        self._unwritten.clear()
        return records

    def not_written(self, space: str) -> None:
        """The record did not go to the disk: it is to be tried again."""
        self._unwritten.add(space)

    def is_grave(self, space: str) -> bool:
        """Was deleted: nothing of it may come back."""
        return space in self._graves

    def bury(self, space: str, tombstone: dict[str, Any]) -> None:
        """Forgets a Space."""
        self._graves[space] = tombstone
        self._records.pop(space, None)
        self._unwritten.discard(space)

    def unburied(self) -> list[str]:
        """Graves whose stone says that the object store was not cleared yet."""
        return [space for space, stone in self._graves.items() if stone.get("store_cleared") is False]

    def grave(self, space: str) -> dict[str, Any]:
        """The stone of a grave."""
        return dict(self._graves[space])

    def folder(self, space: str) -> Path:
        """Where a Space's files are."""
        assert is_safe(space), space
        return self.root / space

    def replay_folder(self, space: str, version: int) -> Path:
        """Where a version of its replay is."""
        return self.folder(space) / _REPLAY_FOLDER.format(version)


def is_safe(space: str) -> bool:
    """The id can be a folder's name, whatever the bus says."""
    return _SAFE_ID.fullmatch(space) is not None


def _grave(path: Path) -> dict[str, Any]:
    try:
        stone = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return stone if isinstance(stone, dict) else {}
