"""A stage dies, hangs, or all of them die: another goes on with the Space, or the first that is back."""

from __future__ import annotations

import os
import signal
import time

from tests.chaos.figures import Figures, Promise
from tests.chaos.scenario import Scenario
from tests.chaos.scenarios.archive import with_replay
from tests.chaos.world import PATIENCE_S, Scene, World, kill
from tests.parvis import wait_until

TAKEOVER = Promise(lost_ms=3_000, recovery_ms=5_000)
"""Three seconds of sound; edges and players hold up to two seconds behind the stage."""

PAUSE_S = 0.5


def wait_for_takeover(scene: Scene, epoch: int) -> str:
    """Until another stage has the Space; its name."""
    parvis = scene.world.parvis
    wait_until(lambda: parvis.stage_of(scene.id)[1] > epoch, patience_s=PATIENCE_S)
    return parvis.stage_of(scene.id)[0]


def killed(world: World) -> Figures:
    """`kill -9` of the stage that has the Space."""
    scene = world.live()
    stage, epoch = world.parvis.stage_of(scene.id)
    fault_s = kill(world.parvis.pid(stage))
    other = wait_for_takeover(scene, epoch)
    assert other != stage
    return scene.afterwards(fault_s, stages=[stage, other])


def stopped(world: World) -> Figures:
    """SIGSTOP, another takes over, SIGCONT: two that hold themselves for the owner. The recording must not
    hold both either."""
    scene = world.live(recording="program")
    stage, epoch = world.parvis.stage_of(scene.id)
    hung = world.parvis.pid(stage)
    os.kill(hung, signal.SIGSTOP)
    fault_s = time.monotonic()
    try:
        other = wait_for_takeover(scene, epoch)
        scene.wait_for_voice()
    finally:
        os.kill(hung, signal.SIGCONT)
    scene.wait_for_parts(12)
    assert world.parvis.stage_of(scene.id) == (other, epoch + 1), "who has lost it takes it back from nobody"
    return with_replay(scene, fault_s)


def paused(world: World) -> Figures:
    """SIGSTOP for less than a lease: nobody takes over, and the mixer goes on where the clock is."""
    scene = world.live()
    stage, epoch = world.parvis.stage_of(scene.id)
    hung = world.parvis.pid(stage)
    os.kill(hung, signal.SIGSTOP)
    fault_s = time.monotonic()
    try:
        wait_until(lambda: time.monotonic() - fault_s >= PAUSE_S)
    finally:
        os.kill(hung, signal.SIGCONT)
    return scene.afterwards(fault_s, taken_over=world.parvis.stage_of(scene.id)[1] - epoch)


def all_killed(world: World) -> Figures:
    """Both stages die in the same moment; the supervisor starts them again."""
    scene = world.live()
    pids = [world.parvis.pid(name) for name in ("stage-1", "stage-2")]
    fault_s = max(kill(pid) for pid in pids)
    return scene.afterwards(fault_s)


SCENARIOS = (
    Scenario("stage-kill", "stage killed", killed, TAKEOVER),
    Scenario("stage-stop", "stage stopped, and going on after the takeover", stopped, TAKEOVER),
    Scenario("stage-pause", "stage stopped for half a second", paused, TAKEOVER),
    Scenario("stages-kill", "all stages killed at once", all_killed, Promise(lost_ms=None)),
)
