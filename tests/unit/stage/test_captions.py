"""Captions on their way into parts: what is wanted, how many, and never ahead."""

from __future__ import annotations

from dataclasses import replace

from parvis.bus.captions import CaptionMessage
from parvis.bus.messages import SpaceMessage
from parvis.clock import PART_MS
from parvis.stage.captions import EACH_PART, MOST_WAITING, TOO_LATE_MS, Captions

SEQUENCE = 5_610_000_000
NOW_MS = SEQUENCE * PART_MS
SPACE = SpaceMessage(
    id="abc", revision=1, title="Night", description="", language="en", state="live", host="ana",
    created_at="2026-11-22T20:00:00.000Z", starts_at=None, started_at=None, ended_at=None, captions="human",
)  # fmt: skip
LINE = CaptionMessage("abc", "h1", NOW_MS - 3_000, NOW_MS - 1_000, "Good evening", "en", "cap")


def told(
    captions: Captions, space: SpaceMessage = SPACE, sequence: int = SEQUENCE
) -> list[dict[str, object]]:
    return [dict(event.fields()) for event in captions.events(sequence, space)]


def test_a_caption_is_told_once() -> None:
    captions = Captions()
    captions.take(LINE)
    assert told(captions) == [
        {
            "type": "caption", "id": "h1", "start_ms": NOW_MS - 3_000, "end_ms": NOW_MS - 1_000,
            "text": "Good evening", "final": True, "lang": "en", "by": "cap",
        }
    ]  # fmt: skip
    captions.take(LINE)
    assert told(captions) == []


def test_a_correction_takes_the_place_of_what_waits_and_follows_what_was_said() -> None:
    captions = Captions()
    captions.take(replace(LINE, text="God evening"))
    captions.take(LINE)
    assert [event["text"] for event in told(captions)] == ["Good evening"]
    captions.take(replace(LINE, text=""))
    assert [event["text"] for event in told(captions)] == [""]


def test_what_is_ahead_of_its_sound_begins_with_its_part() -> None:
    captions = Captions()
    captions.take(replace(LINE, start_ms=NOW_MS + 9_000, end_ms=NOW_MS + 11_000))
    (event,) = told(captions)
    assert (event["start_ms"], event["end_ms"]) == (NOW_MS, NOW_MS + 2_000)


def test_only_what_the_space_asks_for() -> None:
    machine = replace(LINE, id="a1", by="")
    for mode, expected in (("off", []), ("human", ["h1"]), ("automatic", ["a1"])):
        captions = Captions()
        captions.take(LINE)
        captions.take(machine)
        assert [event["id"] for event in told(captions, replace(SPACE, captions=mode))] == expected


def test_a_part_holds_few_and_the_oldest_of_too_many_are_left_out() -> None:
    captions = Captions()
    for number in range(MOST_WAITING + 3):
        captions.take(replace(LINE, id=f"h{number}"))
    assert captions.left_out == 3
    assert [event["id"] for event in told(captions)] == [f"h{number}" for number in range(3, 3 + EACH_PART)]


def test_what_is_too_late_is_left_out() -> None:
    captions = Captions()
    captions.take(LINE)
    late = SEQUENCE + TOO_LATE_MS // PART_MS
    assert told(captions, sequence=late) == []
    assert captions.left_out == 1
