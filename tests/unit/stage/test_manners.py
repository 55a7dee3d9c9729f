"""Pins, polls and reactions in the parts; what edges count, added up."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from parvis.bus.manners import BanMessage, CrowdMessage, TalkMessage
from parvis.bus.messages import ChatState, PinnedState, PollState, SpaceMessage
from parvis.bus.votes import CountedMessage, Votes, VotesMessage
from parvis.clock import part_start_s
from parvis.edge.view import rfc3339
from parvis.errors import RemoteProtocolError
from parvis.media.events import Event
from parvis.stage.crowd import FRESH_PARTS, Crowd
from parvis.stage.manners import AGAIN_PARTS, COUNTED_PARTS, Manners

SPACE = "0123456789"
NOW = 5_625_000_000 - 5_625_000_000 % AGAIN_PARTS
WANTED = SpaceMessage(
    SPACE, 1, "Budget night", "", "en", "live", "ana", "2026-11-22T12:00:00.000Z", None, None, None
)
POLL = PollState("feed", "Well?", ("Yes", "No"), (0, 0), "open")
PIN = PinnedState("7", "zoe", "Zoe", "The agenda")


def crowd(*ours: str) -> Crowd:
    return Crowd(lambda space: space in ours)


def begun(counts: Crowd | None = None) -> Manners:
    manners = Manners(SPACE, counts or crowd(SPACE))
    manners.begin(NOW)
    return manners


def events(manners: Manners, wanted: SpaceMessage, parts: int, first: int = NOW) -> list[tuple[int, Event]]:
    return [(n, event) for n in range(parts) for event in manners.events(first + n, wanted)]


def counted(sequence: int, edge: str = "edge-1", **more: object) -> CrowdMessage:
    return replace(CrowdMessage(edge, "a", sequence), **more)  # type: ignore[arg-type]


def test_a_pin_is_said_at_once_again_and_taken_away_once() -> None:
    manners, wanted = begun(), replace(WANTED, pinned=PIN)
    said = events(manners, wanted, AGAIN_PARTS + 1)
    assert [part for part, _ in said] == [0, AGAIN_PARTS]
    assert said[0][1].fields() == {"type": "pin", "id": "7", "by": "zoe", "name": "Zoe", "text": "The agenda"}
    gone = events(manners, WANTED, 2 * AGAIN_PARTS, NOW + AGAIN_PARTS + 1)
    assert [event.fields() for _, event in gone] == [{"type": "pin", "id": None}]


def test_without_pin_and_poll_nothing_is_said() -> None:
    assert events(begun(), WANTED, 2 * AGAIN_PARTS) == []


def test_a_poll_is_said_with_its_votes_but_not_more_often_than_they_are_counted() -> None:
    counts = crowd(SPACE)
    manners, wanted = begun(counts), replace(WANTED, poll=POLL)
    said = []
    for part in range(3 * COUNTED_PARTS):
        counts.hear_counted(CountedMessage("feed", "a", (part, 1)))
        said += [(part, event.fields()["counts"]) for event in manners.events(NOW + part, wanted)]
    assert said == [(0, [0, 1]), (3, [3, 1]), (6, [6, 1])]


def test_an_unchanged_poll_is_said_again_for_those_who_came_since() -> None:
    said = events(begun(), replace(WANTED, poll=POLL), 2 * AGAIN_PARTS)
    assert [part for part, _ in said] == [0, AGAIN_PARTS]


def test_the_clock_closes_a_poll_and_it_is_said_once() -> None:
    closes_at = rfc3339(part_start_s(NOW + 5))
    wanted = replace(WANTED, poll=replace(POLL, closes_at=closes_at))
    said = events(begun(), wanted, 3 * AGAIN_PARTS)
    assert [(part, event.fields()["state"]) for part, event in said] == [(0, "open"), (5, "closed")]


def test_control_closes_a_poll_with_what_it_has_counted() -> None:
    manners = begun()
    manners.events(NOW, replace(WANTED, poll=POLL))
    closed = replace(POLL, state="closed", counts=(4, 2))
    [(_, event)] = events(manners, replace(WANTED, poll=closed), AGAIN_PARTS, NOW + 3)
    assert (event.fields()["state"], event.fields()["votes"]) == ("closed", 6)


def test_a_poll_that_was_over_before_is_not_said() -> None:
    assert events(begun(), replace(WANTED, poll=replace(POLL, state="closed")), 10) == []


def test_reactions_are_added_up_over_edges_and_said_once() -> None:
    counts = crowd(SPACE)
    manners = begun(counts)
    counts.hear(counted(NOW, reactions={SPACE: {"👏": 3}, "other": {"👏": 9}}), NOW)
    counts.hear(counted(NOW, "edge-2", reactions={SPACE: {"👏": 4, "🔥": 1}}), NOW)
    said = events(manners, WANTED, 2 * COUNTED_PARTS)
    assert [event.fields()["counts"] for _, event in said] == [{"👏": 7, "🔥": 1}]


def test_reactions_that_come_twice_or_late_are_nobodys() -> None:
    counts = crowd(SPACE)
    message = counted(NOW, reactions={SPACE: {"👏": 3}})
    counts.hear(message, NOW)
    counts.hear(message, NOW)
    counts.hear(counted(NOW, "edge-2", reactions={SPACE: {"👏": 9}}), NOW + FRESH_PARTS + 1)
    assert counts.take_reactions(SPACE) == {"👏": 3}
    assert counts.take_reactions(SPACE) == {}


def test_the_counts_are_those_that_control_said_last() -> None:
    counts = crowd(SPACE)
    kept = replace(POLL, counts=(10, 0))
    assert counts.counts(kept) == (10, 0)
    counts.hear_counted(CountedMessage("feed", "a", (9, 2)))
    assert counts.counts(kept) == (9, 2)
    assert counts.counts(replace(kept, state="closed")) == (10, 0)


@pytest.mark.parametrize(
    "message",
    [
        TalkMessage(SPACE, 7, 8, {"type": "chat", "id": "1", "text": "é"}),
        BanMessage(SPACE, ("a",), ("p",)),
        counted(NOW, reactions={SPACE: {"👏": 1}}),
        VotesMessage("edge-1", "a", {"feed": Votes(1, 3, array("Q", (5, 2**64 - 1)), bytes((0, 1)))}),
        CountedMessage("feed", "b", (1, 2), {"edge-1:a": 3}),
        replace(WANTED, pinned=PIN, poll=POLL, chat=ChatState("stage", 5, links=True), hands="closed"),
    ],
)
def test_messages_come_back_as_they_went(
    message: TalkMessage | BanMessage | CrowdMessage | SpaceMessage | VotesMessage | CountedMessage,
) -> None:
    assert type(message).decode(message.encode()) == message


@pytest.mark.parametrize("kind", [TalkMessage, BanMessage, CrowdMessage, VotesMessage, CountedMessage])
@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"space":"x","event":{}}', b"\xff"])
def test_what_is_no_message_is_refused(
    kind: type[TalkMessage] | type[BanMessage] | type[CrowdMessage] | type[VotesMessage], payload: bytes
) -> None:
    if kind is BanMessage and b"space" in payload:
        return
    with pytest.raises(RemoteProtocolError):
        kind.decode(payload)
