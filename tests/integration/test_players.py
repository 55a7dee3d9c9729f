"""Players that people have, at every door: FFmpeg, GStreamer, mpv, MPlayer and VLC, all at once on one edge,
each heard to the sample.

VLC is not at `index.m3u8`: it changes between AAC and Opus there, and loses a quarter of a second thereby.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parvis.clock import PART_SAMPLES, SAMPLE_RATE_HZ
from tests.integration.broadcast import Broadcast, levels_of, place_of
from tests.integration.players import HLS_PLAYERS, PLAYERS, Playing
from tests.integration.signals import Int16
from tests.integration.test_hls import served
from tests.integration.test_radio import listeners, newest_is
from tests.unit.edge.world import World, wait_for

SENT_BEFORE, SENT = 30, 54
DOORS = {
    "stream.aac": tuple(PLAYERS),
    "stream.ogg": tuple(PLAYERS),
    "aac.m3u8": HLS_PLAYERS,
    "opus.m3u8": HLS_PLAYERS,
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@contextmanager
def folder_for_all(folder: Path) -> Iterator[Path]:
    """A folder into which VLC may write, who is nobody where we are root: no folder above is closed to it."""
    made = folder / "heard"
    made.mkdir()
    made.chmod(0o777)
    before = [(above, above.stat().st_mode) for above in (folder, folder.parent, folder.parent.parent)]
    for above, mode in before:
        above.chmod(mode | 0o011)
    yield made
    for above, mode in before:
        above.chmod(mode)


def check_whole(heard: Int16, said: Int16) -> tuple[int, int]:
    """Fails where it is not the same sound in its place. The samples of `said` before and after it."""
    begun = place_of(heard[PART_SAMPLES:], said[: 25 * SAMPLE_RATE_HZ]) - PART_SAMPLES
    levels = levels_of(heard[PART_SAMPLES:-PART_SAMPLES], said[begun + PART_SAMPLES :], first=0)
    assert all(0.9 < level < 1.1 for level in levels)
    return begun, len(said) - begun - len(heard)


@pytest.mark.parametrize("door", DOORS)
def test_all_of_them_play_without_a_gap_to_the_end(world: World, tmp_path: Path, door: str) -> None:
    broadcast = Broadcast(world, SENT + 2, {"abc": 1.0})
    players: list[Playing] = []
    with world.edge(), folder_for_all(tmp_path) as folder:
        last = broadcast.send(SENT_BEFORE)
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        try:
            for name in DOORS[door]:
                count, parts = listeners(world), served(world)
                players.append(Playing(name, f"http://127.0.0.1:{world.port}/live/abc/{door}", folder))
                wait_for(lambda: listeners(world) > count or served(world) > parts, f"{name} listens")  # noqa: B023
            last = broadcast.send(SENT - SENT_BEFORE)
            wait_for(lambda: newest_is(world, last), "the edge has all parts")
            broadcast.end()
            for player in players:
                begun, missing = check_whole(player.ended(), broadcast.sound[: SENT * PART_SAMPLES])
                assert begun <= SENT_BEFORE * PART_SAMPLES + 1024, player.name
                # A decoder may keep its first frames to itself, a demuxer the one that is never followed.
                assert missing <= 2048, player.name
        finally:
            for player in players:
                player.stop()
