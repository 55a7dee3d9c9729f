"""Which Spaces need a stage, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from parvis.bus.messages import SpaceMessage
from parvis.clock import TICK_MS, ManualClock
from parvis.stage.awake import AHEAD_TICKS, CALLED_FOR_S, Awake
from parvis.stage.clockwork import PATIENCE_TICKS

AHEAD_S = AHEAD_TICKS * TICK_MS / 1000
PATIENCE_S = PATIENCE_TICKS * TICK_MS / 1000
SPACE = SpaceMessage(
    "k3v9", 1, "T", "", "en", "scheduled", "ana", "2026-11-22T00:00:00.000Z", None, None, None
)


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.listening: dict[str, int] = {}
        self.awake = Awake(self.clock, lambda space: self.listening.get(space, 0))

    def planned(self, in_s: float, **changes: object) -> SpaceMessage:
        at = datetime.fromtimestamp(self.clock.program_s() + in_s, UTC).isoformat()
        message = replace(SPACE, starts_at=at, auto_start=True, **changes)  # type: ignore[arg-type]
        self.awake.know(message)
        return message


def test_what_is_only_announced_needs_none() -> None:
    world = World()
    world.awake.know(SPACE)
    assert not world.awake.needs(SPACE)
    assert not world.awake.needs(world.planned(7 * 86_400.0))
    assert not world.awake.needs(replace(world.planned(1.0), auto_start=False, id="by-hand"))
    assert world.awake.come() == []


def test_what_is_on_air_does() -> None:
    world = World()
    assert all(world.awake.needs(replace(SPACE, state=state)) for state in ("live", "held"))
    world.awake.note_on_air("k3v9")
    assert world.awake.needs(SPACE), "control has not heard it yet"
    world.awake.forget("k3v9")
    assert not world.awake.needs(SPACE)


def test_a_plan_needs_one_shortly_before_and_for_an_hour_after() -> None:
    world = World()
    message = world.planned(AHEAD_S + 10)
    assert not world.awake.needs(message)
    world.clock.advance(9.9)
    assert world.awake.come() == []
    world.clock.advance(0.2)
    assert world.awake.come() == ["k3v9"]
    assert world.awake.come() == [], "it is told once"
    assert world.awake.needs(message)
    world.clock.advance(AHEAD_S + PATIENCE_S - 1)
    assert world.awake.needs(message)
    world.clock.advance(1)
    assert not world.awake.needs(message)
    world.listening["k3v9"] = 1
    assert world.awake.needs(message), "somebody still waits"


def test_a_plan_that_is_put_off_needs_none_until_then() -> None:
    world = World()
    world.planned(AHEAD_S + 10)
    later = world.planned(AHEAD_S + 1_000)
    world.clock.advance(11)
    assert world.awake.come() == ["k3v9"], "the old time: who hears it asks whether it is needed"
    assert not world.awake.needs(later)
    world.clock.advance(1_000)
    assert world.awake.come() == ["k3v9"]
    assert world.awake.needs(later)


def test_who_comes_is_waited_for_a_minute() -> None:
    world = World()
    world.awake.call("k3v9")
    assert world.awake.needs(SPACE)
    world.clock.advance(CALLED_FOR_S - 0.1)
    assert world.awake.needs(SPACE)
    world.clock.advance(0.2)
    assert not world.awake.needs(SPACE)
