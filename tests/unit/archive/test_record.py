"""What is known of a Space survives, and only what was to be recorded is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parvis.archive.record import Record, RemovalRequest, read_record, write_record
from parvis.bus.messages import SeatState
from parvis.errors import LocalProtocolError
from tests.unit.archive.makers import FIRST, ended_record, space_message


def test_a_record_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    record = replace(
        ended_record(),
        pauses=((1, 2), (5, None)),
        trim=(3, 9),
        cuts=((4, 4),),
        requests=(RemovalRequest("r", "ben", 4, 4, "it was private", "2026-03-25T21:00:00.000Z"),),
        public=False,
        banned=("acc-cleo",),
    )
    write_record(tmp_path / "s", record)
    assert read_record(tmp_path / "s") == record
    assert read_record(tmp_path) is None


def test_a_record_of_garbage_is_said(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_bytes(b'{"format": 1}')
    with pytest.raises(LocalProtocolError):
        read_record(tmp_path)


def test_off_is_a_pause_and_the_end_is_none() -> None:
    record = Record.new(space_message(revision=1))
    record = record.with_space(space_message(revision=2, recording="off"), sequence_now=FIRST + 10)
    assert record.is_paused_at(FIRST + 10)
    assert record.is_paused_at(FIRST + 99)
    record = record.with_space(space_message(revision=3), sequence_now=FIRST + 20)
    assert record.pauses == ((FIRST + 10, FIRST + 20),)
    assert not record.is_paused_at(FIRST + 21)
    record = record.with_space(
        space_message(revision=4, state="ended", recording="off"), sequence_now=FIRST + 30
    )
    assert record.pauses == ((FIRST + 10, FIRST + 20),)


def test_what_came_before_recording_was_wanted_is_not_recorded() -> None:
    record = Record.new(space_message(), off_until=FIRST)
    assert record.is_paused_at(FIRST)
    assert not record.is_paused_at(FIRST + 1)


def test_an_older_word_changes_nothing() -> None:
    record = Record.new(space_message(revision=5))
    assert record.with_space(space_message(revision=4, recording="off"), sequence_now=1) is record


def test_who_had_a_seat_stays_known_with_the_highest_role() -> None:
    record = Record.new(space_message())
    seats = (SeatState("ben", "Ben", "co-host", None, "acc-ben"), SeatState("cleo", "Cleo", "speaker"))
    record = record.with_space(space_message(revision=2, seats=seats), sequence_now=1)
    record = record.with_space(space_message(revision=3, seats=()), sequence_now=1)
    assert [(p.handle, p.display_name, p.role, p.account) for p in record.people] == [
        ("ana", "Ana", "host", "acc-ana"),
        ("ben", "Ben", "co-host", "acc-ben"),
        ("cleo", "Cleo", "speaker", ""),
    ]
