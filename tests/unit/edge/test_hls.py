"""Lines: what an address plays, and where it is led."""

from __future__ import annotations

import pytest

from parvis.bus.captions import CaptionerMessage
from parvis.bus.messages import Handoff, PartMessage, ProgramMessage, SpaceMessage
from parvis.clock import PARTS_PER_SEGMENT, part_start_s
from parvis.edge.captioners import FORGOTTEN_AFTER_S
from parvis.edge.hls import COUNTED_PARTS, IDLE_S, Line, Lines
from parvis.edge.ring import HELD_PARTS
from parvis.edge.spaces import SpaceRecord, Spaces
from parvis.edge.view import handoff_event, rfc3339
from parvis.media.events import Event
from parvis.media.playlist import WINDOW_SEGMENTS, Offer, first_segment
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from tests.unit.edge.world import part_message, program_message, space_message

FIRST = 937_500_000 * PARTS_PER_SEGMENT
ORIGIN = "http://edge.example"


class Evening:
    """Spaces whose programs run side by side, each with a sound of its own."""

    def __init__(self, *spaces: str) -> None:
        self.spaces = Spaces()
        self.lines = Lines(self.spaces, ORIGIN)
        self.names = list(spaces)
        self.newest = FIRST - 1
        for space in spaces:
            self.say(space_message(space))
            self.say(program_message(FIRST, space=space))

    def say(self, message: SpaceMessage | ProgramMessage | PartMessage) -> None:
        now_s = part_start_s(self.newest + 1)
        self.spaces.take(message.subject, message.encode(), now_s, 0.0)

    def parts(self, count: int, events: tuple[Event, ...] = ()) -> None:
        for _ in range(count):
            self.newest += 1
            for space in self.names:
                for rendition in Rendition:
                    self.say(part_message(self.newest, rendition, events, unit=space.encode(), space=space))
            self.spaces.advance(part_start_s(self.newest + 1), 0.0)
            self.lines.look(0.0)

    def record(self, space: str) -> SpaceRecord:
        record = self.spaces.get(space)
        assert record is not None
        return record

    def line(self, space: str, now_s: float = 0.0) -> Line:
        line = self.lines.get(self.record(space), now_s)
        assert line is not None
        return line

    def hand_off(self, space: str, to: str, ahead: int, **changes: str) -> int:
        """As control says it and the carrier carries it out; the first part there."""
        start = self.newest + ahead
        at = rfc3339(part_start_s(start) + 0.001)
        handoff = Handoff(f"{space}{to}", to, "", f"The room {to}", "More room", "ana", at, **changes)
        revision = self.newest
        self.say(space_message(space, revision=revision, handoffs=(handoff,)))
        event = handoff_event(space, handoff, ORIGIN)
        self.lines.lead_over(space, self.record(to), handoff, event)
        return start


def sound(line: Line, sequence: int, rendition: Rendition = Rendition.AAC) -> bytes:
    body = line.part(rendition, sequence)
    assert body is not None, sequence
    [part] = [item for item in PartReader(rendition).feed(body) if isinstance(item, Part)]
    return part.access_units[0]


def ranges(line: Line, rendition: Rendition = Rendition.AAC) -> list[str]:
    text = line.playlist(rendition, skip=False, packed=False).decode()
    return [row.partition('ID="')[2].partition('"')[0] for row in text.splitlines() if "DATERANGE" in row]


def test_there_is_a_line_as_soon_as_there_is_sound() -> None:
    evening = Evening("abc")
    assert evening.lines.get(evening.record("abc"), 0.0) is None
    evening.parts(1)
    assert evening.line("abc") is evening.line("abc")


def test_a_playlist_is_built_once_until_something_comes() -> None:
    evening = Evening("abc")
    evening.parts(12)
    line = evening.line("abc")
    text = line.playlist(Rendition.AAC, skip=False, packed=False)
    assert line.playlist(Rendition.AAC, skip=False, packed=False) is text
    evening.parts(1)
    assert line.playlist(Rendition.AAC, skip=False, packed=False) != text


