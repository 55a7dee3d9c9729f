"""The order in which processes are started anew, with real ones that say nothing but that they live."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from parvis.ops import rolling
from parvis.ops.supervisor import Child, Supervisor
from tests.unit.ops.test_supervisor import SLEEPER, running, until

NAMES = ("stage-1", "stage-2", "archive", "control", "edge-1", "edge-2")


class Heard:
    """Every process has spoken as soon as it runs, but those that are `silent`."""

    def __init__(self, supervisor: Supervisor, rooms: Mapping[str, float], silent: frozenset[str]) -> None:
        self._supervisor, self._rooms, self._silent = supervisor, rooms, silent

    def pid(self, name: str) -> int:
        return 0 if name in self._silent else self._supervisor.pids.get(name, 0)

    def gauges(self, name: str) -> Mapping[str, float]:
        return {"rooms": self._rooms[name]} if name in self._rooms else {}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "SETTLE_S", 0.0)


async def test_edges_first_and_the_busiest_stage_last(tmp_path: Path) -> None:
    children = [Child(name, SLEEPER) for name in NAMES]
    supervisor = Supervisor(tmp_path, children)
    said: list[str] = []
    async with running(supervisor):
        await until(lambda: len(supervisor.pids) == len(NAMES))
        before = supervisor.pids
        heard = Heard(supervisor, {"stage-1": 2, "stage-2": 1}, frozenset())
        async with asyncio.timeout(30):
            assert await rolling.roll(children, supervisor, heard, said.append)
        assert all(supervisor.pids[name] != before[name] for name in NAMES)
    order = [line.split()[1] for line in said if line.startswith("starting ")]
    assert order == ["edge-1", "edge-2", "archive", "control", "stage-2", "stage-1"]


async def test_one_that_does_not_come_back_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "BACK_PATIENCE_S", 0.1)
    children = [Child(name, SLEEPER) for name in NAMES]
    supervisor = Supervisor(tmp_path, children)
    said: list[str] = []
    async with running(supervisor):
        await until(lambda: len(supervisor.pids) == len(NAMES))
        before = supervisor.pids
        broken = [Child(name, (sys.executable, "-c", "raise SystemExit(1)")) for name in NAMES]
        heard = Heard(supervisor, {}, frozenset({"edge-1"}))
        assert not await rolling.roll(broken, supervisor, heard, said.append)
        assert all(supervisor.pids[name] == before[name] for name in NAMES if name != "edge-1")
    assert said[-1].startswith("edge-1 does not come back")
