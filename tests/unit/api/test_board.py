"""What is published, and how long."""

from __future__ import annotations

from dataclasses import replace

from parvis.api.board import Board
from parvis.api.live import LiveState
from parvis.bus.messages import SpaceMessage
from parvis.clock import ManualClock
from parvis.spaces.handoff import Handoff, ask, make
from tests.inproc_bus import InprocBus
from tests.unit.spaces.makers import NOW_MS, new_space


def test_nothing_older_is_ever_published() -> None:
    bus, clock = InprocBus(), ManualClock(NOW_MS / 1000)
    board = Board(bus, LiveState(clock), clock)
    newer = new_space().start(NOW_MS)
    board.announce(newer)
    board.announce(new_space())
    assert board.get(newer.id) == newer
    assert SpaceMessage.decode(bus.exchange.retained[f"space.{newer.id}"][0]).revision == newer.revision


def test_an_ended_space_is_kept_for_a_day() -> None:
    bus, clock = InprocBus(), ManualClock(NOW_MS / 1000)
    board = Board(bus, LiveState(clock), clock)
    ended = new_space().end(NOW_MS, 0)
    still_open = replace(new_space(), id="another000")
    for space in (ended, still_open):
        board.announce(space)
    assert (board.all(), board.open()) == ([ended, still_open], [still_open])
    clock.advance(86_400)
    board.clear_old()
    assert board.get(ended.id) is ended
    clock.advance(1)
    board.clear_old()
    assert board.all() == [still_open]
    assert list(bus.exchange.retained) == [f"space.{still_open.id}"]


def test_a_space_whose_audience_was_handed_off_is_kept_for_ever() -> None:
    bus, clock = InprocBus(), ManualClock(NOW_MS / 1000)
    board = Board(bus, LiveState(clock), clock)
    handoff = Handoff("h", new_space().id, "another000", "", "There", "Because.", "ana", NOW_MS)
    away = make(new_space().start(NOW_MS), handoff, NOW_MS).end(NOW_MS, 0)
    board.announce(away)
    clock.advance(10 * 86_400)
    board.clear_old()
    assert list(bus.exchange.retained) == [f"space.{away.id}"]


def test_a_space_that_was_recorded_is_kept_for_ever() -> None:
    bus, clock = InprocBus(), ManualClock(NOW_MS / 1000)
    board = Board(bus, LiveState(clock), clock)
    board.announce(replace(new_space(), recorded=True).end(NOW_MS, 0))
    clock.advance(10 * 86_400)
    board.clear_old()
    assert list(bus.exchange.retained) == [f"space.{new_space().id}"]


def test_both_sides_of_a_handoff_are_told() -> None:
    bus, clock = InprocBus(), ManualClock(NOW_MS / 1000)
    live = LiveState(clock)
    board = Board(bus, live, clock)
    to = replace(new_space(), id="another000")
    handoff = Handoff("h", new_space().id, to.id, "", "There", "Because.", "ana", NOW_MS)
    board.announce(to)
    with live.waiting(to.id) as woken:
        board.announce(ask(new_space(), handoff))
        assert woken.is_set()
    assert [board.handoffs_of(space) for space in (to.id, new_space().id, "elsewhere0")] == [
        [handoff],
        [handoff],
        [],
    ]


def test_what_is_only_announced_does_not_stir() -> None:
    clock = ManualClock(NOW_MS / 1000)
    board = Board(InprocBus(), LiveState(clock), clock)
    space = new_space()
    board.announce(space)
    assert (board.stirring(), board.take_changed(), board.take_changed()) == (set(), [space], [])
    live = space.start(NOW_MS)
    asking = Handoff("h", space.id, "another000", "", "There", "Because.", "ana", NOW_MS)
    board.announce(live)
    board.announce(replace(space, id="asking0000", handoffs=(asking,)))
    assert board.stirring() == {space.id, "asking0000"}
    board.announce(live.end(NOW_MS, 0))
    assert board.stirring() == {"asking0000"}
