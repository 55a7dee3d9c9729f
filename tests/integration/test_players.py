"""GStreamer, which shares no code with FFmpeg's demuxers, at every door of an edge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from parvis.clock import PART_SAMPLES
from tests.integration.broadcast import Broadcast, Player, levels_of, place_of
from tests.integration.test_proxies import program
from tests.integration.test_radio import listeners, newest_is
from tests.unit.edge.world import World, wait_for

SENT_BEFORE, SENT = 30, 54


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.mark.parametrize("door", ["stream.aac", "stream.ogg", "aac.m3u8", "opus.m3u8"])
def test_it_plays_without_a_gap_to_the_end(world: World, tmp_path: Path, door: str) -> None:
    broadcast = Broadcast(world, SENT + 2, {"abc": 1.0})
    out = tmp_path / "heard.raw"
    with world.edge():
        last = broadcast.send(SENT_BEFORE)
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        player = Player(
            program("gst-launch-1.0", "gstreamer1.0-tools"), "-q",
            "uridecodebin", f"uri=http://127.0.0.1:{world.port}/live/abc/{door}", "!", "audioconvert", "!",
            "audioresample", "!", "audio/x-raw,format=S16LE,channels=1,rate=48000", "!",
            "filesink", f"location={out}",
        )  # fmt: skip
        wait_for(lambda: listeners(world) == 1, "it listens")
        last = broadcast.send(SENT - SENT_BEFORE)
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        broadcast.end()
        player.heard()
    heard = np.frombuffer(out.read_bytes(), np.int16)
    begun = place_of(heard[PART_SAMPLES:], broadcast.sound) - PART_SAMPLES
    said = broadcast.sound[begun + PART_SAMPLES :]
    levels = levels_of(heard[PART_SAMPLES:-PART_SAMPLES], said, first=0)
    assert all(0.9 < level < 1.1 for level in levels)
    # An AAC decoder may keep its first frames to itself, and a demuxer the frame that is never followed.
    assert SENT * PART_SAMPLES - begun - len(heard) <= 2048
