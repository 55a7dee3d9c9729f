"""An audience goes over into another Space, also while the stage of that Space dies."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from parvis.api.times import parse_rfc3339
from parvis.clock import sequence_at
from tests.chaos.crowd import Counts, Storm
from tests.chaos.figures import Figures, Promise
from tests.chaos.scenario import Scenario
from tests.chaos.world import AFTERWARDS_PARTS, PATIENCE_S, Scene, World, kill
from tests.parvis import wait_until

CROWD = 1_000
EARS = 4
CARRIED_MS = 2_000.0
"""From the announced second until each edge has said, as it does once a second, that all its listeners are in
the other Space, and the first part from there has come."""


def carried(world: World) -> Figures:
    """A thousand go from one live Space into another."""
    return carry(world, CROWD, lambda _there: time.monotonic())


def target_dies(world: World) -> Figures:
    """The stage of the Space where they go is killed before they are there."""
    return carry(world, 100, lambda there: kill(world.parvis.pid(world.parvis.stage_of(there.id)[0])))


def carry(world: World, crowd: int, fault: Callable[[Scene], float]) -> Figures:
    """`crowd` listeners and the ears go over; both voices count as the one that should be heard."""
    here = world.live(ears=EARS)
    there = world.live(ears=0, host=here.host, voice=1)
    with closing(Counts(world)) as counts:
        storm = Storm(here, crowd)
        counts.wait_for(here.id, crowd + EARS)
        asked = {"to": there.id, "reason": "More room there.", "end": False}
        made = here.host.post(f"spaces/{here.id}/handoff", asked)
        assert made["state"] == "made", made
        at_ms = parse_rfc3339(made["at"])
        at_s = time.monotonic() + at_ms / 1000 - time.time()
        fault_s = fault(there)
        counts.wait_for(there.id, crowd + EARS)
        over_s = time.monotonic()
    wait_until(lambda: all(ear.hears(1, parts=AFTERWARDS_PARTS) for ear in here.ears), patience_s=PATIENCE_S)
    told = storm.end()
    first = sequence_at(at_ms / 1000)
    arrived_s = [part.at_s for ear in here.ears for part in ear.memory.parts if part.sequence == first]
    carried_ms = (max(over_s, *arrived_s) - at_s) * 1000
    figures = here.heard((0, 1), fault_s, carried_ms=round(carried_ms), storm=told.short)
    assert all(ear.memory.handed_to == [there.id] for ear in here.ears)
    return replace(told.added_to(figures), late_ms=max(0.0, carried_ms - CARRIED_MS))


SCENARIOS = (
    Scenario("handoff", "a thousand handed over", carried, Promise(recovery_ms=0)),
    Scenario(
        "handoff-stage-kill",
        "handed over while the stage there is killed",
        target_dies,
        Promise(lost_ms=3_000),
    ),
)
