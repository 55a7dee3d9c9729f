from dataclasses import replace

from parvis.bus.messages import PartMessage, ProgramMessage, SpaceMessage
from parvis.clock import part_start_s
from parvis.edge.bursts import Framing
from parvis.edge.cohorts import EVENTS
from parvis.edge.spaces import ENDING_GRACE_S, FORGET_AFTER_S, SpaceRecord, Spaces
from parvis.edge.sse import COMMENT_AFTER_S
from parvis.edge.standin import GRACE_S
from parvis.media.events import Event
from parvis.media.rendition import Rendition
from tests.unit.edge.world import part_message, program_message, space_message

FIRST = 5_625_000_000
NOW_S = part_start_s(FIRST + 1)


def take(spaces: Spaces, *messages: SpaceMessage | ProgramMessage | PartMessage, at_s: float = 0.0) -> None:
    for message in messages:
        spaces.take(message.subject, message.encode(), NOW_S, at_s)


def record_of(spaces: Spaces) -> SpaceRecord:
    record = spaces.get("abc")
    assert record is not None
    return record


def live() -> Spaces:
    spaces = Spaces()
    take(spaces, space_message(), program_message(FIRST), part_message(FIRST))
    take(spaces, part_message(FIRST, Rendition.AAC))
    spaces.advance(NOW_S, 0.0)
    return spaces


def test_a_space_is_what_the_bus_tells() -> None:
    spaces = Spaces()
    assert spaces.get("abc") is None
    take(spaces, space_message())
    assert record_of(spaces).state == "live"
    assert not record_of(spaces).running
    take(spaces, program_message(FIRST), part_message(FIRST))
    assert spaces.advance(NOW_S, 0.0) == [("abc", Rendition.OPUS), ("abc", EVENTS)]
    assert record_of(spaces).running
    assert spaces.advance(NOW_S, 0.0) == []


def test_messages_may_come_twice_and_old_ones_change_nothing() -> None:
    spaces = live()
    take(spaces, space_message(revision=3, title="New"), space_message(revision=2, title="Old"))
    take(spaces, space_message(revision=3, title="New"), program_message(FIRST), part_message(FIRST))
    assert spaces.advance(NOW_S, 0.0) == []
    message = record_of(spaces).message
    assert message is not None
    assert message.title == "New"


def test_of_two_stages_the_one_with_the_higher_epoch_is_right() -> None:
    """The first was stopped; when it goes on, a second has taken the Space."""
    spaces = Spaces()
    take(spaces, space_message(), replace(program_message(FIRST), epoch=4))
    take(spaces, replace(part_message(FIRST), epoch=4))
    taken_over = replace(program_message(FIRST + 2), stage="stage-2", epoch=5)
    take(spaces, taken_over, replace(part_message(FIRST + 2, unit=b"\xf8second"), epoch=5))
    said = Event.of("state", state="ended", title="of before", reason=None)
    take(
        spaces,
        replace(part_message(FIRST + 1, unit=b"\xf8first", last=True, events=[said]), epoch=4),
        replace(program_message(FIRST, FIRST + 1), epoch=4),
    )
    record = record_of(spaces)
    assert (record.epoch, record.fenced) == (5, 2)
    assert record.program == taken_over
    assert record.latest == {}
    spaces.advance(part_start_s(FIRST + 3) + GRACE_S, 0.0)
    feed = record.feeds[Rendition.OPUS]
    assert feed.newest == FIRST + 2
    assert (feed.counts.stand_ins, feed.over) == (1, False)
    assert b"second" in feed.burst(FIRST + 2, 1, Framing.RAW)


def test_parts_alone_are_not_a_space_but_a_program_is() -> None:
    spaces = Spaces()
    take(spaces, part_message(FIRST))
    assert spaces.get("abc") is None
    take(spaces, program_message(FIRST))
    spaces.advance(NOW_S, 0.0)
    assert record_of(spaces).running


def test_events_of_a_part_are_said_once_for_both_renditions() -> None:
    spaces = live()
    told = record_of(spaces).events.newest
    counts = Event.of("counts", listeners=4)
    take(spaces, part_message(FIRST + 1, Rendition.AAC, [counts]), part_message(FIRST + 1, events=[counts]))
    record = record_of(spaces)
    assert record.events.newest == told + 1
    assert record.latest["counts"] == {"type": "counts", "listeners": 4}
    take(spaces, part_message(FIRST, events=[Event.of("counts", listeners=1)]))
    assert record.latest["counts"]["listeners"] == 4, "an older part changes nothing"


def test_the_stage_is_the_first_to_know_that_nobody_is_connected() -> None:
    spaces = live()
    held = Event.of("state", state="held", title="x", reason=None)
    take(spaces, part_message(FIRST + 1, events=[held]))
    assert record_of(spaces).state == "held"
    take(spaces, space_message(revision=2, state="ended"))
    assert record_of(spaces).state == "ended"


def test_the_stage_is_the_first_to_know_that_a_space_went_on_air_by_itself() -> None:
    spaces = live()
    take(spaces, space_message(revision=2, state="scheduled", starts_at="2026-11-22T15:00:00.000Z"))
    said = Event.of("state", state="scheduled", title="x", reason=None, starts_at="2026-11-22T15:00:00.000Z")
    take(spaces, part_message(FIRST + 1, events=[said]))
    assert (record_of(spaces).state, record_of(spaces).running) == ("scheduled", True)
    take(spaces, part_message(FIRST + 2, events=[Event.of("state", state="live", title="x", reason=None)]))
    assert record_of(spaces).state == "live"


