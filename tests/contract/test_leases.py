"""One suite over every implementation of the port of leases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parvis.bus.leases import RENEWAL_S, TTL_S, Holder, Leases
from parvis.bus.leases_local import LocalLeases
from parvis.clock import ManualClock
from parvis.errors import LocalProtocolError
from tests.inproc_leases import InprocLeases

Join = Callable[[], Leases]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["local", "inproc"])
def join(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Join]:
    """The leases as one more process sees them."""
    if request.param == "inproc":
        shared = InprocLeases(clock)
        yield lambda: shared
        return
    there: list[LocalLeases] = []

    def come() -> Leases:
        there.append(LocalLeases(tmp_path / "run", clock))
        return there[-1]

    yield come
    for leases in there:
        leases.close()


async def test_one_of_many_gets_it(join: Join) -> None:
    processes = [join() for _ in range(8)]
    leases = await asyncio.gather(*(p.acquire("k3v9", f"stage-{n}") for n, p in enumerate(processes)))
    [lease] = [lease for lease in leases if lease is not None]
    assert {await p.owner("k3v9") for p in processes} == {(lease.owner, lease.epoch)}


async def test_it_is_kept_by_renewal_and_lost_without(join: Join, clock: ManualClock) -> None:
    first, second = join(), join()
    lease = await first.acquire("k3v9", "stage-1")
    for _ in range(10):
        clock.advance(RENEWAL_S)
        assert lease is not None
        lease = await first.renew(lease)
        assert await second.acquire("k3v9", "stage-2") is None
    assert lease is not None
    assert lease.deadline_s == clock.monotonic_s() + TTL_S
    clock.advance(TTL_S)
    assert await first.owner("k3v9") is None
    assert await first.renew(lease) is None, "it was over, though nobody had taken it"
    taken = await second.acquire("k3v9", "stage-2")
    assert taken is not None
    assert taken.epoch == lease.epoch + 1
    assert await first.acquire("k3v9", "stage-1") is None
    assert await first.owner("k3v9") == ("stage-2", taken.epoch)


async def test_what_one_holds_one_gets_again(join: Join, clock: ManualClock) -> None:
    leases = join()
    lease = await leases.acquire("k3v9", "stage-1")
    assert await leases.acquire("k3v9", "stage-1") == lease


async def test_what_is_released_needs_no_wait(join: Join, clock: ManualClock) -> None:
    first, second = join(), join()
    lease = await first.acquire("k3v9", "stage-1")
    assert lease is not None
    await first.release(lease)
    assert await second.last("k3v9") == Holder("stage-1", lease.epoch, float("-inf"), released=True)
    taken = await second.acquire("k3v9", "stage-2")
    assert taken is not None
    assert taken.epoch == lease.epoch + 1
    await first.release(lease)  # of before
    assert await first.owner("k3v9") == ("stage-2", taken.epoch)


async def test_many_are_renewed_alike(join: Join, clock: ManualClock) -> None:
    leases = join()
    held = [await leases.acquire(f"space-{n}", "stage-1") for n in range(20)]
    clock.advance(RENEWAL_S)
    renewed = [await leases.renew(lease) for lease in held if lease is not None]
    assert {lease.deadline_s for lease in renewed if lease} == {clock.monotonic_s() + TTL_S}


async def test_a_restarted_owner_waits_for_itself(join: Join, clock: ManualClock) -> None:
    """Its name does not make it the one who held the lease before it died."""
    before = join()
    lease = await before.acquire("k3v9", "stage-1")
    assert lease is not None
    clock.advance(TTL_S)
    again = await join().acquire("k3v9", "stage-1")
    assert again is not None
    assert again.epoch == lease.epoch + 1
    assert await before.renew(lease) is None


async def test_what_is_forgotten_was_never_there(join: Join) -> None:
    leases = join()
    await leases.acquire("k3v9", "stage-1")
    await leases.forget("k3v9")
    assert await leases.last("k3v9") is None
    await leases.forget("k3v9")


async def test_nobody_has_what_nobody_took(join: Join) -> None:
    assert await join().owner("k3v9") is None


@pytest.mark.parametrize("name", ["", "../beats", "a.b", "a/b", "x" * 101])
async def test_a_name_is_a_plain_word(tmp_path: Path, clock: ManualClock, name: str) -> None:
    leases = LocalLeases(tmp_path / "run", clock)
    with pytest.raises(LocalProtocolError, match="cannot name a lease"):
        await leases.acquire(name, "stage-1")
    leases.close()
