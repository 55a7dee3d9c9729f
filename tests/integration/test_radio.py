"""Radio receivers at a real edge: every byte, and every sample as FFmpeg plays it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.bus.messages import Handoff
from parvis.clock import PART_SAMPLES, part_start_s
from parvis.edge.radio import RADIO_JOIN_PARTS
from parvis.edge.view import rfc3339
from parvis.media.adts import METADATA_INTERVAL_BYTES
from parvis.media.events import Event
from tests.integration.broadcast import Broadcast, ffmpeg, levels_of, place_of
from tests.integration.players import mplayer
from tests.unit.edge.world import World, space_message, wait_for

PARTS = 60
SPEAKERS = Event.of(
    "stage", speakers=[{"handle": handle, "display_name": handle.title()} for handle in ("ana", "ben")]
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def speaks(handle: str) -> Event:
    return Event.of("levels", levels={handle: 60}, active=handle)


def listeners(world: World) -> int:
    found = re.search(r"parvis_edge_listeners\{.*\} (\d+)", world.get("/metrics").body.decode())
    assert found
    return int(found[1])


def newest_is(world: World, sequence: int, space: str = "abc") -> bool:
    for codec in ("aac", "opus"):
        told = world.get(f"/live/{space}/stream.mp4?codec={codec}&from=999999999999999", "HEAD")
        if told.headers.get("x-parvis-sequence") != str(sequence):
            return False
    return True


@pytest.mark.parametrize(
    ("door", "options"), [("stream.aac", ()), ("stream.aac", ("-icy", "0")), ("stream.ogg", ())]
)
def test_ffmpeg_hears_every_sample(world: World, door: str, options: tuple[str, ...]) -> None:
    broadcast = Broadcast(world, PARTS, {"abc": 1.0})
    with world.edge():
        last = broadcast.send(20)
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        player = ffmpeg(f"http://127.0.0.1:{world.port}/live/abc/{door}", *options)
        wait_for(lambda: listeners(world) == 1, "it listens")
        last = broadcast.send(PARTS - 22)
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        broadcast.end()
        heard = player.heard()
    joined = 20 - RADIO_JOIN_PARTS
    assert abs(place_of(heard[PART_SAMPLES:], broadcast.sound) - (joined + 1) * PART_SAMPLES) <= 3
    assert len(heard) == (PARTS - 2 - joined) * PART_SAMPLES, "nothing missing, nothing added"
    levels = levels_of(heard[PART_SAMPLES:], broadcast.sound, first=joined + 1)
    assert all(0.9 < level < 1.1 for level in levels)


@pytest.mark.parametrize("door", ["stream.aac", "stream.ogg"])
def test_a_receiver_goes_over_into_another_space(world: World, door: str) -> None:
    broadcast = Broadcast(world, PARTS, {"abc": 1.0, "xyz": 0.5})
    with world.edge():
        last = broadcast.send(20)
        wait_for(lambda: newest_is(world, last) and newest_is(world, last, "xyz"), "the edge has all parts")
        player = ffmpeg(f"http://127.0.0.1:{world.port}/live/abc/{door}")
        wait_for(lambda: listeners(world) == 1, "it listens")
        over = last + 10
        handoff = Handoff(
            "h", "xyz", "", "The other", "More room", "ana", rfc3339(part_start_s(over) + 0.001)
        )
        world.stage.say(space_message(revision=2, handoffs=(handoff,)))
        world.until(f"/live/abc/{door}", 307)
        last = broadcast.send(30)
        wait_for(lambda: newest_is(world, last, "xyz"), "the edge has all parts")
        broadcast.end()
        heard = player.heard()
    joined = 20 - RADIO_JOIN_PARTS
    assert len(heard) == (50 - joined) * PART_SAMPLES
    levels = levels_of(heard[PART_SAMPLES:], broadcast.sound, first=joined + 1)
    seam = over - broadcast.first - joined - 1
    assert all(0.9 < level < 1.1 for level in levels[:seam])
    assert all(0.45 < level < 0.55 for level in levels[seam + 1 :])


def test_what_an_old_receiver_gets(world: World) -> None:
    world.stage.begin(title="L’été")
    last = world.stage.parts(20)
    with world.edge(), world.connect() as client:
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        client.request("/live/abc/stream.aac", version="1.0", Icy_MetaData="1", Range="bytes=0-")
        head = client.head()
        assert head.status == 200
        assert head.headers["content-type"] == "audio/aac"
        assert head.headers["icy-name"].encode("latin-1").decode() == "L’été"
        assert head.headers["icy-br"] == "64"
        assert int(head.headers["icy-metaint"]) == METADATA_INTERVAL_BYTES
        assert "transfer-encoding" not in head.headers
        world.stage.part(last=True)
        world.stage.say(space_message(state="ended", revision=2))
        body = client.rest()
        size = body[METADATA_INTERVAL_BYTES] * 16
        said = body[METADATA_INTERVAL_BYTES + 1 : METADATA_INTERVAL_BYTES + 1 + size].rstrip(b"\0")
        assert said == "StreamTitle='L’été';".encode()


def test_a_receiver_is_told_who_speaks(world: World) -> None:
    world.stage.begin()
    world.stage.parts(19)
    last = world.stage.part([SPEAKERS, speaks("ana")])
    with world.edge(), world.connect() as client:
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        client.request("/live/abc/stream.aac", version="1.0", Icy_MetaData="1")
        head = client.head()
        assert head.headers["icy-description"] == "What it costs"
        assert int(head.headers["x-parvis-sequence"]) == last - RADIO_JOIN_PARTS + 1
        world.stage.part([speaks("ben")])
        world.stage.part(last=True)
        world.stage.say(space_message(state="ended", revision=2))
        found = re.findall(rb"StreamTitle='(.*?)';", client.rest())
        assert list(dict.fromkeys(found)) == [b"Ana - Budget night", b"Ana, Ben - Budget night"]


def ffprobe(url: str) -> dict[str, str]:
    """What a player of FFmpeg's is told of a stream, by name."""
    command = ["ffprobe", "-v", "error", "-show_entries", "format_tags", "-of", "json", url]
    probed = subprocess.run(command, capture_output=True, check=True, timeout=60)
    tags: dict[str, str] = json.loads(probed.stdout)["format"]["tags"]
    return tags


