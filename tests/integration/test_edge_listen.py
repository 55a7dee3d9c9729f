"""`parvis listen` where there is no room yet, and where bursts are long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from parvis.cli.listen import Listener, Target
from tests.unit.edge.world import World

PATIENCE_S = 60.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.stage.begin()
    world.stage.parts(40)
    yield world
    world.close()


async def listen(listener: Listener, until: Callable[[], bool]) -> None:
    """Runs it until the condition holds."""
    task = asyncio.ensure_future(listener.run())
    async with asyncio.timeout(PATIENCE_S):
        while not until():
            assert not task.done(), task.exception()
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def listener_of(world: World) -> tuple[Listener, Console]:
    said = Console(record=True, quiet=False, file=(world.run_dir.parent / "said").open("w"), width=200)
    return Listener(Target.of(f"http://127.0.0.1:{world.port}/s/abc", None), None, said), said


async def test_it_keeps_its_appointment(world: World) -> None:
    with world.edge(joins_per_s=1.0):
        world.until("/live/abc/stream.mp4", 200)
        with world.connect() as client:
            client.request("/live/abc/stream.mp4")
            client.head()
        listener, said = listener_of(world)
        await listen(listener, lambda: listener.tally.parts > 0)
        assert "appointment at" in said.export_text()
        metrics = world.get("/metrics").body.decode()
        assert 'parvis_edge_appointments_kept_total{edge="edge-1"} 1' in metrics


async def test_it_misses_nothing_between_an_edge_of_long_bursts_and_one_of_short_ones(world: World) -> None:
    with world.edge(min_stretch=8, max_stretch=8):
        world.until("/live/abc/stream.mp4", 200)
        listener, _ = listener_of(world)
        await listen(listener, lambda: listener.tally.parts >= 10)
    with world.edge(min_stretch=1, name="edge-2"):
        world.until("/live/abc/stream.mp4", 200)
        heard = listener.tally.parts
        world.stage.parts(8)
        await listen(listener, lambda: listener.tally.parts >= heard + 8)
        assert listener.tally.missing_parts == 0