def test_without_control_the_stage_says_that_a_space_has_not_begun() -> None:
    spaces = Spaces()
    take(spaces, program_message(FIRST))
    said = Event.of("state", state="scheduled", title="x", reason=None, starts_at="2026-11-22T15:00:00.000Z")
    take(spaces, part_message(FIRST, events=[said]))
    assert record_of(spaces).state == "scheduled"


def test_dead_air_is_told_to_both_renditions() -> None:
    spaces = live()
    woken = spaces.advance(part_start_s(FIRST + 2) + GRACE_S + 0.01, 1.0)
    assert set(woken) == {("abc", Rendition.OPUS), ("abc", Rendition.AAC)}


def test_a_space_ends_with_its_last_part() -> None:
    spaces = live()
    ended = Event.of("state", state="ended", title="x", reason=None)
    take(spaces, space_message(revision=2, state="ended"))
    assert spaces.advance(NOW_S, 0.1) == []
    take(spaces, *(part_message(FIRST + 1, rendition, [ended], last=True) for rendition in Rendition))
    woken = spaces.advance(NOW_S, 0.2)
    assert set(woken) == {("abc", Rendition.OPUS), ("abc", Rendition.AAC), ("abc", EVENTS)}
    record = record_of(spaces)
    assert record.events.over
    assert all(feed.over and feed.newest == FIRST + 1 for feed in record.feeds.values())


def test_without_a_last_part_it_ends_after_a_moment_and_says_so() -> None:
    spaces = live()
    take(spaces, space_message(revision=2, state="ended"), at_s=10.0)
    assert spaces.advance(NOW_S, 10.0 + ENDING_GRACE_S - 0.01) == []
    spaces.advance(NOW_S, 10.0 + ENDING_GRACE_S)
    record = record_of(spaces)
    assert record.events.over
    said = record.events.burst(record.events.newest, 1, Framing.RAW)
    assert b'"state":"ended"' in said
    assert not record.running


def test_a_space_that_never_began_ends_at_once() -> None:
    spaces = Spaces()
    take(spaces, space_message(state="scheduled"))
    take(spaces, space_message(state="ended", revision=2))
    spaces.advance(NOW_S, 0.0)
    assert record_of(spaces).events.over


def test_an_ended_space_gives_its_memory_back_and_stays_ended() -> None:
    spaces = live()
    take(spaces, space_message(revision=2, state="ended"), at_s=10.0)
    spaces.advance(NOW_S, 20.0)
    assert record_of(spaces).feeds
    spaces.advance(NOW_S, 10.0 + FORGET_AFTER_S)
    assert not record_of(spaces).feeds
    take(spaces, part_message(FIRST + 5))
    assert not record_of(spaces).feeds
    assert record_of(spaces).ended


def test_a_change_of_state_without_sound_is_said() -> None:
    spaces = Spaces()
    take(spaces, space_message(state="scheduled"))
    spaces.advance(NOW_S, 0.0)
    take(spaces, space_message(state="live", revision=2))
    assert spaces.advance(NOW_S, 0.0) == [("abc", EVENTS)]
    events = record_of(spaces).events
    assert b'"state":"live"' in events.burst(events.newest, 1, Framing.RAW)


def test_time_passes_only_for_spaces_that_stir() -> None:
    spaces = live()
    for number in range(50):
        spaces.take(
            f"space.s{number}",
            replace(space_message(state="scheduled"), id=f"s{number}").encode(),
            NOW_S,
            0.0,
        )
    assert len(spaces.stirring) == 51
    assert (("s7", EVENTS)) in spaces.advance(NOW_S, 0.0)
    assert [record.id for record in spaces.stirring] == ["abc"]
    late_s = COMMENT_AFTER_S + 1
    spaces.stir("s7")  # somebody follows its events
    assert ("s7", EVENTS) in spaces.advance(NOW_S, late_s)
    assert [record.id for record in spaces.stirring] == ["abc"]
    ended = replace(space_message(state="ended", revision=2), id="s7")
    spaces.take("space.s7", ended.encode(), NOW_S, late_s)
    spaces.advance(NOW_S, late_s)
    found = spaces.get("s7")
    assert found is not None
    assert (found.ended, found.events.over) == (True, True)
    assert [record.id for record in spaces.stirring] == ["abc"]


def test_what_cannot_be_read_is_counted_and_changes_nothing() -> None:
    spaces = live()
    record = record_of(spaces)
    version = record.version
    part = part_message(FIRST + 1)
    for subject, payload in (
        ("space.abc", b"{"),
        ("space.abc", b"[]"),
        ("space.abc", b"{}"),
        ("program.abc", b'{"space": "abc"}'),
        ("part.abc.opus", b""),
        ("part.abc.flac", part.encode()),
        ("part.abc", part.encode()),
        ("part.abc.opus", replace(part, body=b"").encode()[:10]),
    ):
        spaces.take(subject, payload, NOW_S, 0.0)
    assert spaces.malformed == 8
    assert record.version == version
    spaces.take("other.abc", b"?", NOW_S, 0.0)
    assert spaces.malformed == 8