def test_a_segment_stays_as_long_as_the_standard_asks_wherever_it_is_asked_for() -> None:
    """For its own duration and that of the longest playlist, after it has left the playlist (§6.2.2)."""
    evening = Evening("abc")
    line = None
    evening.parts(HELD_PARTS)
    for _ in range(2 * PARTS_PER_SEGMENT):
        evening.parts(1)
        line = evening.line("abc") if line is None else line
        shown = first_segment(FIRST, evening.newest)
        longest = (WINDOW_SEGMENTS + 1) * PARTS_PER_SEGMENT - 1
        first = shown - -(-(PARTS_PER_SEGMENT + longest) // PARTS_PER_SEGMENT)
        nobody_played_here = Lines(evening.spaces, ORIGIN).get(evening.record("abc"), 0.0)
        assert nobody_played_here is not None
        whole = (evening.newest + 1) // PARTS_PER_SEGMENT
        for number in range(first, whole):
            segment = line.segment(Rendition.AAC, number)
            assert segment is not None, (number - shown, evening.newest)
            assert len(PartReader(Rendition.AAC).feed(segment)) == PARTS_PER_SEGMENT
            assert nobody_played_here.segment(Rendition.AAC, number) == segment
        assert line.segment(Rendition.AAC, whole) is None, "it is not there yet"
    assert line is not None
    assert line.segment(Rendition.AAC, FIRST // PARTS_PER_SEGMENT) is None, "a minute is enough"


def test_what_was_before_a_hole_can_still_be_had() -> None:
    evening = Evening("abc")
    evening.parts(12)
    line = evening.line("abc")
    before = line.segment(Rendition.AAC, FIRST // PARTS_PER_SEGMENT)
    evening.say(program_message(FIRST, evening.newest))
    evening.newest += 12
    evening.say(program_message(evening.newest + 1))
    evening.parts(12)
    text = line.playlist(Rendition.AAC, skip=False, packed=False).decode()
    assert f"#EXT-X-MEDIA-SEQUENCE:{FIRST // PARTS_PER_SEGMENT + 4}\n" in text
    assert before is not None
    assert line.segment(Rendition.AAC, FIRST // PARTS_PER_SEGMENT) == before
    assert line.segment(Rendition.AAC, FIRST // PARTS_PER_SEGMENT + 2) is None


def test_the_rates_that_are_told_are_those_of_what_is_shown() -> None:
    evening = Evening("abc")
    evening.parts(24)
    line = evening.line("abc")
    offer = line.offer(Rendition.AAC)
    assert offer is line.offer(Rendition.AAC)
    segments = [line.segment(Rendition.AAC, FIRST // PARTS_PER_SEGMENT + number) for number in range(4)]
    assert offer == Offer.of(Rendition.AAC, [len(segment) for segment in segments if segment])
    evening.parts(6)
    assert line.offer(Rendition.AAC) is not offer


@pytest.mark.parametrize("rendition", Rendition)
def test_an_address_goes_on_with_the_other_space(rendition: Rendition) -> None:
    evening = Evening("abc", "xyz")
    evening.parts(20)
    line = evening.line("abc")
    start = evening.hand_off("abc", "xyz", 4)
    evening.parts(10)
    assert (line.space, line.via) == ("xyz", ("abc",))
    assert [sound(line, start - 1, rendition), sound(line, start, rendition)] == [b"abc", b"xyz"]
    assert line.newest(rendition) == evening.newest
    evening.names.remove("abc")
    assert sound(line, start - 1, rendition) == b"abc"
    evening.parts(HELD_PARTS)
    assert line.sources[rendition] is evening.record("xyz").feeds[rendition], "the seam is long past"
    assert sound(line, evening.newest, rendition) == b"xyz"


def test_a_late_line_is_as_one_that_was_there() -> None:
    evening = Evening("abc", "xyz", "uvw")
    evening.parts(20)
    there = evening.line("abc")
    first = evening.hand_off("abc", "xyz", 4)
    evening.parts(10)
    second = evening.hand_off("xyz", "uvw", 4)
    evening.parts(10)
    late = Lines(evening.spaces, ORIGIN).get(evening.record("abc"), 0.0)
    assert late is not None
    assert (late.space, late.via) == (there.space, there.via) == ("uvw", ("abc", "xyz"))
    for sequence in (first - 1, first, second - 1, second, evening.newest):
        assert late.part(Rendition.AAC, sequence) == there.part(Rendition.AAC, sequence)
    assert ranges(late) == ranges(there) == [f"handoff-{first}", f"handoff-{second}"]


def test_a_return_takes_who_came_and_leaves_the_others() -> None:
    evening = Evening("abc", "xyz")
    evening.parts(20)
    came, local = evening.line("abc"), evening.line("xyz")
    evening.hand_off("abc", "xyz", 4)
    evening.parts(10)
    evening.hand_off("xyz", "abc", 4, only_from="abc")
    evening.parts(10)
    assert (came.space, came.via, sound(came, evening.newest)) == ("abc", (), b"abc")
    assert (local.space, sound(local, evening.newest)) == ("xyz", b"xyz")


def test_dates_are_told_on_change_and_the_state_stays() -> None:
    evening = Evening("abc")
    live = Event.of("state", state="live", title="One", reason=None)
    for _ in range(3):
        evening.parts(1, (live,))
        evening.parts(9)
    changed = evening.newest + 1
    evening.parts(1, (Event.of("state", state="live", title="Two", reason=None),))
    line = evening.line("abc")
    told = [f"state-{FIRST}", f"state-{changed}"]
    assert ranges(line) == ranges(line, Rendition.OPUS) == told
    evening.parts(130)
    assert ranges(line) == told[1:], "the state in which the playlist begins"


def test_a_line_that_nobody_asks_for_is_forgotten_with_what_it_counted() -> None:
    evening = Evening("abc")
    evening.parts(12)
    line = evening.line("abc", 10.0)
    line.sent(5, 10.0)
    evening.lines.look(10.0 + IDLE_S - 1)
    assert list(evening.lines) == [line]
    evening.lines.look(10.0 + IDLE_S)
    assert list(evening.lines) == []
    assert evening.lines.sent_parts == 5


def test_listeners_are_those_who_take_a_second_each_second() -> None:
    evening = Evening("abc", "xyz")
    evening.parts(12)
    line = evening.line("abc")
    for part in range(COUNTED_PARTS * 2):
        line.sent(7, part * 0.32)
    assert evening.lines.listeners(COUNTED_PARTS * 2 * 0.32 - 0.1) == {"abc": 7}
    evening.hand_off("abc", "xyz", 1)
    assert evening.lines.listeners(COUNTED_PARTS * 2 * 0.32 - 0.1) == {"xyz": 7}
    assert evening.lines.listeners(60.0) == {}


def test_captions_are_offered_where_somebody_makes_them() -> None:
    evening = Evening("abc")
    evening.parts(PARTS_PER_SEGMENT)
    record, line = evening.record("abc"), evening.line("abc")

    def offered(**changes: object) -> tuple[str, str | None]:
        revision = record.message.revision + 1 if record.message else 1
        evening.say(space_message("abc", revision=revision, **changes))
        return record.captioned_by, line.captions_language

    assert offered() == ("off", None)
    assert offered(captions="human", language="fr") == ("human", "fr")
    assert offered(captions="automatic", language="fr-CA") == ("off", None), "no machine is there"
    english = CaptionerMessage("captioner-1", ("en",))
    evening.spaces.take(english.subject, english.encode(), 0.0, 0.0)
    assert offered(captions="automatic", language="fr-CA") == ("off", None), "nor one that knows French"
    both = CaptionerMessage("captioner-2", ("de", "fr"))
    evening.spaces.take(both.subject, both.encode(), 0.0, 0.0)
    assert offered(captions="automatic", language="fr-CA") == ("automatic", "fr-CA")
    evening.spaces.advance(part_start_s(evening.newest + 1), FORGOTTEN_AFTER_S + 1)
    assert (record.captioned_by, line.captions_language) == ("off", None), "it has been silent for long"


def test_captions_that_came_stay_offered() -> None:
    evening = Evening("abc")
    evening.say(space_message("abc", revision=2, captions="automatic"))
    said = Event.of("caption", id="a1", start_ms=0, end_ms=900, text="Good evening.", lang="en", final=True)
    evening.parts(PARTS_PER_SEGMENT, (said,))
    assert evening.record("abc").captioned_by == "off"
    assert evening.line("abc").captions_language == "en"