@pytest.mark.parametrize(("visibility", "listed"), [("public", "1"), ("unlisted", "0")])
def test_ffprobe_reads_what_is_on_air(world: World, visibility: str, listed: str) -> None:
    broadcast = Broadcast(world, PARTS, {"abc": 1.0})
    world.stage.say(space_message(revision=2, visibility=visibility))
    with world.edge():
        last = broadcast.send(40, SPEAKERS, speaks("ana"))
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        edge = f"http://127.0.0.1:{world.port}"
        tags = ffprobe(f"{edge}/live/abc/stream.aac")
        assert (tags["StreamTitle"], tags["icy-name"]) == ("Ana - Budget night", "Budget night")
        assert (tags["icy-description"], tags["icy-genre"], tags["icy-br"]) == ("What it costs", "Talk", "64")
        assert (tags["icy-url"], tags["icy-pub"]) == (f"{edge}/s/abc", listed)
        # Its own request for titles is of no use to it here.
        tags = ffprobe(f"{edge}/live/abc/stream.ogg")
        assert (tags["icy-url"], tags["icy-pub"]) == (f"{edge}/s/abc", listed)


def test_mplayer_says_each_title_as_it_comes(world: World, tmp_path: Path) -> None:
    broadcast = Broadcast(world, PARTS, {"abc": 1.0})
    with world.edge():
        last = broadcast.send(20, SPEAKERS, speaks("ana"))
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        url = f"http://127.0.0.1:{world.port}/live/abc/listen.pls"
        command = [part for part in mplayer(url, tmp_path / "heard.raw") if part != "-really-quiet"]
        said = tmp_path / "said.txt"
        with said.open("wb") as out:
            player = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait_for(lambda: listeners(world) == 1, "it listens")
            last = broadcast.send(10, speaks("ben"))
            wait_for(lambda: newest_is(world, last), "the edge has all parts")
            broadcast.end()
            assert player.wait(60) == 0
        finally:
            player.kill()
            player.wait()
        found = re.findall("ICY Info: StreamTitle='(.*?)';", said.read_text(errors="replace"))
        assert list(dict.fromkeys(found)) == ["Ana - Budget night", "Ana, Ben - Budget night"]


def test_a_break_is_told_from_the_end(world: World) -> None:
    world.stage.begin()
    last = world.stage.parts(20)
    with world.edge(), world.connect() as client:
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        client.request("/live/abc/stream.aac")
        assert client.head().headers["transfer-encoding"] == "chunked"
        assert client.chunk()[:2] == b"\xff\xf1"
        world.stage.part(last=True)
        world.stage.say(space_message(state="ended", revision=2))
        while client.chunk():
            pass


def test_metadata_is_for_those_who_ask(world: World) -> None:
    world.stage.begin()
    last = world.stage.parts(5)
    with world.edge():
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        assert "icy-metaint" not in world.get("/live/abc/stream.aac", "HEAD").headers
        assert "icy-metaint" in world.get("/live/abc/stream.aac", "HEAD", Icy_MetaData="1").headers
        ogg = world.get("/live/abc/stream.ogg", "HEAD", Icy_MetaData="1")
        assert ogg.headers["content-type"] == "audio/ogg"
        assert "icy-metaint" not in ogg.headers


@pytest.mark.parametrize("door", ["stream.aac", "stream.ogg"])
def test_receivers_are_refused_as_others_are(world: World, door: str) -> None:
    with world.edge(joins_per_s=1.0):
        world.stage.say(space_message("over", state="ended"))
        world.stage.say(space_message("later", state="scheduled"))
        world.until(f"/live/later/{door}", 409)
        world.until(f"/live/over/{door}", 410)
        assert world.get(f"/live/nope/{door}").status == 404
        world.stage.begin()
        last = world.stage.parts(5)
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        with world.connect() as first, world.connect() as second:
            first.request(f"/live/abc/{door}")
            assert first.head().status == 200
            second.request(f"/live/abc/{door}")
            refused = second.response()
            assert (refused.status, b"appointment" in refused.body) == (503, True)


def test_files_that_players_open(world: World) -> None:
    world.stage.begin(title="Budget night")
    with world.edge():
        m3u = world.until("/live/abc/listen.m3u", 200)
        assert m3u.headers["content-type"].startswith("audio/x-mpegurl")
        stream = f"http://127.0.0.1:{world.port}/live/abc/stream.aac"
        body = world.get("/live/abc/listen.m3u").body.decode()
        assert body == f"#EXTM3U\n#EXTINF:-1,Budget night\n{stream}\n"
        assert f"File1={stream}\n" in world.get("/live/abc/listen.pls").body.decode()
        assert world.get("/live/nope/listen.m3u").status == 404
