"""Turns, chapters, captions and the outline, from events."""

from __future__ import annotations

from typing import Any

from parvis.archive.captions import Cue, cues, is_kept, webvtt
from parvis.archive.sequences import SequenceSet
from parvis.archive.story import Story
from parvis.archive.timeline import Timeline
from parvis.archive.turns import Turn, chapters, turns
from parvis.archive.waveform import outline
from parvis.media.events import Event


def spoken(*runs: tuple[str, float, float]) -> list[tuple[float, float, str]]:
    parts = []
    for handle, start_s, end_s in runs:
        at = start_s
        while at < end_s - 1e-9:
            parts.append((round(at, 3), round(at + 0.32, 3), handle))
            at += 0.32
    return sorted(parts)


def test_a_breath_ends_no_turn_and_a_word_begins_none() -> None:
    found = turns(spoken(("ana", 0, 9.6), ("ben", 10.24, 10.88), ("ana", 11.2, 16.0), ("ben", 16.32, 22.72)))
    assert [(turn.handle, turn.start_s) for turn in found] == [("ana", 0), ("ben", 16.32)]
    assert found[0].end_s == 16.0


def test_the_same_voice_after_a_long_silence_is_another_turn_of_one_chapter() -> None:
    found = turns(spoken(("ana", 1.28, 6.4), ("ana", 32.0, 38.4)))
    assert len(found) == 2
    assert chapters(found) == [Turn(0.0, found[1].end_s, "ana")]


def test_a_chapter_lasts_to_the_next() -> None:
    found = chapters([Turn(2, 5, "ana"), Turn(8, 12, "ben"), Turn(12, 20, "ana")])
    assert found == [Turn(0, 8, "ana"), Turn(8, 12, "ben"), Turn(12, 20, "ana")]


def test_a_caption_that_is_said_better_later_replaces_the_first() -> None:
    events: list[tuple[int, float, dict[str, Any]]] = [
        (1000, 3.2, {"text": "Helo", "handle": "ana", "id": "a"}),
        (
            1001,
            3.52,
            {"text": "Hello <b>\n&", "handle": "ana", "id": "a", "start_ms": 320_100, "end_ms": 321_000},
        ),
        (1010, 6.4, {"text": "Bye", "handle": "x"}),
    ]
    found = cues(events, {"ana": "Ana"}, 8.0)
    assert found == [Cue(3.3, 4.2, "Ana", "Hello <b> &"), Cue(6.4, 8.0, "x", "Bye")]
    assert webvtt(found).splitlines()[:5] == [
        "WEBVTT",
        "",
        "00:00:03.300 --> 00:00:04.200",
        "<v Ana>Hello &lt;b&gt; &amp;",
        "",
    ]


def test_the_outline_is_the_loudest_of_each_stretch() -> None:
    assert outline([0, 100, 0, 50], 2) == [1.0, 0.032]
    assert outline([], 10) == []
    assert len(outline([1] * 5_000)) == 1_000


def test_a_story_tells_events_in_the_time_of_the_replay() -> None:
    story = Story()
    story.add(500, [Event.of("chat", handle="ana", text="hi"), Event.of("counts", listeners=7)])
    story.add(501, [])
    story.add(
        900, [Event.of("chat", handle="ben", text="ho"), Event.of("levels", levels={"ana": 60}, active="ana")]
    )
    assert [(line["at_s"], line["text"]) for line in story.chat()] == [(0.0, "hi"), (0.64, "ho")]
    assert (story.peak_listeners, story.duration_s) == (7, 0.96)
    assert story.waveform() == [0.0, 0.0, 0.063]
    assert story.captions() is None


def test_what_was_taken_away_is_not_in_the_chat_and_what_came_twice_is_there_once() -> None:
    story = Story()
    said = {
        number: Event.of("chat", id=str(number), by=by, name=by, text=f"{number}")
        for number, by in enumerate(("zoe", "tom", "zoe", "tom", "eve"), 1)
    }
    story.add(1, [said[1], said[2]])
    story.add(2, [said[3], said[3], Event.of("chat-gone", id="2", by="tom")])
    story.add(3, [Event.of("chat-gone", id=None, by="zoe"), said[4], said[5]])
    story.add(4, [Event.of("chat-gone", id="4", by="tom"), Event.of("chat-back", **_but_type(said[4]))])
    assert [(line["at_s"], line["type"], line["id"]) for line in story.chat()] == [
        (0.64, "chat", "4"),
        (0.64, "chat", "5"),
    ]


def _but_type(event: Event) -> dict[str, object]:
    return {name: value for name, value in event.fields().items() if name != "type"}


def test_words_that_were_all_taken_back_leave_no_cue() -> None:
    said = {"id": "1", "text": "This was never said."}
    assert cues([(0, 0.0, said), (1, 0.32, {**said, "text": ""})], {}, 8.0) == []


def test_captions_of_words_that_are_not_heard_are_not_told() -> None:
    timeline = Timeline(((100, 149), (160, 199)), SequenceSet([(120, 124)]))

    def caption(first: int, last: int) -> Event:
        return Event.of("caption", id="a", start_ms=first * 320, end_ms=(last + 1) * 320, text="Words")

    kept = {
        "before what is cut": (110, 119, True),
        "touches what is cut": (115, 120, False),
        "cut": (121, 123, False),
        "after": (125, 130, True),
        "in a pause": (152, 155, False),
        "before the replay": (90, 95, False),
    }
    assert {what: is_kept(caption(a, b), timeline) for what, (a, b, _) in kept.items()} == {
        what: expected for what, (_, _, expected) in kept.items()
    }
    assert is_kept(Event.of("levels", levels={}, active=None), timeline)
