"""Takes words off the disk for good: zeros over the bodies of cut parts, and whole folders.

A cut part's bytes are overwritten where they stand and synced; its checksum then no longer holds, so every
reader sees a hole. Nothing moves, so a crash in the middle harms no other part, and doing it again finishes
it. (A file system that never overwrites keeps old blocks until it reuses them: that is beyond us.)
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from parvis.archive.parts_file import read_entries
from parvis.archive.sequences import Range, SequenceSet


def wipe_parts(parts_folder: Path, cuts: Iterable[Range]) -> int:
    """Overwrites the cut parts in all lanes; returns how many bodies. Blocks. Raises `OSError`."""
    cut = SequenceSet(cuts)
    wiped = 0
    for path in sorted(parts_folder.glob("*.parts")):
        entries = [entry for entry in read_entries(path) if entry.sequence in cut]
        if not entries:
            continue
        with path.open("r+b") as file:
            for entry in entries:
                os.pwrite(file.fileno(), bytes(entry.length), entry.offset)
            os.fsync(file.fileno())
        wiped += len(entries)
    return wiped


def remove_all(folder: Path, *, but: str) -> None:
    """Removes everything in a Space's folder except one file, whatever somebody who doesn't know of it yet
    adds or removes meanwhile. Blocks. Raises `OSError`."""
    for last in (False,) * 9 + (True,):
        try:
            for path in folder.iterdir():
                if path.name == but:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        except OSError as error:
            if last or error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
                raise
        else:
            return
