"""What control shows of other processes, and what it does by itself: events, counts, held Spaces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parvis.api.studio_events import studio_events
from parvis.api.watch import HELD_AFTER_S
from parvis.bus.messages import EdgeMessage, ProcessMessage, SeatReport, SeatsMessage, SpaceMessage
from parvis.errors import Overloaded
from tests.contract.api_world import World, world

pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def say(w: World, message: SeatsMessage | EdgeMessage | ProcessMessage) -> None:
    """A process says something, and control hears it."""
    await w.watch.hear(message.subject, message.encode())


def seats(space: str, *, connected: bool, level: int | None = None) -> SeatsMessage:
    return SeatsMessage(space, "stage-1", 1, (SeatReport("ana", connected, level, 0.5, 20.0, 1.5),))


class Stream:
    """The studio's events as a page reads them."""

    def __init__(self, frames: AsyncIterator[str]) -> None:
        self._frames = frames

    async def next(self, event: str) -> Any:
        """The data of the next event of this name."""
        async with asyncio.timeout(10):
            async for frame in self._frames:
                if frame.startswith(f"event: {event}\n"):
                    return json.loads(frame.partition("data: ")[2])
        raise AssertionError("the stream ended")

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            async for _ in self._frames:
                pass
        return True


async def open_stream(w: World, space: str, handle: str) -> Stream:
    """The stream of the route without HTTP around it: ASGITransport waits for the end of an answer."""
    token = (await w.person(handle)).headers["Authorization"].removeprefix("Bearer ")
    session = await w.services.people.who(token)
    return Stream(studio_events(w.services, await w.services.spaces.get(space), session))


async def test_seats_show_what_the_stage_says(w: World) -> None:
    space = await w.space("ana")
    ana = await w.person("ana")
    await say(w, seats(space, connected=True, level=80))
    shown = (await ana.get(f"/api/v1/spaces/{space}/seats")).json()
    assert shown == {
        "items": [
            {
                "handle": "ana",
                "display_name": "Ana",
                "avatar": None,
                "role": "host",
                "acting": False,
                "muted": False,
                "muted_by": None,
                "connected": True,
                "level": 80,
                "loss_percent": 0.5,
                "rtt_ms": 20.0,
                "jitter_ms": 1.5,
                "check": None,
            }
        ],
        "recording": "off",
        "stage_epoch": None,
    }
    measured = {"verdict": "fair", "advice": ["noisy"], "noise_dbfs": -41.0}
    checked = SeatsMessage(space, "stage-1", 1, (SeatReport("ana", True, 80, check=measured),))
    await say(w, checked)
    assert (await ana.get(f"/api/v1/spaces/{space}/seats")).json()["items"][0]["check"] == measured
    w.clock.ahead_s += 6  # the stage is silent: nobody knows any more
    [silent] = (await ana.get(f"/api/v1/spaces/{space}/seats")).json()["items"]
    assert (silent["connected"], silent["level"]) == (False, None)
    await say(w, ProcessMessage("stage-1", "stage", 1))
    [alive] = (await ana.get(f"/api/v1/spaces/{space}/seats")).json()["items"]
    assert alive["connected"]


async def test_who_has_lost_a_space_is_not_believed(w: World) -> None:
    """A stage that was stopped goes on reporting what is not any more: the one that took over is right."""
    space = await w.space("ana")
    ana = await w.person("ana")
    stream = await open_stream(w, space, "ana")
    assert (await stream.next("seats"))["stage_epoch"] is None
    await say(w, replace(seats(space, connected=True), epoch=7))
    told = await stream.next("seats")
    assert (told["stage_epoch"], told["items"][0]["connected"]) == (7, True)
    await say(w, SeatsMessage(space, "stage-2", 1, (SeatReport("ana", False),), epoch=8))
    told = await stream.next("seats")
    assert (told["stage_epoch"], told["items"][0]["connected"]) == (8, False)
    await say(w, replace(seats(space, connected=True), epoch=7))
    shown = (await ana.get(f"/api/v1/spaces/{space}/seats")).json()
    assert (shown["stage_epoch"], shown["items"][0]["connected"]) == (8, False)


async def test_listeners_and_their_peak(w: World) -> None:
    space = await w.space("ana")
    nobody = w.nobody()

    async def counts() -> Any:
        return (await nobody.get(f"/api/v1/spaces/{space}")).json()["counts"]

    await say(w, EdgeMessage("edge-1", {space: 1_000}))
    await say(w, EdgeMessage("edge-2", {space: 234}))
    assert await counts() == {"listeners": 1_234, "peak_listeners": 1_234, "total_listeners": 0}
    await say(w, EdgeMessage("edge-1", {space: 10}))
    assert await counts() == {"listeners": 244, "peak_listeners": 1_234, "total_listeners": 0}
    w.clock.ahead_s += 6
    assert await counts() == {"listeners": 0, "peak_listeners": 1_234, "total_listeners": 0}
    ana = await w.person("ana")
    await ana.post(f"/api/v1/spaces/{space}/end")
    assert (await w.services.spaces.get(space)).peak_listeners == 1_234


async def test_peaks_are_kept_every_ten_seconds(w: World) -> None:
    space = await w.space("ana")
    await say(w, EdgeMessage("edge-1", {space: 77}))
    await w.watch.tick()
    assert (await w.services.spaces.get(space)).peak_listeners == 0
    w.clock.ahead_s += 11
    await w.watch.tick()
    kept = await w.services.spaces.get(space)
    assert (kept.peak_listeners, kept.revision) == (77, 1)


