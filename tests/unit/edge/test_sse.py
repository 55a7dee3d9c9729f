from parvis.edge.bursts import Framing
from parvis.edge.sse import COMMENT_AFTER_S, EventFeed, event_text
from parvis.media.events import Event

STATE = Event.of("state", state="live", title="A", reason=None)
LEVELS = Event.of("levels", levels={"ana": 70}, active="ana")


def test_an_event_as_text() -> None:
    assert event_text(LEVELS, 42) == (
        b'event: levels\nid: 42\ndata: {"type":"levels","levels":{"ana":70},"active":"ana"}\n\n'
    )
    assert event_text(STATE, None).startswith(b"event: state\ndata: ")


def test_the_events_of_a_part_are_one_text() -> None:
    feed = EventFeed(0.0)
    assert feed.say([STATE, LEVELS], 42, 0.0)
    assert not feed.say([], 43, 0.0)
    assert feed.newest == 1
    assert feed.burst(1, 1, Framing.RAW) == event_text(STATE, 42) + event_text(LEVELS, 42)


def test_several_texts_are_one_burst() -> None:
    feed = EventFeed(0.0)
    feed.say([STATE], 1, 0.0)
    feed.say([LEVELS], 2, 0.0)
    assert feed.burst(1, 2, Framing.RAW) == event_text(STATE, 1) + event_text(LEVELS, 2)


def test_old_texts_are_dropped() -> None:
    feed = EventFeed(0.0)
    for sequence in range(200):
        feed.say([LEVELS], sequence, 0.0)
    assert (feed.oldest, feed.newest) == (107, 200)
    assert feed.burst(107, 1, Framing.RAW) == event_text(LEVELS, 106)


def test_a_newcomer_gets_what_lasts_in_order() -> None:
    feed = EventFeed(0.0)
    counts = Event.of("counts", listeners=5)
    feed.say([counts, LEVELS], 1, 0.0)
    feed.say([STATE], 2, 0.0)
    assert feed.join(b"H", [], Framing.RAW) == b"H" + event_text(STATE, 2) + event_text(counts, 1) + b":\n\n"


def test_where_nothing_was_said_something_else_is() -> None:
    feed = EventFeed(0.0)
    assert feed.join(b"H", [STATE], Framing.RAW) == b"H" + event_text(STATE, None) + b":\n\n"
    later = Event.of("state", state="held", title="A", reason=None)
    feed.say([later], 3, 0.0)
    assert feed.join(b"H", [STATE], Framing.RAW) == b"H" + event_text(later, 3) + b":\n\n"


def test_silence_is_broken_by_a_comment() -> None:
    feed = EventFeed(0.0)
    feed.say([LEVELS], 1, 10.0)
    assert not feed.keep_awake(10.0 + COMMENT_AFTER_S - 0.01)
    assert feed.keep_awake(10.0 + COMMENT_AFTER_S)
    assert feed.burst(2, 1, Framing.RAW) == b":\n\n"
    assert not feed.keep_awake(11.0 + COMMENT_AFTER_S)
    feed.over = True
    assert not feed.keep_awake(1000.0)


def test_what_is_over_is_not_told_to_newcomers() -> None:
    feed = EventFeed(0.0)
    pin, poll = Event.of("pin", id="7", text="x"), Event.of("poll", id="p", state="open")
    feed.say([STATE, pin, poll], 1, 0.0)
    told = event_text(STATE, 1) + event_text(pin, 1) + event_text(poll, 1)
    assert feed.join(b"", [], Framing.RAW) == told + b":\n\n"
    feed.say([Event.of("pin", id=None), Event.of("poll", id="p", state="closed")], 2, 0.0)
    assert feed.join(b"", [], Framing.RAW) == event_text(STATE, 1) + b":\n\n"
