"""Janus as a peer: its AudioBridge makes the offer, takes a seat with it by WHIP, and is heard on stage with
all of its room; its room hears the stage."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.integration.caller import SDP, Caller
from tests.integration.counted import LISTENED_S, Chunk, account, check_counted, counted
from tests.integration.foreign import PEER_HZ
from tests.integration.janus import Janus, janus
from tests.integration.signals import Int16, power_db
from tests.parvis import Parvis, wait_until

HOST_HZ = 700
WAV_HEAD_BYTES = 44


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Janus]:
    folder = tmp_path / "janus"
    folder.mkdir()
    with janus(folder) as running:
        yield running


def voice_file(file: Path) -> Path:
    """The peer's voice for longer than it is listened to, as Ogg Opus of FFmpeg's."""
    raw = ["-f", "s16le", "-ac", "1", "-ar", "48000", "-i", "-"]
    command = ["ffmpeg", "-v", "error", *raw, "-c:a", "libopus", "-b:a", "32k", "-ac", "2", str(file)]
    subprocess.run(command, input=np.tile(counted(PEER_HZ), 12).tobytes(), check=True)
    return file


class Recording:
    """What a room of Janus hears, read as it is written: 16 bits, mono, after the head of a WAV file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def newest(self, seconds: float) -> Int16:
        size = self._size()
        return self._read(size - 2 * int(min(seconds * 48_000, size // 2)), size)

    async def noted(self, seconds: float) -> list[Chunk]:
        """What comes in from now on, for so long, each with the time at which it was there."""
        noted: list[Chunk] = []
        came_s, size = time.monotonic(), self._size()
        until_s = came_s + seconds
        while came_s < until_s:
            await asyncio.sleep(0.01)
            before, came_s, size = size, time.monotonic(), self._size()
            if size > before:
                noted.append((came_s, self._read(before, size)))
        return noted

    async def caught_up(self, began_s: float | None, frequency_hz: float) -> None:
        """Waits until Janus has got rid of what it queued while it began: it is 0.9 s behind at first."""
        assert began_s is not None
        async with asyncio.timeout(60):
            while True:
                told = account(await self.noted(3.0), began_s, frequency_hz)
                if set(told.times) == {1} and max(told.delays_s) < 0.5:
                    return

    def _size(self) -> int:
        """Of its sound, in bytes: whole samples."""
        size = self._file.stat().st_size if self._file.exists() else 0
        return max(size - WAV_HEAD_BYTES, 0) // 2 * 2

    def _read(self, start: int, end: int) -> Int16:
        if end <= start:
            return np.zeros(0, np.int16)
        with self._file.open("rb") as file:
            file.seek(WAV_HEAD_BYTES + start)
            return np.frombuffer(file.read(end - start), np.int16)


async def test_a_room_of_janus_has_a_seat(parvis: Parvis, bridge: Janus, tmp_path: Path) -> None:
    host, guest = parvis.person("host"), parvis.person("guest")
    space = host.post("spaces", {"title": "A room of Janus"})
    code = host.post(f"spaces/{space['id']}/invitations")["link"].partition("#invitation=")[2]
    guest.post(f"spaces/{space['id']}/seats", {"invitation": code})
    file = tmp_path / "room.wav"
    recording = Recording(file)
    room = bridge.room(record=True, record_file=str(file), default_bitrate=32_000)
    async with Caller(space["links"]["whip"], host.token, says=counted(HOST_HZ)) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        handle = bridge.handle()
        offer = await asyncio.to_thread(handle.join, room, generate_offer=True)
        taken = await asyncio.to_thread(guest.api.post, space["links"]["whip"], content=offer, headers=SDP)
        assert taken.status_code == 201, (taken.text, offer)
        await asyncio.to_thread(handle.configure, "answer", taken.text)
        voice = str(voice_file(tmp_path / "v.opus"))
        began_s = time.monotonic()
        handle.ask(request="play_file", room=room, file_id="v", filename=voice)
        await ear.hears(PEER_HZ)
        await asyncio.to_thread(wait_until, lambda: power_db(recording.newest(0.5), HOST_HZ) > -45)
        await recording.caught_up(ear.began_s, HOST_HZ)
        stage, there = await asyncio.gather(ear.noted(LISTENED_S), recording.noted(LISTENED_S))
        check_counted("the stage", stage, began_s, PEER_HZ)
        check_counted("the room", there, ear.began_s, HOST_HZ)
        handle.ask(request="stop_file", room=room, file_id="v")
        await ear.hears_nothing()
