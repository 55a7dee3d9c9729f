"""Control over a real database, in process, with people who ask it things."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from argon2 import PasswordHasher
from fastapi import FastAPI
from PIL import Image

from parvis.api.app import create_app
from parvis.api.rates import Rates
from parvis.api.services import HttpLimits, Services, build_services
from parvis.api.watch import Watch
from parvis.bus.messages import SeatReport, SeatsMessage
from parvis.clock import SystemClock
from parvis.people.passwords import Passwords
from parvis.settings import ControlSettings
from tests.databases import database_in
from tests.inproc_bus import InprocBus
from tests.inproc_leases import OneStage

PASSWORD = "correct horse"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
UNLIMITED = Rates(**dict.fromkeys(Rates.__dataclass_fields__, "100000 per minute"))


class TravelClock(SystemClock):
    """The machine's clocks, which a test can set forward."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s

    def wall_s(self) -> float:
        return super().wall_s() + self.ahead_s

    def program_s(self) -> float:
        return super().program_s() + self.ahead_s


@dataclass
class World:
    """A running control: its app, its bus, a client for each person."""

    app: FastAPI
    services: Services
    bus: InprocBus
    clock: TravelClock
    watch: Watch
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def person(self, handle: str) -> httpx.AsyncClient:
        """A client that is signed in as this handle, with a new account the first time."""
        if handle not in self.clients:
            client = self.nobody()
            account = {"handle": handle, "password": PASSWORD, "display_name": handle.title()}
            assert (await client.post("/api/v1/accounts", json=account)).status_code == 201
            signed_in = await client.post("/api/v1/sessions", json={"handle": handle, "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {signed_in.json()['token']}"
            client.cookies.clear()
            self.clients[handle] = client
        return self.clients[handle]

    def nobody(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """A client that is not signed in."""
        transport = httpx.ASGITransport(self.app, client=(address, 40_000))
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081")
        self.clients[f"nobody {len(self.clients)}"] = client
        return client

    async def space(self, host: str, **fields: Any) -> str:
        """The id of a new Space of this host."""
        client = await self.person(host)
        self.clock.ahead_s += 0.01  # lists are in the order of creation, to the millisecond
        created = await client.post("/api/v1/spaces", json={"title": "Budget night", **fields})
        assert created.status_code == 201, created.text
        return str(created.json()["id"])

    async def seat(self, space: str, host: str, guest: str, role: str = "speaker") -> httpx.AsyncClient:
        """The client of a guest who has taken a seat by invitation."""
        code = await self.invitation(space, host, role=role)
        client = await self.person(guest)
        taken = await client.post(f"/api/v1/spaces/{space}/seats", json={"invitation": code})
        assert taken.status_code == 201, taken.text
        return client

    async def connect(self, space: str, *handles: str, on_air: bool = True) -> None:
        """The stage says that exactly these are connected."""
        found = await self.services.spaces.get(space)
        reports = tuple(
            SeatReport(s.person.handle, s.person.handle in handles, 40, 0.5, 20.0, 1.5)
            for s in found.on_stage
        )
        said = SeatsMessage(space, "stage-1", found.revision, reports, on_air=on_air)
        await self.watch.hear(said.subject, said.encode())

    async def pass_time(self, seconds: float, space: str, *handles: str, on_air: bool = True) -> None:
        """The same after a time, in which control has looked once."""
        self.clock.ahead_s += seconds
        await self.connect(space, *handles, on_air=on_air)
        await self.watch.tick()

    async def act_as_host(self, space: str, host: str, acting: str) -> None:
        """Starts a Space, takes its host away and lets the grace pass: somebody acts as host."""
        await (await self.person(host)).post(f"/api/v1/spaces/{space}/start")
        await self.connect(space, acting)
        await self.pass_time(11, space, acting)
        found = await self.services.spaces.get(space)
        assert found.acting is not None
        assert found.acting.person.handle == acting

    async def make_operator(self, handle: str) -> httpx.AsyncClient:
        """A client of an operator."""
        client = await self.person(handle)
        async with self.services.database.write_people() as people:
            assert await people.set_operator(handle, operator=True)
        return client

    async def invitation(self, space: str, host: str, **terms: Any) -> str:
        """The code of a new invitation."""
        answer = await (await self.person(host)).post(f"/api/v1/spaces/{space}/invitations", json=terms)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["link"].partition("#invitation=")[2])


def tone(seconds: float = 2.0, rate_hz: int = 16_000) -> bytes:
    """A WAV file of a soft 440 Hz."""
    times = np.arange(int(seconds * rate_hz)) / rate_hz
    samples = (3_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def picture(width: int = 320, height: int = 200, kind: str = "PNG") -> bytes:
    """A picture file, brown above and blue below."""
    made = Image.new("RGB", (width, height), (120, 80, 20))
    made.paste((10, 20, 90), (0, height // 2, width, height))
    out = io.BytesIO()
    made.save(out, kind)
    return out.getvalue()


@asynccontextmanager
async def world(
    folder: Path,
    *,
    rates: Rates = UNLIMITED,
    http: HttpLimits | None = None,
    metrics_token: str = "",
    pages: Path | None = None,
    more: Mapping[str, Any] | None = None,
) -> AsyncIterator[World]:
    """Control on the database that the test asked for (`tests/databases.py`); the test steps its watch."""
    settings = ControlSettings(
        data=folder,
        database_url=database_in(folder),
        metrics_token=metrics_token,
        pages=pages if pages is not None else folder / "pages",
        **(more or {}),
    )
    bus = InprocBus()
    clock = TravelClock()
    services = build_services(
        settings, bus, OneStage(clock), clock, passwords=Passwords(CHEAP), rates=rates, http=http
    )
    await services.restore()
    made = World(create_app(services), services, bus, clock, Watch(services, bus))
    try:
        yield made
    finally:
        for client in made.clients.values():
            await client.aclose()
        await services.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition, for 10 s at most."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
