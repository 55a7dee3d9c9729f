"""What a machine's disk and clock can do: the disk becomes slow, the wall clock is set (`shim.py`)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import ArchiveMessage
from parvis.bus.run_dir import prepare_run_dir
from tests.chaos.figures import Figures, Promise
from tests.chaos.scenario import Scenario
from tests.chaos.scenarios.archive import FULL_PARTS, with_replay
from tests.chaos.scenarios.control import UNHEARD, try_to_write, works
from tests.chaos.scenarios.stage import wait_for_takeover
from tests.chaos.world import World, kill
from tests.parvis import wait_until

WRITE_S, SYNC_S = 0.4, 2.0
"""A part is four writes: so each takes five times as long as it is."""
STEP_S = 3_600.0
STEP_PARTS = 12


def slow_disk(world: World, parts: int = FULL_PARTS) -> Figures:
    """Every write and sync below the data folder is slow: recordings come late and say so, control answers
    late or refuses."""
    scene = world.live(recording="program")
    run_dir = prepare_run_dir(world.parvis.data / "run")
    told: list[ArchiveMessage] = []
    with closing(LocalReader(run_dir, f"archive.{scene.id}", replay=True)) as reader:

        def is_late() -> bool:
            told.extend(ArchiveMessage.decode(payload) for _, payload in reader.drain())
            return "behind" in [message.state for message in told]

        fault_s = time.monotonic()
        world.shim.slow_disk(world.parvis.data, write_s=WRITE_S, sync_s=SYNC_S)
        answer = try_to_write(scene)
        answered_s = time.monotonic() - fault_s
        wait_until(is_late)
        scene.wait_for_parts(parts)
        is_late()
        world.shim.heal()
    figures = with_replay(scene, fault_s)
    waited = max(message.waiting_parts for message in told)
    more = {"answered": answer, "answered_after_s": round(answered_s, 1), "waiting_parts": waited}
    return replace(figures, more={**figures.more, **more})


def clock_set(world: World) -> Figures:
    """The wall clock is set an hour ahead, then an hour back; nothing is started again."""
    scene = world.live(recording="program")
    fault_s = time.monotonic()
    for ahead_s in (STEP_S, -STEP_S):
        world.shim.set_clock(ahead_s)
        scene.wait_for_parts(STEP_PARTS)
    world.shim.heal()
    works(scene)
    return with_replay(scene, fault_s)


def clock_set_and_all_killed(world: World, edges: Sequence[str] = ("edge-1", "edge-2")) -> Figures:
    """The wall clock is set an hour back; then one after the other dies, and is started with that clock. What
    starts after a step must number parts as what was there before."""
    scene = world.live()
    fault_s = time.monotonic()
    world.shim.set_clock(-STEP_S)
    for edge in edges:
        before = world.parvis.pid(edge)
        kill(before)
        world.back(edge, before)
    for _ in range(2):
        stage, epoch = world.parvis.stage_of(scene.id)
        before = world.parvis.pid(stage)
        kill(before)
        wait_for_takeover(scene, epoch)
        world.back(stage, before)
        scene.wait_for_voice(since_s=time.monotonic())
    wait_until(lambda: "the wall clock was set" in world.parvis.log.read_text())
    return scene.afterwards(fault_s)


SCENARIOS = (
    Scenario("disk-slow", "slow disk", slow_disk, UNHEARD, shim=True),
    Scenario("clock-step", "wall clock set", clock_set, UNHEARD, shim=True),
    Scenario(
        "clock-step-kill",
        "wall clock set, then edges and stages killed",
        clock_set_and_all_killed,
        Promise(lost_ms=8_000, repeated_parts=None),  # two stages and two edges
        shim=True,
    ),
)
