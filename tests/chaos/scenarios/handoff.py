"""An audience goes over into another Space, also while the stage of that Space dies."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from parvis.api.times import parse_rfc3339
from parvis.clock import sequence_at
from tests.chaos.crowd import Counts, storm_at
from tests.chaos.figures import Figures, Promise, worst
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


def merged(world: World) -> Figures:
    """Two audiences become one: those who were there already hear nothing of it, and the counts add up."""
    return carry(world, CROWD // 4, lambda _there: time.monotonic(), own=CROWD // 5)


def target_dies(world: World) -> Figures:
    """The stage of the Space where they go is killed before they are there."""
    return carry(world, 100, lambda there: kill(world.parvis.pid(world.parvis.stage_of(there.id)[0])))


def carry(world: World, crowd: int, fault: Callable[[Scene], float], *, own: int = 0) -> Figures:
    """`crowd` listeners and the ears go over; both voices count as the one that should be heard. `own` were
    there before: the figures are the worse of either audience's."""
    here = world.live(ears=EARS)
    there = world.live(ears=EARS if own else 0, host=here.host, voice=1)
    own_ears = len(there.ears)
    with closing(Counts(world.parvis)) as counts:
        storm = storm_at(here, crowd)
        own_storm = storm_at(there, own) if own else None
        counts.wait_for(here.id, crowd + EARS)
        counts.wait_for(there.id, own + own_ears)
        asked = {"to": there.id, "reason": "More room there.", "end": False}
        made = here.host.post(f"spaces/{here.id}/handoff", asked)
        assert made["state"] == "made", made
        at_ms = parse_rfc3339(made["at"])
        at_s = time.monotonic() + at_ms / 1000 - time.time()
        fault_s = fault(there)
        counts.wait_for(there.id, crowd + EARS + own + own_ears)
        over_s = time.monotonic()
    wait_until(lambda: all(ear.hears(1, parts=AFTERWARDS_PARTS) for ear in here.ears), patience_s=PATIENCE_S)
    told = storm.end()
    first = sequence_at(at_ms / 1000)
    arrived_s = [part.at_s for ear in here.ears for part in ear.memory.parts if part.sequence == first]
    carried_ms = (max(over_s, *arrived_s) - at_s) * 1000
    figures = told.added_to(here.heard((0, 1), fault_s, carried_ms=round(carried_ms), storm=told.short))
    assert all(ear.memory.handed_to == [there.id] for ear in here.ears)
    if own_storm is not None:
        figures = worst([figures, own_storm.end().added_to(there.heard([1], fault_s))])
        assert not any(ear.memory.handed_to for ear in there.ears)
    return replace(figures, late_ms=max(0.0, carried_ms - CARRIED_MS))


SCENARIOS = (
    Scenario("handoff", "a thousand handed over", carried, Promise(recovery_ms=0)),
    Scenario("merge", "two audiences become one", merged, Promise(recovery_ms=0)),
    Scenario(
        "handoff-stage-kill",
        "handed over while the stage there is killed",
        target_dies,
        Promise(lost_ms=3_000),
    ),
)
