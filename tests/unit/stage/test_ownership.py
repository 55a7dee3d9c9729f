"""Who takes what, and what becomes of it: stages on one clock, with leases in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from parvis.bus.leases import RENEWAL_S, TTL_S, Lease
from parvis.clock import ManualClock, SystemClock
from parvis.errors import Unavailable
from parvis.stage.ownership import SETTLE_S, Ownership, Tenure, order
from tests.inproc_leases import InprocLeases

STAGES = {"stage-1", "stage-2", "stage-3"}


def test_spaces_are_spread_and_each_stage_has_its_share_of_a_dead_ones() -> None:
    spaces = [f"space-{number}" for number in range(3_000)]
    first = Counter(order(space, STAGES)[0] for space in spaces)
    assert min(first.values()) > 900, first
    orphans = [space for space in spaces if order(space, STAGES)[0] == "stage-2"]
    heirs = Counter(order(space, STAGES, last="stage-2")[0] for space in orphans)
    assert set(heirs) == {"stage-1", "stage-3"}
    assert min(heirs.values()) > 400, heirs


def test_who_comes_or_goes_changes_nothing_among_the_others() -> None:
    for number in range(200):
        space = f"space-{number}"
        everybody = order(space, STAGES)
        assert order(space, STAGES - {"stage-2"}) == [name for name in everybody if name != "stage-2"]
        assert order(space, STAGES, last="stage-2")[-1] == "stage-2"
    assert order("space", {"stage-1"}, last="stage-1") == ["stage-1"]


def test_a_tenure_that_was_over_once_is_over_for_good() -> None:
    clock = ManualClock()
    tenure = Tenure(Lease("k3v9", "stage-1", 5, clock.monotonic_s() + TTL_S), clock)
    assert tenure.holds()
    clock.advance(TTL_S)
    assert not tenure.holds()
    tenure.lease = replace(tenure.lease, deadline_s=clock.monotonic_s() + TTL_S)
    assert not tenure.holds()


class Stage:
    """A stage process: its ownership runs until it is stopped."""

    def __init__(self, name: str, leases: InprocLeases) -> None:
        self.name = name
        self.has: dict[str, int] = {}
        self.ownership = Ownership(name, leases, leases.clock, self._on_taken, self._on_lost)
        self.task = asyncio.create_task(self.ownership.run())

    async def _on_taken(self, space: str, tenure: Tenure) -> None:
        self.has[space] = tenure.epoch

    def _on_lost(self, space: str) -> None:
        del self.has[space]

    async def stop(self) -> None:
        """As SIGSTOP does: nothing is renewed any more, and nothing is said."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def wake(self) -> None:
        self.task = asyncio.create_task(self.ownership.run())


class Leases(InprocLeases):
    """Which can be out of reach."""

    away = False

    async def renew(self, lease: Lease) -> Lease | None:
        if self.away:
            raise Unavailable("leases-away", "The disk is gone.", 1.0)
        return await super().renew(lease)


class World:
    """Stages that hear of each other."""

    def __init__(self) -> None:
        self.leases = Leases(SystemClock())
        self.stages: dict[str, Stage] = {}

    def start(self, *names: str) -> list[Stage]:
        fresh = [Stage(name, self.leases) for name in names]
        self.stages |= {stage.name: stage for stage in fresh}
        self.greet()
        return fresh

    def greet(self) -> None:
        for stage in self.stages.values():
            for name in self.stages:
                stage.ownership.hear(name)

    def want(self, *spaces: str) -> None:
        for stage in self.stages.values():
            for space in spaces:
                stage.ownership.want(space)

    def owners(self, space: str) -> list[str]:
        return [stage.name for stage in self.stages.values() if space in stage.has]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    for stage in made.stages.values():
        await stage.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_each_space_has_one_owner_and_it_is_the_first_in_its_order(world: World) -> None:
    world.start("stage-1", "stage-2", "stage-3")
    spaces = [f"space-{number}" for number in range(12)]
    world.want(*spaces)
    await until(lambda: all(world.owners(space) for space in spaces))
    assert [world.owners(space) for space in spaces] == [order(space, STAGES)[:1] for space in spaces]