async def test_a_live_space_without_anybody_is_held_and_comes_back(w: World) -> None:
    space = await w.space("ana")
    ana = await w.person("ana")
    await ana.post(f"/api/v1/spaces/{space}/start")
    await say(w, seats(space, connected=True))
    await say(w, seats(space, connected=False))
    w.clock.ahead_s += HELD_AFTER_S - 1
    await w.watch.tick()
    assert (await w.services.spaces.get(space)).state.value == "live"
    w.clock.ahead_s += 2
    await w.watch.tick()
    assert (await w.services.spaces.get(space)).state.value == "held"
    published = SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][0])
    assert (published.state, published.revision) == ("held", 4)
    assert (await ana.post(f"/api/v1/spaces/{space}/start")).json()["state"] == "held"
    await say(w, seats(space, connected=True))
    assert (await w.services.spaces.get(space)).state.value == "live"


async def test_messages_that_make_no_sense_are_skipped(w: World) -> None:
    space = await w.space("ana")
    for subject, payload in (
        (f"seats.{space}", b"\xff"),
        (f"seats.{space}", b"[]"),
        (f"seats.{space}", b"{}"),
        (f"seats.{space}", b'{"space": "x", "stage": "s", "revision": 1, "seats": [5]}'),
        ("edge.edge-1", b'{"edge": "edge-1", "listeners": 5}'),
        ("edge.edge-1", b'{"edge": "edge-1", "listeners": {"x": "many"}}'),
        ("process.x", b'{"name": "x", "role": "x", "pid": 1, "gauges": {"x": "high"}}'),
        ("process.x", b'{"name": "x"}'),
    ):
        await w.watch.hear(subject, payload)
    assert (await w.nobody().get(f"/api/v1/spaces/{space}")).json()["counts"]["listeners"] == 0


async def test_the_studio_hears_everything_as_it_happens(w: World) -> None:
    space = await w.space("ana")
    stream = await open_stream(w, space, "ana")
    first = await stream.next("space")
    assert (first["id"], first["role"]) == (space, "host")
    assert [seat["handle"] for seat in (await stream.next("seats"))["items"]] == ["ana"]
    assert await stream.next("counts") == {"listeners": 0, "peak_listeners": 0, "total_listeners": 0}

    ana = await w.person("ana")
    await ana.post(f"/api/v1/spaces/{space}/start")
    assert (await stream.next("space"))["state"] == "live"
    await say(w, seats(space, connected=True, level=40))
    while (await stream.next("seats"))["items"][0]["level"] != 40:
        pass  # what was said before may come once more
    assert (await stream.next("seats"))["items"][0]["level"] == 40, "again, while anyone is connected"
    await say(w, EdgeMessage("edge-1", {space: 3}))
    assert await stream.next("counts") == {"listeners": 3, "peak_listeners": 3, "total_listeners": 0}


async def test_the_stream_ends_with_the_seat_the_session_and_control(w: World) -> None:
    space = await w.space("ana")
    for handle in ("ben", "cleo"):
        await w.seat(space, "ana", handle)
    ben, cleo, ana = [await open_stream(w, space, handle) for handle in ("ben", "cleo", "ana")]
    for stream in (ben, cleo, ana):
        await stream.next("counts")
    await (await w.person("ana")).delete(f"/api/v1/spaces/{space}/seats/ben")
    assert await ben.ended()
    await (await w.person("cleo")).delete("/api/v1/sessions/current")
    w.clock.ahead_s += 16
    assert await cleo.ended()
    w.services.closing.set()
    w.services.live.wake_all()
    assert await ana.ended()
    assert w.services.streams == {}


async def test_an_account_has_only_so_many_streams(w: World) -> None:
    space = await w.space("ana")
    streams = [await open_stream(w, space, "ana") for _ in range(w.services.http.events_per_account)]
    for stream in streams:
        await stream.next("space")
    with pytest.raises(Overloaded, match="too-many-requests"):
        await open_stream(w, space, "ana")
    w.services.closing.set()
    w.services.live.wake_all()
    for stream in streams:
        assert await stream.ended()


async def test_the_event_stream_over_http(w: World) -> None:
    space = await w.space("ana")
    w.services.closing.set()
    answer = await (await w.person("ana")).get(f"/api/v1/spaces/{space}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == "retry: 2000\n\n"


async def test_metrics(w: World) -> None:
    space = await w.space("ana")
    await (await w.person("ana")).post(f"/api/v1/spaces/{space}/start")
    await say(w, EdgeMessage("edge-1", {space: 12}))
    await say(w, ProcessMessage("stage-1", "stage", 1, {"tick late-ms": 1.5}))
    text = (await w.nobody().get("/metrics")).text
    assert 'parvis_spaces{state="live"} 1.0' in text
    assert "parvis_listeners 12.0" in text
    assert 'parvis_tick_late_ms{process="stage-1"} 1.5' in text
    assert 'parvis_process_up{process="stage-1",role="stage"} 1.0' in text
    started = (
        'parvis_control_requests_total{method="POST",route="/api/v1/spaces/{space}/start",status="200"} 1.0'
    )
    assert started in text
    assert space not in text


async def test_metrics_are_for_loopback_or_the_token(tmp_path: Path) -> None:
    async with world(tmp_path, metrics_token="m3tric") as w:
        far = w.nobody("203.0.113.9")
        right, wrong = ([(b"Authorization", f"Bearer {token}".encode())] for token in ("m3tric", "é3tric"))
        assert (await far.get("/metrics")).json()["code"] == "forbidden"
        assert (await far.get("/metrics", headers=wrong)).status_code == 403
        assert (await far.get("/metrics", headers=right)).status_code == 200
        assert (await w.nobody().get("/metrics")).status_code == 200
