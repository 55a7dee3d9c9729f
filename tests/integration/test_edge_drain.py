"""An edge that is told to end sends its listeners to the others, a few at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.unit.edge.world import Client, Listener, World, wait_for

STREAM = "/live/abc/stream.mp4"
PATIENCE_S = 90.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.stage.begin()
    world.stage.parts(5)
    yield world
    world.close()


class Ending:
    """A listener of an edge that ends: whether it was sent on, and with what as the last it got."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.listener = Listener(client)
        self.tail = b""
        self.gone = False

    def look(self) -> bool:
        if not self.gone:
            self.client.socket.settimeout(0.001)
            try:
                data = self.client.socket.recv(1 << 20)
                self.tail = (self.tail + data)[-5:]
                self.gone = not data
            except TimeoutError:
                pass
            except ConnectionResetError:
                self.gone = True
        return self.gone


def test_listeners_are_sent_on_evenly_and_told_that_it_is_not_over(world: World) -> None:
    with ExitStack() as stack:
        stack.enter_context(world.edge(drain_s=1.0))
        ears = [Ending(stack.enter_context(world.connect())) for _ in range(40)]
        for ear in ears:
            ear.listener.read_until(world.stage.sequence)
        world.draining.set()
        seen: list[int] = []

        def all_gone() -> bool:
            seen.append(sum(ear.look() for ear in ears))
            return seen[-1] == len(ears)

        wait_for(all_gone, "all are sent on")
        assert len(set(seen)) > 3, "not all at once"
        assert not any(ear.tail.endswith(b"0\r\n\r\n") for ear in ears), "a last chunk would say: it is over"


def test_while_it_drains_those_who_are_left_hear_and_newcomers_find_the_door_closed(world: World) -> None:
    with world.edge(drain_s=600.0), world.connect() as client, world.connect() as kept:
        listener = Listener(client)
        kept.request("/healthz")
        assert kept.response().status == 200
        world.draining.set()
        wait_for(lambda: not world.answers("edge-1"), "its door is closed")
        kept.request(STREAM)
        refusal = kept.response()
        assert (refusal.status, refusal.headers["connection"]) == (503, "close"), "to another edge"
        listener.read_until(world.stage.parts(3))
        assert listener.sequences == list(range(listener.sequences[0], world.stage.sequence + 1))


def test_who_was_sent_on_goes_on_at_another_edge(world: World) -> None:
    with world.edge(drain_s=0.0), world.connect() as client:
        ear = Ending(client)
        ear.listener.read_until(world.stage.sequence)
        world.draining.set()
        wait_for(ear.look, "it is sent on")
    world.draining.clear()
    with world.edge(name="edge-2", joins_per_s=1.0), world.connect() as client:
        world.until(STREAM, 200)
        again = Listener(client, f"{STREAM}?from={ear.listener.sequences[-1] + 1}")
        again.read_until(world.stage.part())
        assert again.sequences[-1] == ear.listener.sequences[-1] + 1


@contextmanager
def process(world: World, drain_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """`parvis edge` as it is, killed at the end of the block if it still runs."""
    settings = {
        "PARVIS_RUN_DIR": str(world.run_dir),
        "PARVIS_DATA": str(world.run_dir.parent),
        "PARVIS_PORT": str(world.port),
        "PARVIS_PER_ADDRESS": "0",
        "PARVIS_DRAIN_S": str(drain_s),
    }
    command = [sys.executable, "-m", "parvis", "edge", "--name", "edge-1"]
    started = subprocess.Popen(command, env={**os.environ, **settings})
    try:
        wait_for(lambda: world.answers("edge-1"), "it answers", PATIENCE_S)
        yield started
    finally:
        started.kill()
        started.wait(PATIENCE_S)


def test_a_second_sigterm_ends_it_now(world: World) -> None:
    with process(world, drain_s=600.0) as ending, world.connect() as client:
        ear = Ending(client)
        ending.send_signal(signal.SIGTERM)
        wait_for(lambda: not world.answers("edge-1"), "its door is closed")
        assert ending.poll() is None
        assert not ear.look()
        ending.send_signal(signal.SIGTERM)
        assert ending.wait(PATIENCE_S) == 0
        wait_for(ear.look, "its listener is let go")


def test_ctrl_c_ends_it_now(world: World) -> None:
    with process(world, drain_s=600.0) as ending, world.connect() as client:
        Listener(client)
        ending.send_signal(signal.SIGINT)
        assert ending.wait(PATIENCE_S) == 0
