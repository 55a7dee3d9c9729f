"""Parts on disk: two files that only grow, for one rendition and one day.

::

    opus.20260325.parts   bodies of parts, one after the other
    opus.20260325.index   for each, 44 bytes: where it is, and a checksum

The day counts from the Unix epoch in parts (270,000 a day), so a part's file follows from its number alone.

Rules:

- A body is written before its index entry. An entry counts when its own checksum and that of its body are
  right: so whatever a crash tears is found.
- `open` cuts what is torn off both tails, so the next part is appended to something whole. A broken entry in
  the middle (a bad disk) is passed over: that part is a hole.
- A failed write leaves the files as they were before it: what was half written is cut at once. So a full disk
  costs nothing but the parts that never fit.
- The same part may be there twice, from two stages: the one of the higher epoch counts, else the later one.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from parvis.clock import PART_MS

PARTS_PER_DAY: Final = 86_400_000 // PART_MS

_MAGIC: Final = 0x50415256
"""PARV."""
_ENTRY: Final = struct.Struct(">IQQIIQI")
"""Magic, sequence, offset, length, CRC-32 of the body, epoch, flags."""
_CHECKSUM: Final = struct.Struct(">I")
ENTRY_BYTES: Final = _ENTRY.size + _CHECKSUM.size
FLAG_LAST: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One part as the index knows it. `last` says that the program ended with it."""

    sequence: int
    offset: int
    length: int
    crc32: int
    epoch: int
    last: bool

    def encode(self) -> bytes:
        """The index entry, checksum included."""
        fields = _ENTRY.pack(
            _MAGIC,
            self.sequence,
            self.offset,
            self.length,
            self.crc32,
            self.epoch,
            FLAG_LAST if self.last else 0,
        )
        return fields + _CHECKSUM.pack(zlib.crc32(fields))

    @classmethod
    def decode(cls, data: bytes) -> Entry | None:
        """The entry in these bytes; None when they are torn or something else."""
        if len(data) != ENTRY_BYTES or _CHECKSUM.unpack_from(data, _ENTRY.size)[0] != zlib.crc32(
            data[: _ENTRY.size]
        ):
            return None
        magic, sequence, offset, length, crc32, epoch, flags = _ENTRY.unpack_from(data)
        return (
            cls(sequence, offset, length, crc32, epoch, bool(flags & FLAG_LAST)) if magic == _MAGIC else None
        )


def day_of(sequence: int) -> str:
    """The day of a part as in file names, `20260325`."""
    date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=sequence // PARTS_PER_DAY)
    return date.strftime("%Y%m%d")


def parts_path(folder: Path, lane: str, day: str) -> Path:
    """Where the bodies of a day are."""
    return folder / f"{lane}.{day}.parts"


class PartsFile:
    """One pair of files, open for appending. Not for use by two threads at once."""

    def __init__(self, parts: Path) -> None:
        """Opens the pair or makes it, and cuts torn tails. Raises `OSError`.

        `entries` are those found, in the order of the file; `torn_bytes` is what was cut.
        """
        self._parts_fd = os.open(parts, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._index_fd = os.open(index_path(parts), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            os.close(self._parts_fd)
            raise
        self.entries, index_end = _whole_entries(self._index_fd, self._parts_fd)
        self._parts_end = max((entry.offset + entry.length for entry in self.entries), default=0)
        self._index_end = index_end
        sizes = os.fstat(self._parts_fd).st_size, os.fstat(self._index_fd).st_size
        self.torn_bytes = sizes[0] - self._parts_end + sizes[1] - self._index_end
        self._cut()

    def append(self, sequence: int, body: bytes, epoch: int, *, last: bool) -> Entry:
        """Writes one part. Raises `OSError`, and then nothing has changed."""
        entry = Entry(sequence, self._parts_end, len(body), zlib.crc32(body), epoch, last)
        encoded = entry.encode()
        try:
            _write_whole(self._parts_fd, body, self._parts_end)
            _write_whole(self._index_fd, encoded, self._index_end)
        except OSError:
            with contextlib.suppress(OSError):
                self._cut()
            raise
        self._parts_end += len(body)
        self._index_end += len(encoded)
        return entry

    def sync(self) -> None:
        """Waits until all of it is on the disk, bodies first. Raises `OSError`."""
        os.fdatasync(self._parts_fd)
        os.fdatasync(self._index_fd)

    def close(self) -> None:
        """Closes both files."""
        os.close(self._parts_fd)
        os.close(self._index_fd)

    def _cut(self) -> None:
        os.ftruncate(self._parts_fd, self._parts_end)
        os.ftruncate(self._index_fd, self._index_end)


def index_path(parts: Path) -> Path:
    """The index beside a file of bodies."""
    return parts.with_suffix(".index")


def read_entries(parts: Path) -> list[Entry]:
    """The entries that count, in the order of the file; for readers, who cut nothing. Raises `OSError`."""
    with parts.open("rb") as bodies, index_path(parts).open("rb") as index:
        return _whole_entries(index.fileno(), bodies.fileno())[0]


def newest(entries: Iterator[Entry] | list[Entry]) -> dict[int, Entry]:
    """Of each sequence the entry that counts."""
    chosen: dict[int, Entry] = {}
    for entry in entries:
        before = chosen.get(entry.sequence)
        if before is None or entry.epoch >= before.epoch:
            chosen[entry.sequence] = entry
    return chosen


def _whole_entries(index_fd: int, parts_fd: int) -> tuple[list[Entry], int]:
    """Entries whose checksums hold, and where the index ends after the last of them."""
    parts_bytes = os.fstat(parts_fd).st_size
    index = os.pread(index_fd, os.fstat(index_fd).st_size, 0)
    found: list[Entry] = []
    end = 0
    for offset in range(0, len(index) - ENTRY_BYTES + 1, ENTRY_BYTES):
        entry = Entry.decode(index[offset : offset + ENTRY_BYTES])
        if entry is None or entry.offset + entry.length > parts_bytes:
            continue
        if zlib.crc32(os.pread(parts_fd, entry.length, entry.offset)) != entry.crc32:
            continue
        found.append(entry)
        end = offset + ENTRY_BYTES
    return found, end


def _write_whole(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written
