"""A stage and an edge in processes of their own, without control: the test says on the bus what should be.

So it shows what holds while control is away, and reaches what only the bus can say.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from parvis.bus.local import LocalBus
from parvis.bus.messages import (
    CallMessage,
    OfferReply,
    OfferRequest,
    PartMessage,
    SeatsMessage,
    SeatState,
    SpaceMessage,
)
from parvis.stage import peer as peers
from tests.integration.signals import Int16, tone
from tests.parvis import PARVIS, free_ports, listen

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
        SeatState("ben", "Ben", "co-host"),
        SeatState("cem", "Cem", "speaker"),
    ),
)


def rfc3339(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def until(condition: Callable[[], bool], *, patience_s: float = 60) -> None:
    async with asyncio.timeout(patience_s):
        while not condition():
            await asyncio.sleep(0.02)


@dataclass
class Heard:
    """What has come by on the bus: of each Space its newest seats, its events, and its parts' numbers."""

    seats: dict[str, SeatsMessage] = field(default_factory=dict)
    events: dict[str, list[tuple[int, str, dict[str, Any]]]] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    processes: set[str] = field(default_factory=set)

    def take(self, subject: str, payload: bytes) -> None:
        if subject.startswith("seats."):
            seats = SeatsMessage.decode(payload)
            self.seats[seats.space] = seats
        elif subject.startswith("process."):
            self.processes.add(subject)
        elif subject.endswith(".opus"):
            part = PartMessage.decode(subject, payload)
            self.newest[part.space] = max(part.sequence, self.newest.get(part.space, 0))
            events = self.events.setdefault(part.space, [])
            events += [(part.sequence, event.type, dict(event.fields())) for event in part.events]

    def said(self, space: str, kind: str) -> list[dict[str, Any]]:
        return [fields for _, name, fields in self.events.get(space, []) if name == kind]


class Seat:
    """Somebody on stage who speaks a tone, and keeps what they hear."""

    def __init__(self, handle: str) -> None:
        self.handle = handle
        self.heard: list[Int16] = []
        self.peer = peers.Peer(peers.PeerSettings(loopback=True), self.heard.append)
        self._talking: asyncio.Task[None] | None = None

    async def join(self, bus: LocalBus, space: str, frequency_hz: float) -> None:
        offer = OfferRequest(space, self.handle, await self.peer.offer(receive=True))
        reply = OfferReply.decode(await bus.request("stage.stage-1", offer.encode(), timeout_s=30))
        await self.peer.accept(reply.sdp)
        await until(lambda: self.peer.state == "connected")
        self._talking = asyncio.create_task(self._talk(tone(frequency_hz, 120)))

    async def _talk(self, voice: Int16) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number in range(len(voice) // 960):
            self.peer.send(voice[number * 960 : (number + 1) * 960])
            await asyncio.sleep(max(began_s + (number + 1) * 0.02 - loop.time(), 0))

    async def leave(self) -> None:
        if self._talking:
            self._talking.cancel()
        await self.peer.close()


class StageAndEdge:
    """Two processes, a bus, and what the test says on it in control's name."""

    def __init__(self, folder: Path) -> None:
        self.run_dir = folder / "run"
        (self.port,) = free_ports(1)
        self.edge = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "PARVIS_RUN_DIR": str(self.run_dir),
            "PARVIS_DATA": str(folder),
            "PARVIS_PORT": str(self.port),
            "PARVIS_PUBLIC_EDGE_URL": self.edge,
            "PARVIS_RTC_LOOPBACK": "yes",
            "PARVIS_PER_ADDRESS": "0",
        }
        self._log = folder / "processes.log"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ears: list[subprocess.Popen[str]] = []
        self.wanted: dict[str, SpaceMessage] = {}
        self.heard = Heard()
        self.control: LocalBus | None = None

    def start(self, *command: str) -> None:
        with self._log.open("ab") as log:
            process = subprocess.Popen([*PARVIS, *command], stdout=log, stderr=log, env=self._environment)
        self._processes.append(process)

    def answers(self) -> bool:
        assert all(process.poll() is None for process in self._processes), self._log.read_text()[-4000:]
        try:
            return httpx.get(f"{self.edge}/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def say(self, space: str, **changes: Any) -> None:
        """What the Space should be from now on."""
        assert self.control is not None
        before = self.wanted.get(space, replace(SPACE, id=space))
        self.wanted[space] = replace(before, revision=before.revision + 1, **changes)
        message = self.wanted[space]
        self.control.publish(message.subject, message.encode(), retain=1)

    def mute(self, space: str, handle: str, by: str | None) -> None:
        seats = self.wanted[space].seats
        self.say(space, seats=tuple(replace(s, muted_by=by) if s.handle == handle else s for s in seats))

    async def call(self, space: str) -> None:
        """Until a stage has the Space, as control does for who comes."""
        assert self.control is not None
        call = CallMessage(space)
        while space not in self.heard.seats:
            self.control.publish(call.subject, call.encode())
            await asyncio.sleep(0.1)

    async def seat(self, space: str, handle: str, frequency_hz: float) -> Seat:
        assert self.control is not None
        await self.call(space)
        seat = Seat(handle)
        await seat.join(self.control, space, frequency_hz)
        return seat

    async def parts(self, space: str, count: int) -> None:
        """Waits for so many more parts."""
        last = self.heard.newest.get(space, 0) + count
        await until(lambda: self.heard.newest.get(space, 0) >= last)

    def space_json(self, space: str) -> dict[str, Any]:
        parsed: dict[str, Any] = httpx.get(f"{self.edge}/live/{space}/space.json").json()
        return parsed

    def listen(self, space: str, *more: str) -> subprocess.Popen[str]:
        ear = listen({"links": {"share": f"{self.edge}/s/{space}"}}, *more)
        self._ears.append(ear)
        return ear

    def stop(self) -> None:
        for ear in self._ears:
            if ear.poll() is None:
                ear.kill()
                ear.wait()
        for process in self._processes:
            process.send_signal(signal.SIGINT)
        assert [process.wait(timeout=40) for process in self._processes] == [0] * len(self._processes)


@asynccontextmanager
async def stage_and_edge(folder: Path) -> AsyncIterator[StageAndEdge]:
    """Both processes, and the test's place on their bus."""
    peers.allow_loopback()
    world = StageAndEdge(folder)
    world.start("stage")
    world.start("edge")
    try:
        await until(world.answers, patience_s=60)
        world.control = LocalBus(world.run_dir, "control")
        following = asyncio.create_task(_follow(world))
        await until(lambda: "process.stage-1" in world.heard.processes)
        yield world
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await world.control.close()
    finally:
        world.stop()


async def _follow(world: StageAndEdge) -> None:
    bus = LocalBus(world.run_dir, "witness")
    try:
        async for subject, payload in bus.subscribe("seats.", "part.", "process.", replay=True):
            world.heard.take(subject, payload)
    finally:
        await bus.close()


def read_wav(file: Path) -> Int16:
    with wave.open(str(file)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (48_000, 1, 2)
        return np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
