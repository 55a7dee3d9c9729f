"""Players that people have, at every door: FFmpeg, GStreamer, mpv, MPlayer and VLC, all at once on one edge,
each heard to the sample; and for a while (ten minutes in the long form) at a real Parvis that plays music.

VLC is not at `index.m3u8`: it changes between AAC and Opus there, and loses a quarter of a second thereby.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from parvis.cli.speak import write_wav
from parvis.clock import PART_SAMPLES, PARTS_PER_SEGMENT, SAMPLE_RATE_HZ
from tests.integration.broadcast import Broadcast, levels_of, place_of
from tests.integration.players import HLS_PLAYERS, PLAYERS, Playing
from tests.integration.signals import Int16
from tests.integration.test_hls import served
from tests.integration.test_radio import listeners, newest_is
from tests.parvis import Parvis, listen, speak, summary, wait_until
from tests.unit.edge.world import World, wait_for
from tests.unit.program.sounds import music

pytestmark = pytest.mark.alone  # five players and an edge at once are enough
SENT_BEFORE, SENT = 30, 54
HLS_BEHIND = 18
"""Parts that a player of HLS begins behind the newest, at least: three segments."""
DOORS = {
    "stream.aac": tuple(PLAYERS),
    "stream.ogg": tuple(PLAYERS),
    "aac.m3u8": HLS_PLAYERS,
    "opus.m3u8": HLS_PLAYERS,
}
FILES: dict[str, tuple[str, ...]] = {"listen.pls": ("mplayer", "mpv", "vlc")}
"""Addresses of radios in a file; `listen.m3u` is played below."""
SHORT = (
    ("stream.aac", "vlc"),
    ("stream.ogg", "mplayer"),
    ("index.m3u8", "mpv"),
    ("opus.m3u8", "vlc"),
    ("listen.m3u", "mpv"),
    ("aac.m3u8", "gstreamer"),
    ("stream.aac", "ffmpeg"),
)
LONG_DOORS = {**DOORS, "index.m3u8": ("ffmpeg", "gstreamer", "mpv"), "listen.m3u": ("mplayer", "mpv", "vlc")}
LONG = tuple((door, player) for door, players in LONG_DOORS.items() for player in players)
LOOP_S = 30
CODECS = ("opus", "aac")


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


def check_whole(who: str, heard: Int16, *said: Int16) -> tuple[int, int]:
    """Fails where it is not the same sound in its place, in whichever rendition. The samples before and after
    it of the first that was `said`."""
    begun = [place_of(heard[PART_SAMPLES:], one[: 25 * SAMPLE_RATE_HZ]) - PART_SAMPLES for one in said]
    from_there = [one[at + PART_SAMPLES :] for one, at in zip(said, begun, strict=True)]
    levels = levels_of(heard[PART_SAMPLES:-PART_SAMPLES], *from_there, who=who)
    assert all(0.9 < level < 1.1 for level in levels), who
    return begun[0], len(said[0]) - begun[0] - len(heard)


@pytest.mark.parametrize("door", DOORS | FILES)
def test_all_of_them_play_without_a_gap_to_the_end(world: World, tmp_path: Path, door: str) -> None:
    broadcast = Broadcast(world, SENT + 2, {"abc": 1.0})
    players: list[Playing] = []
    with world.edge(), folder_for_all(tmp_path) as folder:
        last = broadcast.send(SENT_BEFORE)
        wait_for(lambda: newest_is(world, last), "the edge has all parts")
        try:
            for name in (DOORS | FILES)[door]:
                count, parts = listeners(world), served(world)
                players.append(Playing(name, f"http://127.0.0.1:{world.port}/live/abc/{door}", folder))
                wait_for(lambda: listeners(world) > count or served(world) > parts, f"{name} listens")  # noqa: B023
            last = broadcast.send(SENT - SENT_BEFORE)
            wait_for(lambda: newest_is(world, last), "the edge has all parts")
            broadcast.end()
            for player in players:
                sent = broadcast.sound[: SENT * PART_SAMPLES]
                begun, missing = check_whole(player.name, player.ended(), sent)
                # A player of HLS looks again before it begins, and may then see what has come since.
                latest = SENT - HLS_BEHIND if door.endswith("m3u8") else SENT_BEFORE
                assert begun <= latest * PART_SAMPLES + 1024, player.name
                # A decoder may keep its first frames to itself, a demuxer the one that is never followed.
                assert missing <= 2048, player.name
        finally:
            for player in players:
                player.stop()


def test_they_play_on_while_somebody_speaks(parvis: Parvis, tmp_path: Path, long: bool) -> None:
    """What each played is what Parvis's own listener heard, all the time, with no sample more or less."""
    seconds = 600 if long else 8
    host = parvis.person("host")
    space = host.post("spaces", {"title": "Players"})
    host.post(f"spaces/{space['id']}/start")
    # Without the silence at its head, which would come each time: silence is like nothing.
    write_wav(tmp_path / "music.wav", music(LOOP_S)[PART_SAMPLES:])
    wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
    own = {
        codec: listen(space, "--codec", codec, "--out", str(tmp_path / f"{codec}.wav")) for codec in CODECS
    }
    wait_until(lambda: parvis.space_json(space["id"])["counts"]["listeners"] == len(own))
    # Only now: players of HLS begin some seconds before they came.
    voice = speak(host, space, tmp_path / "music.wav", "--loop", "--for", str(seconds + 120))
    wait_until(lambda: any(s["connected"] for s in parvis.space_json(space["id"])["speakers"]))
    with folder_for_all(tmp_path) as folder:
        players = started(parvis, space["id"], LONG if long else SHORT, folder)
        try:
            for player in players:
                player.has_played(seconds, patience_s=seconds + 60)
            host.post(f"spaces/{space['id']}/end")
            assert [summary(one)["gaps"] for one in own.values()] == [0, 0]
            said = [read_wav(tmp_path / f"{codec}.wav") for codec in own]
            for player in players:
                heard = player.ended()
                assert len(heard) >= seconds * SAMPLE_RATE_HZ, player.name
                # Before the voice there is silence, which is like nothing.
                heard = heard[np.flatnonzero(np.abs(heard) > 500)[0] :]
                _, missing = check_whole(player.name, heard, *said)
                # GStreamer may leave out a segment of HLS at the end, and the bit that the fit is off by.
                short = player.name.startswith("gstreamer") and player.name.endswith("m3u8")
                assert missing <= (PARTS_PER_SEGMENT + 1 if short else 2) * PART_SAMPLES, player.name
        finally:
            for player in players:
                player.stop()
            for process in (voice, *own.values()):
                process.kill()
                process.wait()


def read_wav(file: Path) -> Int16:
    with wave.open(str(file)) as wav:
        return np.frombuffer(wav.readframes(wav.getnframes()), np.int16)


def started(parvis: Parvis, space: str, places: Sequence[tuple[str, str]], folder: Path) -> list[Playing]:
    """A player at each door; their files are named after both."""
    return [
        Playing(player, f"{parvis.edge}/live/{space}/{door}", folder, f"{player}-{door}")
        for door, player in places
    ]
