"""Files that only grow: torn anywhere, they open whole."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from parvis.archive.parts_file import (
    ENTRY_BYTES,
    PARTS_PER_DAY,
    Entry,
    PartsFile,
    day_of,
    index_path,
    newest,
    parts_path,
    read_entries,
)

BODIES = [b"first" * 3, b"second" * 5, b"third" * 7]


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    path = parts_path(tmp_path, "opus", "20260325")
    file = PartsFile(path)
    for number, body in enumerate(BODIES):
        file.append(100 + number, body, 0, last=number == 2)
    file.close()
    return path


def bodies(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data[entry.offset : entry.offset + entry.length] for entry in read_entries(path)]


def test_what_was_appended_is_there(parts: Path) -> None:
    assert bodies(parts) == BODIES
    assert [(entry.sequence, entry.last) for entry in read_entries(parts)] == [
        (100, False),
        (101, False),
        (102, True),
    ]


def test_a_body_torn_at_any_byte_costs_only_that_part(parts: Path) -> None:
    whole, index = parts.read_bytes(), index_path(parts).read_bytes()
    for size in range(len(whole) - len(BODIES[2]), len(whole)):
        parts.write_bytes(whole[:size])
        index_path(parts).write_bytes(index)
        file = PartsFile(parts)
        assert [entry.sequence for entry in file.entries] == [100, 101]
        file.append(102, BODIES[2], 0, last=True)
        file.close()
        assert bodies(parts) == BODIES


def test_an_index_torn_at_any_byte_costs_only_that_part(parts: Path) -> None:
    whole, index = parts.read_bytes(), index_path(parts).read_bytes()
    for size in range(2 * ENTRY_BYTES, 3 * ENTRY_BYTES):
        parts.write_bytes(whole)
        index_path(parts).write_bytes(index[:size])
        file = PartsFile(parts)
        assert file.torn_bytes == len(BODIES[2]) + size - 2 * ENTRY_BYTES
        file.append(102, BODIES[2], 0, last=True)
        file.close()
        assert bodies(parts) == BODIES


def test_a_broken_byte_in_the_middle_is_a_hole(parts: Path) -> None:
    data = bytearray(parts.read_bytes())
    data[len(BODIES[0]) + 3] ^= 1
    parts.write_bytes(data)
    file = PartsFile(parts)
    assert [entry.sequence for entry in file.entries] == [100, 102]
    file.append(103, b"next", 0, last=False)
    file.close()
    assert bodies(parts) == [BODIES[0], BODIES[2], b"next"]


def test_a_write_that_fails_leaves_nothing_behind(parts: Path) -> None:
    """A limit on file size stands for a full disk: the write goes half way, then fails."""
    before = parts.read_bytes(), index_path(parts).read_bytes()
    file = PartsFile(parts)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before[0]) + 10, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            file.append(103, b"x" * 1_000, 0, last=False)
        assert (parts.read_bytes(), index_path(parts).read_bytes()) == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    file.append(103, b"x" * 1_000, 0, last=False)
    file.close()
    assert bodies(parts) == [*BODIES, b"x" * 1_000]


def test_of_two_epochs_the_higher_counts() -> None:
    low, high = Entry(5, 0, 1, 0, 1, False), Entry(5, 1, 1, 0, 2, False)
    assert newest([low, high])[5] is newest([high, low])[5] is high


def test_a_day_follows_from_the_number() -> None:
    assert day_of(0) == "19700101"
    assert day_of(PARTS_PER_DAY * 20_000) == "20241004"
