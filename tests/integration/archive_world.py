"""An archive that serves over real HTTP in this process, fed by a bus in memory with real parts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from parvis.archive.service import serve_archive
from parvis.archive.source import Source
from parvis.bus.messages import SeatState
from parvis.clock import SystemClock
from parvis.media.rendition import Rendition
from parvis.people.tokens import Claims, Tokens, load_or_make_key
from parvis.settings import ArchiveSettings
from tests.inproc_bus import InprocBus
from tests.unit.archive.makers import SPACE, program, space_message

PARTS = 40
OPERATOR = "operator-token"
STUDIO = "http://studio.example"


@dataclass
class ArchiveWorld:
    """A running archive. `http` asks as nobody, `as_(handle)` gives the headers of somebody."""

    settings: ArchiveSettings
    bus: InprocBus
    tokens: Tokens
    http: httpx.AsyncClient
    replay: str = f"/replay/{SPACE}"
    _clock: SystemClock = field(default_factory=SystemClock)

    def token(self, handle: str, *, valid_s: float = 60) -> str:
        now_s = int(self._clock.wall_s())
        return self.tokens.issue(Claims(f"acc-{handle}", f"session-{handle}", now_s, int(now_s + valid_s)))

    def as_(self, handle: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(handle)}"}

    @property
    def folder(self) -> Path:
        return self.settings.folder / SPACE

    async def record(
        self,
        *,
        ended: bool = True,
        tracks: bool = False,
        seats: tuple[SeatState, ...] | None = None,
        acting_host: str | None = None,
    ) -> None:
        """A Space from its first part to its last."""
        message, parts, _ = program(PARTS)
        wanted = space_message(recording="tracks" if tracks else "program", seats=seats)
        wanted = replace(wanted, acting_host=acting_host)
        self.bus.publish(wanted.subject, wanted.encode(), retain=1)
        self.bus.publish(message.subject, message.encode(), retain=1)
        for part in parts:
            self.bus.publish(part.subject, part.encode(), retain=len(parts))
            if tracks and part.rendition == "opus":
                self.bus.publish(f"track.{SPACE}.ben", part.encode())
        if ended:
            over = replace(wanted, revision=2, state="ended", ended_at="2026-10-14T18:00:00.000Z")
            self.bus.publish(over.subject, over.encode(), retain=1)
            await self.ready()

    async def on_disk(self, sequence: int) -> None:
        """Waits until this part is on disk in both renditions."""
        async with asyncio.timeout(20):
            while True:
                lanes = []
                for rendition in Rendition:
                    with Source(self.folder / "parts", rendition, {}) as source:
                        lanes.append(sequence in source.parts)
                if all(lanes):
                    return
                await asyncio.sleep(0.05)

    async def ready(self) -> dict[str, Any]:
        """Waits until the replay is made, and gives it."""
        async with asyncio.timeout(60):
            while (answer := await self.http.get(f"{self.replay}/replay.json")).status_code != 200:
                assert answer.status_code in (404, 503), answer.text
                await asyncio.sleep(0.05)
        parsed: dict[str, Any] = answer.json()
        return parsed

    async def sound(self, name: str = "audio.m4a") -> bytes:
        return (await self.http.get(f"{self.replay}/{name}")).raise_for_status().content


@contextlib.asynccontextmanager
async def archive(data: Path, bus: InprocBus | None = None, **more: Any) -> AsyncIterator[ArchiveWorld]:
    """Runs an archive over a data folder until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = ArchiveSettings(
        data=data,
        public_archive_url=origin,
        public_control_url=STUDIO,
        public_edge_url="http://edge.example",
        operator_token=OPERATOR,
        **{"archive_writes_per_minute": 1_000, "archive_reads_per_minute": 100_000, **more},
    )
    bus, clock = bus or InprocBus(), SystemClock()
    data.mkdir(exist_ok=True)
    tokens = Tokens(load_or_make_key(data))

    def read_token(token: str) -> tuple[str, str]:
        claims = tokens.read(token, clock.wall_s())
        return claims.account_id, claims.session_id

    serving = asyncio.create_task(serve_archive(settings, bus, clock, read_token, listener=listener))
    try:
        async with httpx.AsyncClient(base_url=origin, trust_env=False, timeout=30) as http:
            world = ArchiveWorld(settings, bus, tokens, http)
            async with asyncio.timeout(20):
                while True:
                    assert not serving.done(), serving.exception()
                    with contextlib.suppress(httpx.HTTPError):
                        if (await http.get("/healthz", timeout=1)).is_success:
                            break
            yield world
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
