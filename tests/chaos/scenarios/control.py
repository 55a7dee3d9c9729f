"""Control dies or hangs, or its database does: nobody who listens or speaks notices."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx

from tests.chaos.figures import Figures, Promise
from tests.chaos.scenario import Scenario
from tests.chaos.world import PATIENCE_S, Scene, World, kill
from tests.parvis import wait_until

UNHEARD = Promise(recovery_ms=0)
FAULT_PARTS = 20
"""How long what can last does: 6.4 s."""


def killed(world: World) -> Figures:
    """`kill -9` of control."""
    scene = world.live()
    before = world.parvis.pid("control")
    fault_s = kill(before)
    world.back("control", before)
    back_s = time.monotonic() - fault_s
    works(scene)
    scene.wait_for_parts(6)
    return scene.afterwards(fault_s, control_back_s=round(back_s, 1))


def hung(world: World) -> Figures:
    """SIGSTOP of control, then SIGCONT."""
    scene = world.live()
    pid = world.parvis.pid("control")
    os.kill(pid, signal.SIGSTOP)
    fault_s = time.monotonic()
    try:
        scene.wait_for_parts(FAULT_PARTS)
    finally:
        os.kill(pid, signal.SIGCONT)
    works(scene)
    return scene.afterwards(fault_s)


def locked(world: World) -> Figures:
    """Somebody else holds the database; what is asked meanwhile gets an answer."""
    scene = world.live()
    with closing(sqlite3.connect(world.parvis.data / "parvis.sqlite3", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        fault_s = time.monotonic()
        answer = try_to_write(scene)
        scene.wait_for_parts(FAULT_PARTS)
        database.execute("ROLLBACK")
    works(scene)
    return scene.afterwards(fault_s, answered=answer)


def without_room(world: World) -> Figures:
    """A limit on the size of files stands for a full disk: control's writes fail half way."""
    scene = world.live()
    fault_s = time.monotonic()
    with no_room_for(world.parvis.pid("control"), size_bytes=0):
        answer = try_to_write(scene)
        scene.wait_for_parts(FAULT_PARTS)
    works(scene)
    return scene.afterwards(fault_s, answered=answer)


@contextmanager
def no_room_for(pid: int, *, size_bytes: int) -> Iterator[None]:
    """No file of a process grows beyond so many bytes."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def try_to_write(scene: Scene) -> str:
    """What is answered to who wants to change something: `200`, or a problem's status and code."""
    answer = scene.host.api.patch(f"spaces/{scene.id}", json={"title": "Asked meanwhile"}, timeout=30)
    if answer.is_success:
        return str(answer.status_code)
    assert answer.status_code == 503, f"{answer.status_code} {answer.text}"
    return f"{answer.status_code} {answer.json()['code']}"


def works(scene: Scene) -> None:
    """Control does what it is asked, and the edges hear of it."""

    def done() -> bool:
        try:
            return scene.host.api.patch(f"spaces/{scene.id}", json={"title": "It goes on"}).is_success
        except httpx.HTTPError:
            return False

    wait_until(done, patience_s=PATIENCE_S)
    wait_until(lambda: scene.world.parvis.space_json(scene.id)["title"] == "It goes on")


SCENARIOS = (
    Scenario("control-kill", "control killed", killed, UNHEARD),
    Scenario("control-stop", "control stopped, and going on", hung, UNHEARD),
    Scenario("database-lock", "database locked by somebody else", locked, UNHEARD),
    Scenario("database-full", "no room for the database", without_room, UNHEARD),
)