async def test_a_stopped_stage_loses_its_space_and_finds_out(world: World) -> None:
    first, second = world.start("stage-1", "stage-2")
    world.want("k3v9")
    await until(lambda: bool(world.owners("k3v9")))
    owner, other = (first, second) if "k3v9" in first.has else (second, first)
    epoch = owner.has["k3v9"]
    await owner.stop()
    await until(lambda: "k3v9" in other.has)
    assert other.has["k3v9"] == epoch + 1
    assert other.ownership.taken_over == 1
    assert not owner.ownership.tenures["k3v9"].holds(), "it knows without being told"
    owner.wake()
    await until(lambda: not owner.has)
    assert owner.ownership.lost == 1
    await owner.ownership.release()
    assert await world.leases.owner("k3v9") == (other.name, epoch + 1)


async def test_a_stage_that_comes_back_steals_nothing(world: World) -> None:
    [first] = world.start("stage-1")
    world.want("k3v9")
    await until(lambda: "k3v9" in first.has)
    [second] = world.start("stage-2")
    settled_s = world.leases.clock.monotonic_s() + SETTLE_S
    await until(lambda: world.leases.clock.monotonic_s() > settled_s)
    world.greet()
    world.want("k3v9", *[f"space-{number}" for number in range(8)])
    await until(lambda: len(first.has) + len(second.has) == 9)
    assert world.owners("k3v9") == ["stage-1"]
    assert second.has, "it gets what is new"


async def test_what_is_released_is_taken_without_a_loss(world: World) -> None:
    first, second = world.start("stage-1", "stage-2")
    world.want("k3v9")
    await until(lambda: bool(world.owners("k3v9")))
    owner, other = (first, second) if "k3v9" in first.has else (second, first)
    await owner.stop()
    await owner.ownership.release()
    await until(lambda: "k3v9" in other.has)
    assert other.ownership.taken_over == 0


async def test_a_space_that_is_over_is_nobodys(world: World) -> None:
    [stage] = world.start("stage-1")
    world.want("k3v9")
    await until(lambda: "k3v9" in stage.has)
    await stage.ownership.drop("k3v9")
    assert await world.leases.last("k3v9") is None
    assert not stage.ownership.tenures


async def test_leases_that_are_away_for_a_moment_cost_nothing_and_for_longer_the_space(world: World) -> None:
    [stage] = world.start("stage-1")
    world.want("k3v9")
    await until(lambda: "k3v9" in stage.has)
    before = stage.ownership.tenures["k3v9"]
    world.leases.away = True
    deadline_s = before.lease.deadline_s
    await asyncio.sleep(RENEWAL_S)
    world.leases.away = False
    await until(lambda: before.lease.deadline_s > deadline_s)
    assert before.holds()
    world.leases.away = True
    await until(lambda: not before.holds())
    world.leases.away = False
    await until(lambda: stage.ownership.tenures.get("k3v9") not in (None, before))


async def test_records_that_were_removed_by_hand_are_noticed(world: World) -> None:
    [stage] = world.start("stage-1")
    world.want("k3v9")
    await until(lambda: "k3v9" in stage.has)
    world.leases.holders.clear()
    lease = await world.leases.acquire("k3v9", "stage-2")
    assert lease is not None
    await until(lambda: not stage.has)


async def test_a_space_at_rest_has_no_owner_and_its_next_one_has_a_higher_epoch(world: World) -> None:
    first, second = world.start("stage-1", "stage-2")
    world.want("k3v9")
    await until(lambda: bool(world.owners("k3v9")))
    owner = first if "k3v9" in first.has else second
    epoch = owner.has.pop("k3v9")
    for stage in (first, second):
        await stage.ownership.rest("k3v9")
    assert await world.leases.owner("k3v9") is None
    assert not owner.ownership.tenures
    world.want("other")
    await until(lambda: bool(world.owners("other")))
    assert not world.owners("k3v9"), "nobody takes what is at rest"
    world.want("k3v9")
    await until(lambda: bool(world.owners("k3v9")))
    assert [stage.has["k3v9"] for stage in (first, second) if "k3v9" in stage.has] == [epoch + 1]


async def test_a_space_that_ends_at_rest_leaves_no_claim(world: World) -> None:
    first, second = world.start("stage-1", "stage-2")
    world.want("k3v9")
    await until(lambda: bool(world.owners("k3v9")))
    for stage in (first, second):
        await stage.ownership.rest("k3v9")
    assert await world.leases.last("k3v9") is not None
    for stage in (first, second):
        await stage.ownership.drop("k3v9")
    assert await world.leases.last("k3v9") is None
