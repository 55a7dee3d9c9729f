"""A Space for members at a real edge: refused, let in, counted, and ended, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import PassesMessage, PassUseMessage
from parvis.spaces.pass_text import Claims, load_or_make_keys, sign
from tests.unit.edge.world import Listener, World, wait_for

LIVE = "/live/abc"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    try:
        yield made
    finally:
        made.close()


def text(world: World, pass_id: str = "p1", uses: int = 2) -> str:
    return sign(Claims(pass_id, "abc", uses, 0, None), load_or_make_keys(world.settings.data))


def begin(world: World) -> None:
    world.stage.begin(visibility="members")
    world.stage.parts(12)
    world.until(f"{LIVE}/stream.aac", 403)


def code(world: World, path: str, **headers: str) -> str:
    response = world.get(f"{LIVE}/{path}", **headers)
    return str(json.loads(response.body)["code"]) if response.status == 403 else str(response.status)


def test_everything_but_title_and_state_needs_a_pass(world: World) -> None:
    shown = text(world)
    with world.edge():
        begin(world)
        paths = ("stream.mp4", "stream.aac", "stream.ogg", "events", "index.m3u8", "aac.m3u8", "listen.m3u")
        for path in paths:
            assert code(world, path) == "pass-needed", path
            assert code(world, f"{path}?pass=nonsense") == "pass-invalid", path
        segment = world.stage.sequence // 6 - 1
        assert code(world, f"aac/{segment}.m4s") == "pass-needed"
        assert world.get(f"{LIVE}/aac/{segment}.m4s?pass={shown}").status == 200
        stranger = json.loads(world.get(f"{LIVE}/space.json").body)
        assert (stranger["title"], stranger["state"]) == ("Budget night", "live")
        assert (stranger["description"], stranger["speakers"], stranger["renditions"]) == ("", [], [])
        for target, headers in ((f"?pass={shown}", {}), ("", {"X_Parvis_Pass": shown})):
            response = world.get(f"{LIVE}/space.json{target}", **headers)
            assert json.loads(response.body)["description"] == "What it costs"
            assert response.headers["cache-control"].startswith("private")
        preflight = world.get(f"{LIVE}/stream.mp4", "OPTIONS")
        assert "X-Parvis-Pass" in preflight.headers["access-control-allow-headers"]


def test_a_player_of_hls_finds_its_way_by_the_playlist_alone(world: World) -> None:
    shown = text(world)
    with world.edge():
        begin(world)
        multivariant = world.get(f"{LIVE}/index.m3u8?pass={shown}", Accept_Encoding="gzip").body.decode()
        address = next(line for line in multivariant.splitlines() if line.startswith("aac.m3u8"))
        playlist = world.get(f"{LIVE}/{address}").body.decode()
        segments = [line for line in playlist.splitlines() if line and not line.startswith("#")]
        assert segments
        assert all(world.get(f"{LIVE}/{segment}").status == 200 for segment in segments)


def test_listeners_by_a_pass_are_counted_and_told(world: World) -> None:
    shown = text(world, uses=2)
    told: list[PassUseMessage] = []
    reader = LocalReader(world.run_dir, "pass-use.")
    with world.edge():
        begin(world)
        first, second = (Listener(world.connect(), f"{LIVE}/stream.mp4?pass={shown}") for _ in range(2))

        def said(count: int) -> bool:
            told.extend(PassUseMessage.decode(payload) for _, payload in reader.drain())
            return bool(told) and told[-1].used.get("p1", 0) == count

        wait_for(lambda: said(2), "two are counted")
        assert code(world, f"stream.mp4?pass={shown}") == "pass-full"
        first.client.socket.close()
        wait_for(lambda: said(1), "one has left")
        second.client.socket.close()
        wait_for(lambda: said(0), "nobody is there")
    reader.close()


def test_a_pass_that_is_void_ends_its_streams_and_no_others(world: World) -> None:
    with world.edge():
        begin(world)
        lost = Listener(world.connect(), f"{LIVE}/stream.mp4?pass={text(world, 'p1')}")
        kept = Listener(world.connect(), f"{LIVE}/stream.mp4?pass={text(world, 'p2')}")
        world.stage.say(PassesMessage("abc", 1, void=("p1",)))  # type: ignore[arg-type]
        with pytest.raises((EOFError, ConnectionResetError)):
            lost.read_until(world.stage.sequence + 1_000)
        assert code(world, f"stream.mp4?pass={text(world, 'p1')}") == "pass-invalid"
        kept.read_until(world.stage.parts(3))
