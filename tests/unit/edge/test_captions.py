"""What HLS segments show of captions, and when."""

from __future__ import annotations

from parvis.clock import PART_MS, PARTS_PER_SEGMENT
from parvis.edge.captions import captions_segment, is_shown, segment_cues
from parvis.media.events import Event
from parvis.media.playlist import Mark
from parvis.media.webvtt import SEGMENT_MS, Cue

SEGMENT = 935_000_000
ZERO_MS = SEGMENT * SEGMENT_MS
FIRST = SEGMENT * PARTS_PER_SEGMENT


def mark(part: int, start_ms: int, end_ms: int, text: str, id: str = "a") -> Mark:
    """Came in part `part` of the segment; times count from its beginning."""
    event = Event.of("caption", id=id, start_ms=ZERO_MS + start_ms, end_ms=ZERO_MS + end_ms, text=text)
    return Mark(FIRST + part, event)


def cue(start_ms: int, end_ms: int, text: str) -> Cue:
    return Cue(ZERO_MS + start_ms, ZERO_MS + end_ms, text)


def test_words_in_time_are_shown_at_their_time() -> None:
    assert segment_cues([mark(3, 300, 1_500, "Hello")], SEGMENT) == [cue(300, 1_500, "Hello")]


def test_late_words_are_shown_from_the_first_segment_that_can_and_keep_their_distance() -> None:
    marks = [mark(2, -4_000, -2_500, "One", "a"), mark(2, -2_500, -500, "Two", "b")]
    assert segment_cues(marks, SEGMENT) == [cue(0, 1_500, "One"), cue(1_500, 3_500, "Two")]


def test_a_segment_knows_nothing_of_what_came_after_it() -> None:
    marks = [mark(7, 100, 1_500, "Later")]
    assert segment_cues(marks, SEGMENT) == []
    assert segment_cues(marks, SEGMENT + 1) == [cue(SEGMENT_MS, SEGMENT_MS + 1_400, "Later")]


def test_a_correction_in_the_same_segment_takes_the_place() -> None:
    marks = [mark(1, 0, 3_000, "Fiends"), mark(4, 0, 3_000, "Friends")]
    assert segment_cues(marks, SEGMENT) == [cue(0, 3_000, "Friends")]


def test_a_correction_of_what_is_out_ends_it() -> None:
    marks = [mark(1, 0, 3_000, "Fiends"), mark(7, 0, 3_000, "Friends")]
    assert segment_cues(marks, SEGMENT) == [cue(0, 3_000, "Fiends")]
    assert segment_cues(marks, SEGMENT + 1) == [
        cue(0, SEGMENT_MS, "Fiends"),
        cue(SEGMENT_MS, SEGMENT_MS + 3_000, "Friends"),
    ]


def test_words_taken_back_are_gone() -> None:
    assert segment_cues([mark(1, 0, 3_000, "No"), mark(2, 0, 3_000, "")], SEGMENT) == []


def test_one_at_a_time() -> None:
    marks = [mark(1, 0, 3_000, "One", "a"), mark(4, 1_000, 2_000, "Two", "b")]
    assert segment_cues(marks, SEGMENT) == [cue(0, 1_000, "One"), cue(1_000, 2_000, "Two")]


def test_a_segment_as_players_read_it() -> None:
    marks = [mark(1, 300, 3_000, "Ana & <friends>")]
    mpeg = ZERO_MS * 90 % 2**33
    head = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{mpeg},LOCAL:01:00:00.000\n"
    words = "\nAna &amp; &lt;friends&gt;\n"
    assert captions_segment(marks, SEGMENT) == f"{head}\n01:00:00.300 --> 01:00:03.000{words}".encode()
    # The same cue in the next segment, by that segment's clock.
    assert f"00:59:58.380 --> 01:00:01.080{words}".encode() in captions_segment(marks, SEGMENT + 1)
    assert captions_segment([], SEGMENT) == head.encode()


def test_only_what_makes_sense_is_shown() -> None:
    good = {"start_ms": 1, "end_ms": 2, "text": "Hello", "final": True}
    assert is_shown(good)
    assert not is_shown(good | {"final": False})
    assert not is_shown(good | {"text": None})
    assert not is_shown(good | {"start_ms": "now"})
    assert PART_MS * PARTS_PER_SEGMENT == SEGMENT_MS
