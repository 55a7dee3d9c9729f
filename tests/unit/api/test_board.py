"""What is published, and how long."""

from __future__ import annotations

from dataclasses import replace

from parvis.api.board import Board
from parvis.api.live import LiveState
from parvis.bus.messages import SpaceMessage
from parvis.clock import ManualClock
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
