"""What of a chat fits into the parts."""

from __future__ import annotations

from itertools import count
from typing import Any

from parvis.bus.manners import TalkMessage
from parvis.media.events import Event
from parvis.stage.conversation import (
    BYTES_PER_PART,
    EVENTS_PER_PART,
    FRESH_PARTS,
    WAIT_PARTS,
    Conversation,
)

NOW = 5_625_000_000
_numbers = count(1)


def said(id: str, by: str = "zoe", text: str = "Hello", type: str = "chat") -> TalkMessage:
    event = {"type": type, "id": id, "by": by, "name": by.title(), "role": None, "text": text}
    return TalkMessage("0123456789", next(_numbers), 0, event)


def gone(id: str | None, by: str = "zoe") -> TalkMessage:
    return TalkMessage("0123456789", next(_numbers), 0, {"type": "chat-gone", "id": id, "by": by})


def told(events: list[Event]) -> list[tuple[str, Any]]:
    return [(event.type, event.fields().get("id", event.fields().get("missed"))) for event in events]


def begun() -> Conversation:
    conversation = Conversation()
    conversation.begin(NOW)
    return conversation


def test_what_is_written_goes_into_the_next_part_in_order() -> None:
    conversation = begun()
    for name in "ab":
        conversation.hear(said(name), NOW)
    assert told(conversation.take(NOW)) == [("chat", "a"), ("chat", "b")]
    assert conversation.take(NOW + 1) == []


def test_who_is_invited_is_told_once_whoever_is_banned_meanwhile() -> None:
    conversation = begun()
    conversation.hear(TalkMessage("0123456789", next(_numbers), 0, {"type": "invited", "to": "7f"}), NOW)
    conversation.hear(gone(None), NOW)
    conversation.hear(gone("a"), NOW)
    events = conversation.take(NOW)
    assert [event.type for event in events] == ["chat-gone", "chat-gone", "invited"]
    assert events[2].fields() == {"type": "invited", "to": "7f"}
    assert conversation.take(NOW + 1) == []


def test_a_part_takes_so_many_events_and_no_more() -> None:
    conversation = begun()
    for number in range(EVENTS_PER_PART + 1):
        conversation.hear(said(str(number)), NOW)
    assert len(conversation.take(NOW)) == EVENTS_PER_PART
    assert told(conversation.take(NOW + 1)) == [("chat", str(EVENTS_PER_PART))]


def test_a_part_takes_so_many_bytes_but_one_event_whatever_it_weighs() -> None:
    conversation = begun()
    for name in "abc":
        conversation.hear(said(name, text="🎉" * (BYTES_PER_PART // 8)), NOW)
    assert told(conversation.take(NOW)) == [("chat", "a")]
    conversation.hear(said("d", text="🎉" * BYTES_PER_PART), NOW)
    assert told(conversation.take(NOW + 1)) == [("chat", "b")]
    assert told(conversation.take(NOW + 2)) == [("chat", "c")]
    assert told(conversation.take(NOW + 3)) == [("chat", "d")]


def test_what_waited_too_long_is_left_out_and_counted() -> None:
    conversation = begun()
    for number in range(50):
        conversation.hear(said(str(number)), NOW)
    seen, missed = 0, 0
    for part in range(WAIT_PARTS + 2):
        for event in conversation.take(NOW + part):
            seen += event.type == "chat"
            missed += event.fields().get("missed", 0)
    assert (seen, missed) == (EVENTS_PER_PART * (WAIT_PARTS + 1), 50 - EVENTS_PER_PART * (WAIT_PARTS + 1))
    assert conversation.left_out == missed


def test_what_is_taken_away_before_it_was_told_is_never_told() -> None:
    conversation = begun()
    conversation.hear(said("a"), NOW)
    conversation.hear(said("b"), NOW)
    conversation.hear(gone("a"), NOW)
    assert told(conversation.take(NOW)) == [("chat", "b")]


def test_what_is_taken_away_afterwards_goes_first_and_is_never_left_out() -> None:
    conversation = begun()
    conversation.hear(said("a"), NOW)
    conversation.take(NOW)
    for number in range(100):
        conversation.hear(said(str(number)), NOW + 1)
    conversation.hear(gone("a"), NOW + 1)
    assert told(conversation.take(NOW + 1))[0] == ("chat-gone", "a")


def test_a_ban_takes_all_that_one_wrote() -> None:
    conversation = begun()
    for name, by in (("a", "zoe"), ("b", "tom"), ("c", "zoe")):
        conversation.hear(said(name, by), NOW)
    conversation.hear(gone(None, "zoe"), NOW)
    assert told(conversation.take(NOW)) == [("chat-gone", None), ("chat", "b")]


def test_what_comes_twice_is_told_once() -> None:
    conversation = begun()
    message = said("a")
    conversation.hear(message, NOW)
    conversation.hear(message, NOW)
    assert len(conversation.take(NOW)) == 1
    conversation.hear(message, NOW + 1)
    assert conversation.take(NOW + 1) == []


def test_who_takes_a_program_over_tells_what_was_written_in_between_and_nothing_older() -> None:
    conversation = Conversation()
    conversation.hear(said("old"), NOW - FRESH_PARTS - 1)
    conversation.hear(gone("older"), NOW - FRESH_PARTS - 1)
    conversation.hear(said("new"), NOW - FRESH_PARTS)
    conversation.begin(NOW)
    assert told(conversation.take(NOW)) == [("chat", "new")]


def test_what_may_have_been_told_by_another_stage_is_taken_away_aloud() -> None:
    conversation = Conversation()
    conversation.hear(said("a"), NOW - 2)
    conversation.hear(gone("a"), NOW - 1)
    conversation.begin(NOW)
    assert told(conversation.take(NOW)) == [("chat-gone", "a")]


def test_a_program_that_is_another_stages_gathers_nothing() -> None:
    conversation = begun()
    for part in range(1_000):
        conversation.hear(said(str(part)), NOW + part)
    conversation.begin(NOW + 1_000)
    found = [event for part in range(20) for event in conversation.take(NOW + 1_000 + part)]
    assert len(found) <= FRESH_PARTS + 1
