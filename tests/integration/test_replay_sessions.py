"""Who has signed out, or was suspended, decides nothing at the archive: control and archive on one bus."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from parvis.api.service import serve_control
from parvis.bus.messages import SeatState
from parvis.bus.sessions import SESSIONS
from parvis.clock import SystemClock
from parvis.settings import ControlSettings
from parvis.store.database import Database, database_url
from tests.contract.api_world import PASSWORD
from tests.inproc_leases import OneStage
from tests.integration.archive_world import ArchiveWorld, archive
from tests.unit.archive.makers import SPACE


@dataclass
class World:
    """A control that serves, and an archive with a replay of ana's."""

    archive: ArchiveWorld
    control: httpx.AsyncClient
    serving: asyncio.Task[None]
    data: Path

    async def sign_in(self, handle: str) -> dict[str, str]:
        answer = await self.control.post("/api/v1/sessions", json={"handle": handle, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        self.control.cookies.clear()
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def stop_control(self) -> None:
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)
        self.archive.bus.exchange.handlers.pop(SESSIONS, None)  # as its process is gone

    async def changes(self, headers: dict[str, str]) -> tuple[int, str]:
        """What comes of a change that these may make."""
        answer = await self.archive.http.patch(self.archive.replay, json={"public": True}, headers=headers)
        return answer.status_code, answer.json().get("code", "")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    data = tmp_path / "data"
    async with archive(data) as found:
        listener, clock = socket.create_server(("127.0.0.1", 0)), SystemClock()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = ControlSettings(data=data)
        serving = asyncio.create_task(
            serve_control(settings, found.bus, OneStage(clock), clock, listener=listener)
        )
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as control:
            async with asyncio.timeout(30):
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        if (await control.get("/healthz", timeout=1)).is_success:
                            break
                    await asyncio.sleep(0.05)
            made = World(found, control, serving, data)
            for handle in ("ana", "olga"):
                account = {"handle": handle, "password": PASSWORD, "display_name": handle.title()}
                assert (await control.post("/api/v1/accounts", json=account)).status_code == 201
            token = (await made.sign_in("ana"))["Authorization"].removeprefix("Bearer ")
            account_id = found.tokens.read(token, clock.wall_s()).account_id
            await found.record(seats=(SeatState("ana", "Ana", "host", None, account_id),))
            yield made
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


GOOD, REFUSED = (200, ""), (401, "not-signed-in")


async def test_a_sign_out_counts_at_the_archive_at_once(world: World) -> None:
    here, elsewhere = await world.sign_in("ana"), await world.sign_in("ana")
    assert await world.changes(here) == GOOD
    assert (await world.control.delete("/api/v1/sessions/current", headers=here)).status_code == 204
    assert await world.changes(here) == REFUSED
    gone = await world.archive.http.delete(world.archive.replay, headers=here)
    assert (gone.status_code, gone.json()["code"]) == REFUSED
    assert (world.archive.folder / "record.json").exists(), SPACE
    assert await world.changes(elsewhere) == GOOD, "the other session goes on"
    assert (await world.control.delete("/api/v1/sessions", headers=elsewhere)).status_code == 204
    assert await world.changes(elsewhere) == GOOD, "it ended the others, not itself"


async def test_without_control_what_is_signed_counts_but_not_what_it_called_over(world: World) -> None:
    here, elsewhere = await world.sign_in("ana"), await world.sign_in("ana")
    assert (await world.control.delete("/api/v1/sessions/current", headers=here)).status_code == 204
    assert await world.changes(here) == REFUSED
    await world.stop_control()
    assert await world.changes(elsewhere) == GOOD
    assert await world.changes(here) == REFUSED


async def test_who_is_suspended_is_nobody(world: World) -> None:
    ana, olga = await world.sign_in("ana"), await world.sign_in("olga")
    database = Database(database_url("", world.data))
    async with database.write_people() as people:
        assert await people.set_operator("olga", operator=True)
    await database.close()
    assert await world.changes(ana) == GOOD
    said = await world.control.post(
        "/api/v1/accounts/ana/suspension", json={"reason": "Sells tickets twice."}, headers=olga
    )
    assert said.status_code == 201, said.text
    assert await world.changes(ana) == REFUSED
