"""An edge dies, hangs, or is told to end while others go on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

from tests.chaos.crowd import Counts, storm_at
from tests.chaos.figures import Figures, Promise
from tests.chaos.scenario import Scenario
from tests.chaos.world import World, kill
from tests.parvis import wait_until

ONWARD = Promise(lost_ms=1_000, repeated_parts=None)
"""Who comes back asks for a part that the other edge may not have yet, and gets the one before it again
(docs/protocol.md §2): clients drop that."""
HUNG = replace(ONWARD, lost_ms=15_000.0)
"""A hung edge is killed after 10 s."""
CROWD = 200
"""Beside the ears: so many that each edge has its share, whichever the kernel gave them to."""
EARS = 6
HUNG_S = 25.0
"""Longer than clients wait for a silent edge."""


def killed(world: World) -> Figures:
    """`kill -9` of the edge with the most listeners; it is started again."""
    return _lose(world, kill)


def drained(world: World) -> Figures:
    """SIGTERM: it sends its listeners on over 10 s, and ends; another takes its place."""

    def tell(pid: int) -> float:
        os.kill(pid, signal.SIGTERM)
        return time.monotonic()

    return _lose(world, tell)


def _lose(world: World, fault: Callable[[int], float]) -> Figures:
    scene = world.live(ears=EARS)
    storm = storm_at(scene, CROWD)
    with closing(Counts(world.parvis)) as counts:
        counts.wait_for(scene.id, CROWD + EARS)
        by_edge = counts.by_edge(scene.id)
        edge = max(by_edge, key=lambda name: by_edge[name])
        before = world.parvis.pid(edge)
        fault_s = fault(before)
        world.back(edge, before)
        counts.wait_for(scene.id, CROWD + EARS)
        back_s = time.monotonic() - fault_s
    scene.wait_for_parts(6)
    told = storm.end()
    figures = scene.afterwards(fault_s, hit=by_edge[edge], all_back_s=round(back_s, 1), storm=told.short)
    return told.added_to(figures)


def stopped(world: World) -> Figures:
    """SIGSTOP: connections stand and nothing comes, new ones are taken and not answered, until `parvis up`
    kills what says nothing."""
    scene = world.live(ears=EARS)
    with closing(Counts(world.parvis)) as counts:
        counts.wait_for(scene.id, EARS)
        by_edge = counts.by_edge(scene.id)
    edge = max(by_edge, key=lambda name: by_edge[name])
    hung = world.parvis.pid(edge)
    os.kill(hung, signal.SIGSTOP)
    fault_s = time.monotonic()
    try:
        wait_until(lambda: not all(ear.hears(0) for ear in scene.ears))
        wait_until(
            lambda: time.monotonic() - fault_s > HUNG_S or all(ear.hears(0) for ear in scene.ears),
            patience_s=2 * HUNG_S,
        )
    finally:
        with suppress(ProcessLookupError):
            os.kill(hung, signal.SIGCONT)
    return scene.afterwards(fault_s, hit=by_edge[edge])


SCENARIOS = (
    Scenario("edge-kill", "edge killed", killed, ONWARD),
    Scenario("edge-drain", "edge told to end", drained, Promise(repeated_parts=None)),
    Scenario("edge-stop", "edge stopped", stopped, HUNG),
)
