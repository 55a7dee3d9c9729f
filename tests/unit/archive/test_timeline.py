"""Which parts a replay holds, and the way between its seconds and their numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parvis.archive.record import Record
from parvis.archive.sequences import SequenceSet
from parvis.archive.timeline import Timeline
from parvis.errors import UserError
from tests.unit.archive.makers import space_message

RECORD = Record.new(replace(space_message(), started_at=None))


def timeline(record: Record = RECORD, *ranges: tuple[int, int]) -> Timeline:
    return Timeline.of(record, [SequenceSet(ranges or [(100, 199)])])


def test_it_goes_from_the_first_part_of_any_rendition_to_the_last() -> None:
    both = Timeline.of(RECORD, [SequenceSet([(102, 110)]), SequenceSet([(100, 105)])])
    assert both.kept == ((100, 110),)
    assert both.duration_s == 11 * 0.32
    assert both.lost(SequenceSet([(100, 105)])) == [106, 107, 108, 109, 110]


def test_the_stage_says_where_it_ended() -> None:
    assert timeline(replace(RECORD, last_sequence=210)).kept == ((100, 210),)


def test_pauses_and_trims_are_left_out() -> None:
    record = replace(RECORD, pauses=((0, 104), (120, 129), (190, None)), trim=(100, 194))
    assert timeline(record).kept == ((105, 119), (130, 189))
    assert timeline(replace(RECORD, pauses=((0, None),))).kept == ()


def test_standby_sound_before_the_start_is_left_out() -> None:
    space = replace(RECORD.space, started_at="1970-01-01T00:00:35.000Z")
    assert timeline(replace(RECORD, space=space)).kept == ((109, 199),)
    clocked = replace(space, starts_at="1970-01-01T00:00:34.000Z")
    assert timeline(replace(RECORD, space=clocked)).kept == ((106, 199),)


def test_cuts_stay_in_time_even_at_the_ends() -> None:
    record = replace(RECORD, cuts=((98, 101),))
    found = timeline(record)
    assert found.kept == ((98, 199),)
    assert found.lost(SequenceSet([(102, 199)])) == []


def test_seconds_and_parts_lead_to_each_other() -> None:
    found = timeline(replace(RECORD, pauses=((110, 149),)))
    for index, sequence in enumerate(found):
        assert found.index(sequence) == index
        assert found.sequence_at(index * 0.32) == sequence
        assert found.sequence_at(index * 0.32 + 0.319) == sequence
    assert found.index(120) == 10, "in the pause"


@pytest.mark.parametrize(
    ("from_s", "to_s", "expected"),
    [
        (0, 0.32, (100, 100)),
        (0, 0.33, (100, 101)),
        (0.31, 0.33, (100, 101)),
        (0.4, 0.5, (101, 101)),
        (31, 99, (196, 199)),
    ],
)
def test_a_range_holds_every_part_it_touches(from_s: float, to_s: float, expected: tuple[int, int]) -> None:
    assert timeline().range_of(from_s, to_s) == expected


@pytest.mark.parametrize(("from_s", "to_s"), [(-1, 2), (3, 3), (4, 3), (32, 40), (float("nan"), 3)])
def test_no_such_time(from_s: float, to_s: float) -> None:
    with pytest.raises(UserError) as told:
        timeline().range_of(from_s, to_s)
    assert told.value.code == "time-invalid"
