"""How control finds the stage that has a Space, and the next one when it dies in the middle of a request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from parvis.api import stages
from parvis.api.stages import Stages
from parvis.bus.leases import TTL_S
from parvis.bus.messages import CallMessage, OfferReply, OfferRequest, decode_stage_request
from parvis.clock import ManualClock
from parvis.errors import NotFound, Unavailable
from tests.contract.api_world import until
from tests.inproc_bus import Exchange, InprocBus
from tests.inproc_leases import InprocLeases


@dataclass
class World:
    """Two stages and control, on one bus."""

    clock: ManualClock = field(default_factory=ManualClock)
    exchange: Exchange = field(default_factory=Exchange)

    def __post_init__(self) -> None:
        self.leases = InprocLeases(self.clock)
        self.bus = InprocBus(self.exchange)
        self.stages = Stages(self.bus, self.leases)
        self.asked: list[tuple[str, OfferRequest]] = []

    async def take(self, stage: str) -> int:
        lease = await self.leases.acquire("k3v9", stage)
        assert lease is not None
        return lease.epoch

    def serve(self, stage: str, *, hangs: bool = False, refuses: bool = False) -> None:
        async def answer(payload: bytes) -> bytes:
            request = decode_stage_request(payload)
            assert isinstance(request, OfferRequest)
            self.asked.append((stage, request))
            if hangs:
                await asyncio.Event().wait()
            if refuses:
                raise Unavailable("not-owner", "Another stage has this Space.", 0.2)
            return OfferReply(f"session at {stage}", "v=0", request.epoch).encode()

        self.bus.serve(f"stage.{stage}", answer)


@pytest.fixture
def w() -> World:
    return World()


async def test_the_owner_is_asked(w: World) -> None:
    w.serve("stage-1")
    w.serve("stage-2")
    epoch = await w.take("stage-2")
    reply = await w.stages.offer("k3v9", "ana", "v=0")
    assert reply == OfferReply("session at stage-2", "v=0", epoch)
    assert w.asked == [("stage-2", OfferRequest("k3v9", "ana", "v=0", epoch))]


async def test_a_stage_is_called_when_nobody_has_the_space(w: World) -> None:
    w.serve("stage-1")
    calls = w.bus.subscribe("call.")
    asking = asyncio.create_task(w.stages.offer("k3v9", "ana", "v=0"))
    subject, payload = await anext(calls)
    assert (subject, CallMessage.decode(payload)) == ("call.k3v9", CallMessage("k3v9"))
    await w.take("stage-1")
    assert (await asking).session == "session at stage-1"
    await calls.aclose()


async def test_the_next_owner_is_asked_when_one_is_stopped(w: World) -> None:
    w.serve("stage-1", hangs=True)
    w.serve("stage-2")
    first = await w.take("stage-1")
    asking = asyncio.create_task(w.stages.offer("k3v9", "ana", "v=0"))
    await until(lambda: bool(w.asked))
    w.clock.advance(TTL_S)
    await w.take("stage-2")
    assert (await asking).session == "session at stage-2"
    assert [(stage, request.epoch) for stage, request in w.asked] == [
        ("stage-1", first),
        ("stage-2", first + 1),
    ]


async def test_a_new_space_is_waited_for(w: World) -> None:
    w.serve("stage-1")
    asking = asyncio.create_task(w.stages.offer("k3v9", "ana", "v=0"))
    await asyncio.sleep(0)
    await w.take("stage-1")
    assert (await asking).session == "session at stage-1"


async def test_a_stage_that_has_lost_it_sends_on(w: World) -> None:
    w.serve("stage-1", refuses=True)
    w.serve("stage-2")
    await w.take("stage-1")
    asking = asyncio.create_task(w.stages.offer("k3v9", "ana", "v=0"))
    await until(lambda: len(w.asked) >= 2)  # again, while the lease still says so
    w.clock.advance(TTL_S)
    await w.take("stage-2")
    assert (await asking).session == "session at stage-2"


async def test_without_an_owner_one_is_told_when_to_come_back(
    w: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "_OWNER_PATIENCE_S", 0.05)
    with pytest.raises(Unavailable) as away:
        await w.stages.offer("k3v9", "ana", "v=0")
    assert (away.value.code, away.value.retry_after_s) == ("stage-away", 2.0)


async def test_what_the_owner_refuses_comes_through(w: World) -> None:
    async def refuse(_: bytes) -> bytes:
        raise NotFound("session-unknown", "There is no such session.")

    w.bus.serve("stage.stage-1", refuse)
    await w.take("stage-1")
    with pytest.raises(NotFound, match="session-unknown"):
        await w.stages.hang_up("k3v9", "ana", "s3cret")
