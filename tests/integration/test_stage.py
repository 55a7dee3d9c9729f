"""A stage with real WebRTC peers: who hears whom, what mutes, what the program holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parvis.bus.leases_local import LocalLeases
from parvis.bus.local import LocalBus
from parvis.bus.messages import (
    HangupRequest,
    OfferReply,
    OfferRequest,
    PartMessage,
    ProgramMessage,
    SeatsMessage,
    SeatState,
    SpaceMessage,
)
from parvis.clock import SystemClock
from parvis.errors import NotFound, Overloaded, Refused
from parvis.media.rendition import Rendition
from parvis.program.service import Program
from parvis.settings import StageSettings
from parvis.stage import peer as peers
from parvis.stage.room import ProgramSink
from parvis.stage.service import Stage
from tests.integration.signals import Int16, power_db, tone

pytestmark = pytest.mark.alone  # stage and guests share one loop here, and none of them runs in real time
SPACE = SpaceMessage(
    id="test",
    revision=1,
    title="Test",
    description="",
    language="en",
    state="scheduled",
    host="ana",
    created_at="2026-11-22T00:00:00.000Z",
    starts_at=None,
    started_at=None,
    ended_at=None,
    seats=(
        SeatState("ana", "Ana", "host"),
        SeatState("ben", "Ben", "speaker"),
        SeatState("cem", "Cem", "speaker"),
    ),
)


class Guest:
    """A seat's other end: speaks a tone and keeps what it hears."""

    def __init__(self, world: World, handle: str, frequency_hz: float) -> None:
        self._world = world
        self.handle = handle
        self.frequency_hz = frequency_hz
        self.heard: list[Int16] = []
        self.peer = peers.Peer(peers.PeerSettings(loopback=True), self.heard.append)
        self.session = ""
        self._voice = tone(frequency_hz, 60)
        self._talking: asyncio.Task[None] | None = None

    async def join(self, *, receive: bool = True, talk: bool = True) -> None:
        offer = await self.peer.offer(receive=receive)
        reply = await self._world.ask(OfferRequest("test", self.handle, offer).encode())
        answer = OfferReply.decode(reply)
        self.session = answer.session
        await self.peer.accept(answer.sdp)
        await until(lambda: self.peer.state == "connected")
        if talk:
            self._talking = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number in range(len(self._voice) // 960):
            self.peer.send(self._voice[number * 960 : (number + 1) * 960])
            await asyncio.sleep(max(began_s + (number + 1) * 0.02 - loop.time(), 0))

    async def hears(self, seconds: float = 0.5) -> Int16:
        """What comes in from now on, for so long."""
        self.heard.clear()
        await until(lambda: sum(map(len, self.heard)) >= seconds * 48_000)
        return np.concatenate(self.heard)

    async def leave(self) -> None:
        if self._talking:
            self._talking.cancel()
        await self.peer.close()


class World:
    """A stage on a bus, and what control would say to it."""

    def __init__(self, run_dir: Path) -> None:
        self.control = LocalBus(run_dir, "control")
        stage_bus = self._stage_bus = LocalBus(run_dir, "stage-1")
        settings = StageSettings(rtc_loopback=True, max_sessions=3)

        def start_program(
            space: str, first_sequence: int, *, epoch: int, holds: Callable[[], bool]
        ) -> ProgramSink:
            return Program.start(stage_bus, space, "stage-1", first_sequence, epoch=epoch, holds=holds)

        clock = SystemClock()
        self._leases = LocalLeases(run_dir, clock)
        self.stage = Stage(settings, stage_bus, self._leases, clock, start_program)
        self._running = asyncio.create_task(self.stage.run())
        self.guests: list[Guest] = []
        self.wanted = SPACE
        self.say()

    def say(self, **changes: object) -> None:
        self.wanted = replace(self.wanted, revision=self.wanted.revision + 1, **changes)  # type: ignore[arg-type]
        self.control.publish(self.wanted.subject, self.wanted.encode(), retain=1)

    def mute(self, handle: str, by: str | None) -> None:
        self.say(seats=tuple(replace(s, muted_by=by) if s.handle == handle else s for s in self.wanted.seats))

    async def ask(self, payload: bytes) -> bytes:
        return await self.control.request("stage.stage-1", payload, timeout_s=10)

    async def guest(self, handle: str, frequency_hz: float) -> Guest:
        guest = Guest(self, handle, frequency_hz)
        self.guests.append(guest)
        await guest.join()
        return guest

    async def close(self) -> None:
        for guest in self.guests:
            await guest.leave()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self._leases.close()
        await self._stage_bus.close()
        await self.control.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    peers.allow_loopback()
    world = World(tmp_path / "run")
    yield world
    await world.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def until_heard(guest: Guest, frequency_hz: float, *, at_least_db: float = -45) -> None:
    async with asyncio.timeout(20):
        while power_db(await guest.hears(0.25), frequency_hz) < at_least_db:
            pass


async def test_each_hears_the_others_and_not_itself(world: World) -> None:
    ana, ben, cem = [
        await world.guest(handle, hz) for handle, hz in (("ana", 440), ("ben", 1000), ("cem", 2500))
    ]
    everybody = (ana, ben, cem)
    for guest in everybody:
        for other in everybody:
            if other is not guest:
                await until_heard(guest, other.frequency_hz)
    for guest in everybody:
        heard = await guest.hears(1.0)
        others = [power_db(heard, other.frequency_hz) for other in everybody if other is not guest]
        assert min(others) > -45, others
        assert power_db(heard, guest.frequency_hz) < min(others) - 35


async def test_a_muted_seat_is_silent_on_the_server(world: World) -> None:
    ana, ben = await world.guest("ana", 440), await world.guest("ben", 1000)
    await until_heard(ana, ben.frequency_hz)
    world.mute("ben", "host")
    async with asyncio.timeout(10):
        while power_db(await ana.hears(0.25), 1000) > -75:
            pass
    world.mute("ben", None)
    await until_heard(ana, 1000)


async def test_a_hangup_frees_the_sound_and_keeps_the_seat(world: World) -> None:
    ana, ben = await world.guest("ana", 440), await world.guest("ben", 1000)
    await until_heard(ana, 1000)
    await world.ask(HangupRequest("test", "ben", ben.session).encode())
    async with asyncio.timeout(10):
        while power_db(await ana.hears(0.25), 1000) > -75:
            pass
    with pytest.raises(NotFound):
        await world.ask(HangupRequest("test", "ben", ben.session).encode())
    again = await world.guest("ben", 1500)
    await until_heard(ana, again.frequency_hz)


async def test_a_second_offer_takes_the_place_of_the_first(world: World) -> None:
    ana, _first = await world.guest("ana", 440), await world.guest("ben", 1000)
    await until_heard(ana, 1000)
    await world.guest("ben", 1500)
    await until_heard(ana, 1500)
    assert power_db(await ana.hears(0.5), 1000) < -60


async def test_a_vanished_peer_is_reported_and_forgotten(world: World) -> None:
    ana, ben = await world.guest("ana", 440), await world.guest("ben", 1000)
    await until_heard(ana, 1000)
    reports = world.control.subscribe("seats.", replay=True)

    async def reported(*, connected: bool) -> None:
        async with asyncio.timeout(20):
            async for _, payload in reports:
                seats = {seat.handle: seat for seat in SeatsMessage.decode(payload).seats}
                if "ben" in seats and seats["ben"].connected == connected:
                    return

    await reported(connected=True)
    await ben.leave()  # no DELETE: packets just stop
    await reported(connected=False)


async def test_who_says_nothing_still_listens(world: World) -> None:
    """A seat whose microphone sends not one packet keeps hearing the others for longer than any patience."""
    ana = await world.guest("ana", 440)
    ben = Guest(world, "ben", 1000)
    world.guests.append(ben)
    await ben.join(talk=False)
    await until_heard(ben, ana.frequency_hz)
    for _ in range(22):
        await ben.hears(1.0)
    assert power_db(await ben.hears(0.5), ana.frequency_hz) > -45


async def test_removal_by_control_closes_the_session(world: World) -> None:
    ana, _ben = await world.guest("ana", 440), await world.guest("ben", 1000)
    await until_heard(ana, 1000)
    world.say(seats=tuple(seat for seat in world.wanted.seats if seat.handle != "ben"))
    async with asyncio.timeout(10):
        while power_db(await ana.hears(0.25), 1000) > -75:
            pass
    with pytest.raises(Refused):
        await world.ask(OfferRequest("test", "ben", await ben_offer()).encode())


async def ben_offer() -> str:
    peer = peers.Peer(peers.PeerSettings(loopback=True), lambda _samples: None)
    try:
        return await peer.offer(receive=False)
    finally:
        await peer.close()


async def test_who_takes_late_gets_the_newest_200_ms() -> None:
    heard = peers.Peer(peers.PeerSettings(loopback=True))
    sender = peers.Peer(peers.PeerSettings(loopback=True))
    await sender.accept(await heard.answer(await sender.offer(receive=False), send=False))
    await until(lambda: heard.state == "connected")

    tick = tone(440, 1)[960:1920]
    frames: list[Int16] = []
    async with asyncio.timeout(20):
        while not any(frame.any() for frame in frames):
            sender.send(tick)
            await asyncio.sleep(0.02)
            frames += heard.take()
    assert {frame.shape for frame in frames} == {(480,)}
    for _ in range(50):
        sender.send(tick)
        await asyncio.sleep(0.02)
    assert len(list(heard.take())) == peers.QUEUE_FRAMES
    await asyncio.gather(sender.close(), heard.close())
    assert not list(heard.take())


async def test_a_full_stage_says_so(world: World) -> None:
    world.say(seats=(*world.wanted.seats, SeatState("dan", "Dan", "speaker")))
    for handle in ("ana", "ben", "cem"):
        await world.guest(handle, 440)
    with pytest.raises(Overloaded) as full:
        await world.ask(OfferRequest("test", "dan", await ben_offer()).encode())
    assert full.value.code == "stage-full"


async def test_an_unknown_space_is_said(world: World) -> None:
    with pytest.raises(NotFound) as unknown:
        await world.ask(OfferRequest("other", "ana", await ben_offer()).encode())
    assert unknown.value.code == "space-unknown"


async def test_the_program_is_whole_from_start_to_end(world: World) -> None:
    listening = world.control.subscribe("part.test.", "program.test", replay=True)
    ana = await world.guest("ana", 440)
    world.say(state="live")
    parts: dict[Rendition, list[PartMessage]] = {Rendition.OPUS: [], Rendition.AAC: []}
    programs: list[ProgramMessage] = []

    async def take_until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                subject, payload = await anext(listening)
                if subject.startswith("part."):
                    part = PartMessage.decode(subject, payload)
                    parts[part.rendition].append(part)
                else:
                    programs.append(ProgramMessage.decode(payload))

    await take_until(lambda: len(parts[Rendition.OPUS]) >= 6)
    await ana.leave()
    await take_until(lambda: len(parts[Rendition.OPUS]) >= 12)
    world.say(state="ended")
    await take_until(lambda: bool(programs) and programs[-1].last_sequence is not None)
    for rendition in parts:
        numbers = [part.sequence for part in parts[rendition]]
        assert numbers == list(range(programs[0].first_sequence, programs[-1].last_sequence + 1))  # type: ignore[operator]
        assert [part.last for part in parts[rendition]].count(True) == 1
    kinds = {event.type for part in parts[Rendition.OPUS] for event in part.events}
    assert kinds >= {"state", "stage", "levels"}
    levels = [e.fields() for part in parts[Rendition.OPUS] for e in part.events if e.type == "levels"]
    assert any(fields["active"] == "ana" and fields["levels"]["ana"] > 50 for fields in levels)
    assert levels[-1] == {"type": "levels", "levels": {}, "active": None}


async def test_descriptors_do_not_leak(world: World) -> None:
    async def come_and_go() -> None:
        guest = await world.guest("ana", 440)
        await world.ask(HangupRequest("test", "ana", guest.session).encode())
        await guest.leave()
        world.guests.remove(guest)

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    await come_and_go()
    before = descriptors()
    for _ in range(10):
        await come_and_go()
    await until(lambda: descriptors() <= before + 4)
