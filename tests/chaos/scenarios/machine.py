"""What a machine can do to all of them: the supervisor dies, the bus loses its sockets or its leases."""

from __future__ import annotations

import time

from parvis.bus.run_dir import prepare_run_dir
from tests.chaos.figures import Figures, Promise
from tests.chaos.scenario import Scenario
from tests.chaos.scenarios.control import UNHEARD, works
from tests.chaos.world import World, kill
from tests.parvis import wait_until


def supervisor_killed(world: World) -> Figures:
    """`kill -9` of `parvis up`; another is started on the same folder, and adopts what runs."""
    scene = world.live()
    before = world.parvis.pids()
    said = world.parvis.log.stat().st_size
    assert world.parvis.process is not None
    fault_s = kill(world.parvis.process.pid)
    world.parvis.process.wait()
    scene.wait_for_parts(6)
    world.parvis.start()
    wait_until(lambda: world.parvis.log.read_bytes()[said:].count(b"adopted") == len(before))
    assert world.parvis.pids() == before
    return scene.afterwards(fault_s)


def stage_sockets_cut(world: World) -> Figures:
    """The sockets of the stage that has the Space are removed from the folder of the bus."""
    scene = world.live()
    stage, _ = world.parvis.stage_of(scene.id)
    return scene.afterwards(_cut(world, stage))


def control_sockets_cut(world: World) -> Figures:
    """The sockets of control are removed from the folder of the bus."""
    scene = world.live()
    fault_s = _cut(world, "control")
    works(scene)
    return scene.afterwards(fault_s)


def leases_removed(world: World) -> Figures:
    """All leases are removed while they are held."""
    scene = world.live()
    folder = prepare_run_dir(world.parvis.data / "run") / "leases"
    fault_s = time.monotonic()
    for record in folder.rglob("*"):
        if not record.is_dir():
            record.unlink(missing_ok=True)
    scene.wait_for_parts(12)
    return scene.afterwards(fault_s)


def _cut(world: World, name: str) -> float:
    for path in prepare_run_dir(world.parvis.data / "run").glob(f"{name}.*.*"):
        path.unlink()
    return time.monotonic()


SCENARIOS = (
    Scenario("supervisor-kill", "supervisor killed, and started again", supervisor_killed, UNHEARD),
    Scenario("stage-sockets", "sockets of the stage removed", stage_sockets_cut, Promise(lost_ms=3_000)),
    Scenario("control-sockets", "sockets of control removed", control_sockets_cut, UNHEARD),
    Scenario("leases-removed", "leases removed while held", leases_removed, Promise(lost_ms=3_000)),
)
