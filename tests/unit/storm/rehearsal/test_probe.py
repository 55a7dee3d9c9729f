from __future__ import annotations

import pytest

from parvis.clock import media_time, part_start_s
from parvis.media.events import Event
from parvis.media.reader import Part
from parvis.media.rendition import Rendition
from parvis.storm.rehearsal.probe import Diary

FIRST = 5_561_234_567


def part(sequence: int, *events: Event) -> Part:
    return Part(Rendition.OPUS, sequence, media_time(sequence), part_start_s(sequence), events, (b"x",), 1)


def voice() -> Event:
    return Event.of("levels", levels={"ana": 71}, active="ana")


def heard(*parts: Part) -> Diary:
    diary = Diary()
    for each in parts:
        diary.take(each, each.wallclock_s + 1.32)
    return diary


def test_silence_is_the_longest_run_of_parts_without_a_voice() -> None:
    diary = heard(
        part(FIRST, voice()),
        part(FIRST + 1, Event.of("levels", levels={}, active=None)),
        part(FIRST + 2),
        # three that never came
        part(FIRST + 6, voice()),
        part(FIRST + 7),
    )
    assert diary.silence_s(FIRST, FIRST + 7) == pytest.approx(5 * 0.32)
    assert diary.silence_s(FIRST + 6, FIRST + 7) == pytest.approx(0.32)
    assert diary.silence_s(FIRST, FIRST) == 0
    assert diary.missing(FIRST, FIRST + 7) == 3
    assert diary.delay_ms == pytest.approx(1_000, abs=1)


def test_states_handoffs_and_paces_are_kept_with_their_part() -> None:
    live = Event.of("state", state="live", title="t", reason=None, starts_at=None)
    diary = heard(
        part(FIRST, Event.of("state", state="scheduled", title="t", reason=None, starts_at=None)),
        part(FIRST + 1, live, voice()),
        part(FIRST + 2, live, Event.of("pace", stretch=4, from_sequence=FIRST + 9)),
        part(FIRST + 3, Event.of("handoff", **{"from": "a", "to": "b"}), Event.of("pace", stretch=2)),
    )
    assert diary.first_live() == FIRST + 1
    assert diary.stretch == 4
    assert [(sequence, fields["to"]) for sequence, fields in diary.handoffs] == [(FIRST + 3, "b")]
    assert diary.last == FIRST + 3


def test_before_anything_nothing_is_live() -> None:
    assert Diary().first_live() is None
