"""Hands, messages, polls, and what they change of a Space: the rules alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parvis.errors import Conflict, Refused, UserError
from parvis.spaces import poll as polls
from parvis.spaces.hand import (
    ASK_AGAIN_MAX_S,
    ASK_AGAIN_S,
    ASKS_PER_S,
    HEAD_OF_LINE,
    HandState,
    Order,
    Standing,
    check_note,
    fold,
    new_hand,
    place_of,
)
from parvis.spaces.message import RESTORE_MS, Message, Pinned, check_text, has_link
from parvis.spaces.polls import summed
from parvis.spaces.seat import Role
from parvis.spaces.space import Space
from tests.unit.spaces.makers import ANA, NOW_MS, new_space, person

ZOE = person("zoe")


def seated(*people: tuple[str, Role]) -> Space:
    space = new_space()
    for number, (handle, role) in enumerate(people, 1):
        space = space.seat_person(person(handle), role, NOW_MS + number)
    return space


def roles(space: Space) -> dict[str, str]:
    return {seat.person.handle: seat.role.value for seat in space.on_stage}


def test_a_hand_is_decided_once() -> None:
    hand = new_hand("0123456789", ZOE, "", NOW_MS)
    called = hand.decide(HandState.CALLED)
    assert not called.is_raised
    with pytest.raises(Conflict, match="hand-over"):
        called.decide(HandState.DECLINED)


def test_a_crowd_that_waits_asks_no_more_often_than_control_can_bear() -> None:
    hand = new_hand("0123456789", ZOE, "", NOW_MS)
    assert Standing(hand, None, 5).ask_again_s is None
    assert Standing(hand, HEAD_OF_LINE, 50_000).ask_again_s == ASK_AGAIN_S
    assert Standing(hand, 25, 30).ask_again_s == ASK_AGAIN_S
    for raised in (10_000, 20_000, 30_000):
        ask_again_s = Standing(hand, HEAD_OF_LINE + 1, raised).ask_again_s
        assert ask_again_s is not None
        assert raised / ask_again_s <= ASKS_PER_S
    assert Standing(hand, 50_000, 50_000).ask_again_s == ASK_AGAIN_MAX_S


def test_notes_are_one_line_or_none() -> None:
    assert check_note("  a\n b\t c ") == "a b c"
    assert check_note(" \n ") == ""
    with pytest.raises(UserError, match="note"):
        check_note("x" * 201)


def test_names_are_sorted_without_capitals_and_accents() -> None:
    assert fold("Élodie ÜNAL ﬁn") == "elodie unal fin"
    assert place_of(new_hand("x", replace(ZOE, display_name="Zoé"), "", NOW_MS), Order.NAME)[0] == "zoe"
    assert place_of(new_hand("x", ZOE, "", NOW_MS), Order.NEWEST)[0] == NOW_MS


@pytest.mark.parametrize(
    "text",
    [
        "https://example.net",
        "HTTP://x",
        "see www.example.net",
        "example.com",
        "go to t.me/abc now",
        "sub.domain.co.uk?x=1",
        "mailto:a@b.c",
        "(example.org)",
    ],
)
def test_links_are_seen(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello. Good evening",
        "e.g. this",
        "at 10.30",
        "3.14",
        "wow...yes",
        "a/b",
        "me@home",
        "U.S. and U.K.",
        "v1.2",
    ],
)
def test_what_is_no_link_is_none(text: str) -> None:
    assert not has_link(text)


def test_text_is_one_line() -> None:
    assert check_text(" a \r\n\n b ") == "a b"
    for text in ("", " \n", "x" * 501, "a\x07"):
        with pytest.raises(UserError, match="text"):
            check_text(text)


def test_who_deleted_a_message_may_bring_it_back_for_a_minute() -> None:
    message = Message("x", ZOE, None, "Oops", None, NOW_MS)
    with pytest.raises(Conflict, match="restore-late"):
        message.check_restore(ZOE.account_id, NOW_MS)
    gone = replace(message, deleted_at_ms=NOW_MS, deleted_by=ANA.account_id)
    gone.check_restore(ANA.account_id, NOW_MS + RESTORE_MS)
    with pytest.raises(Refused, match="forbidden"):
        gone.check_restore(ZOE.account_id, NOW_MS)
    with pytest.raises(Conflict, match="restore-late"):
        gone.check_restore(ANA.account_id, NOW_MS + RESTORE_MS + 1)


def test_a_poll_closes_by_its_time_with_the_counts_that_came_last() -> None:
    poll = polls.new_poll("Well?", ["Yes", "No"], 15, NOW_MS)
    assert not poll.is_due(NOW_MS + 14_999)
    assert poll.is_due(NOW_MS + 15_000)
    assert poll.counted((3, 1)).counted((2, 5)).counted(()).counts == (2, 5)
    closed = poll.close(NOW_MS + 1)
    assert not closed.is_due(NOW_MS + 15_000)
    assert closed.close(NOW_MS + 2) is closed
    assert summed({}) == ()
    assert summed({"a": (1, 2), "b": (3, 4)}) == [4, 6]


def test_the_role_is_handed_on_and_the_old_host_stays() -> None:
    space = seated(("tom", Role.SPEAKER), ("cleo", Role.CO_HOST))
    given = space.hand_on(space.seat_named("tom"))
    assert roles(given) == {"ana": "co-host", "tom": "host", "cleo": "co-host"}
    assert given.revision == space.revision + 1
    assert given.hand_on(given.host) is given
    back = given.hand_on(given.seat_named("ana"))
    assert roles(back) == {"ana": "host", "tom": "co-host", "cleo": "co-host"}


def test_a_new_host_is_not_muted_by_anybody() -> None:
    space = seated(("tom", Role.SPEAKER))
    muted = space.with_seat(space.seat_named("tom").mute_by_host())
    assert muted.hand_on(muted.seat_named("tom")).host.muted_by is None


def test_there_must_be_room_for_the_old_host() -> None:
    space = seated(("cleo", Role.CO_HOST), ("carl", Role.CO_HOST), ("tom", Role.SPEAKER))
    with pytest.raises(Conflict, match="stage-full"):
        space.hand_on(space.seat_named("tom"))
    assert roles(space.hand_on(space.seat_named("carl")))["ana"] == "co-host"


def test_all_speakers_are_muted_but_who_acts_as_host() -> None:
    space = seated(("sam", Role.SPEAKER), ("tess", Role.SPEAKER), ("cleo", Role.CO_HOST))
    acting = replace(space, acting_id=person("tess").account_id)
    muted, count = acting.mute_all()
    assert (count, muted.seat_named("sam").muted_by_host) == (1, True)
    assert not muted.seat_named("tess").muted_by_host
    assert muted.mute_all() == (muted, 0)


def test_a_locked_stage_takes_nobody_new_but_lets_people_rise() -> None:
    space = seated(("tom", Role.SPEAKER))
    locked = space.settle(replace(space.terms, stage_locked=True))
    with pytest.raises(Conflict, match="stage-locked"):
        locked.seat_person(ZOE, Role.SPEAKER, NOW_MS)
    assert roles(locked.seat_person(person("tom"), Role.CO_HOST, NOW_MS))["tom"] == "co-host"


def test_an_ended_space_takes_no_pin_but_loses_one() -> None:
    pinned = Pinned("7", "zoe", "Zoe", "The agenda")
    ended = new_space().pin(pinned).end(NOW_MS, 0)
    assert ended.pinned == pinned
    assert ended.pin(None).pinned is None
    with pytest.raises(Conflict, match="space-ended"):
        ended.pin(replace(pinned, id="8"))
    asked = new_space().with_poll(polls.new_poll("Well?", ["Yes", "No"], None, NOW_MS))
    assert asked.end(NOW_MS, 0).poll is None
