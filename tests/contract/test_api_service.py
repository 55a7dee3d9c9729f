"""Control as a process serves it: a real socket, real signals to stop, a second start on the same data."""

from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

import httpx
import pytest

from parvis.api.service import serve_control
from parvis.bus.messages import ProcessMessage, SpaceMessage
from parvis.clock import SystemClock
from parvis.errors import UserError
from parvis.settings import ControlSettings
from tests.contract.api_world import PASSWORD, until
from tests.inproc_bus import InprocBus
from tests.inproc_leases import OneStage


def start(data: Path, bus: InprocBus) -> tuple[asyncio.Task[None], str]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = ControlSettings(data=data, control_port=port)
    clock = SystemClock()
    task = asyncio.create_task(serve_control(settings, bus, OneStage(clock), clock, listener=listener))
    return task, f"http://127.0.0.1:{port}"


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_life_with_a_restart(tmp_path: Path) -> None:
    bus = InprocBus()
    task, url = start(tmp_path, bus)
    await until(lambda: "process.control" in bus.exchange.retained)
    beat = ProcessMessage.decode(bus.exchange.retained["process.control"][0])
    assert (beat.name, beat.role) == ("control", "control")
    async with httpx.AsyncClient(base_url=url) as client:
        account = {"handle": "ana", "password": PASSWORD, "display_name": "Ana"}
        assert (await client.post("/api/v1/accounts", json=account)).status_code == 201
        signed_in = await client.post("/api/v1/sessions", json={"handle": "ana", "password": PASSWORD})
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {signed_in.json()['token']}"
        space = (await client.post("/api/v1/spaces", json={"title": "Budget night"})).json()["id"]
        async with client.stream("GET", f"/api/v1/spaces/{space}/events") as events:
            lines = events.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            await stop(task)  # an open stream does not keep control from stopping
    assert stat.S_IMODE((tmp_path / "session-key.pem").stat().st_mode) == 0o600

    later = InprocBus()
    task, url = start(tmp_path, later)
    await until(lambda: "process.control" in later.exchange.retained)
    assert SpaceMessage.decode(later.exchange.retained[f"space.{space}"][0]).title == "Budget night"
    async with httpx.AsyncClient(base_url=url, headers=client.headers) as client:
        assert (await client.get("/api/v1/sessions/current")).status_code == 200
    await stop(task)


async def test_an_address_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ControlSettings(data=tmp_path, control_port=taken.getsockname()[1])
        with pytest.raises(UserError, match="can't listen on"):
            await serve_control(settings, InprocBus(), OneStage(SystemClock()), SystemClock())


@pytest.mark.parametrize("url", ["nonsense", "postgresql+none://x", "oracle://secret:word@host/x"])
async def test_a_database_url_that_can_not_be_used(tmp_path: Path, url: str) -> None:
    settings = ControlSettings(data=tmp_path, database_url=url)
    with pytest.raises(UserError, match="database_url") as refused:
        await serve_control(settings, InprocBus(), OneStage(SystemClock()), SystemClock())
    assert "word" not in str(refused.value)
