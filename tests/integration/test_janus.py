"""Janus as a peer: its AudioBridge makes the offer, takes a seat with it by WHIP, and is heard on stage with
all of its room; its room hears the stage."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.integration.caller import SDP, Caller
from tests.integration.foreign import PEER_HZ, share_with
from tests.integration.janus import Janus, janus
from tests.integration.signals import Int16, power_db
from tests.parvis import Parvis, wait_until

HOST_HZ = 700


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Janus]:
    folder = tmp_path / "janus"
    folder.mkdir()
    with janus(folder) as running:
        yield running


def tone_file(file: Path) -> Path:
    """Two seconds of the peer's tone, as Ogg Opus of FFmpeg's."""
    sine = f"sine=frequency={PEER_HZ}:sample_rate=48000:duration=2,volume=2"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", sine, "-c:a", "libopus", "-ac", "2", str(file)]
    subprocess.run(command, check=True)
    return file


def newest(recording: Path, seconds: float) -> Int16:
    """The last that the room heard: 16 bits, mono, as Janus writes it while it goes on."""
    if not recording.exists():
        return np.zeros(0, np.int16)
    samples = np.frombuffer(recording.read_bytes()[44:][: (recording.stat().st_size - 44) // 2 * 2], np.int16)
    return samples[-int(48_000 * seconds) :]


async def test_a_room_of_janus_has_a_seat(parvis: Parvis, bridge: Janus, tmp_path: Path) -> None:
    host, guest = parvis.person("host"), parvis.person("guest")
    space = host.post("spaces", {"title": "A room of Janus"})
    code = host.post(f"spaces/{space['id']}/invitations")["link"].partition("#invitation=")[2]
    guest.post(f"spaces/{space['id']}/seats", {"invitation": code})
    recording = tmp_path / "room.wav"
    room = bridge.room(record=True, record_file=str(recording), default_bitrate=32_000)
    async with Caller(space["links"]["whip"], host.token, speaks_hz=HOST_HZ) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        handle = bridge.handle()
        offer = await asyncio.to_thread(handle.join, room, generate_offer=True)
        taken = await asyncio.to_thread(guest.api.post, space["links"]["whip"], content=offer, headers=SDP)
        assert taken.status_code == 201, (taken.text, offer)
        await asyncio.to_thread(handle.configure, "answer", taken.text)
        handle.ask(
            request="play_file",
            room=room,
            file_id="t",
            filename=str(tone_file(tmp_path / "t.opus")),
            loop=True,
        )
        await ear.hears(PEER_HZ)
        assert share_with(await ear.sound(2.0), PEER_HZ) > 0.8, "without long gaps"
        await asyncio.to_thread(wait_until, lambda: power_db(newest(recording, 0.5), HOST_HZ) > -45)
        await asyncio.to_thread(wait_until, lambda: share_with(newest(recording, 1.0), HOST_HZ) > 0.8)
        handle.ask(request="stop_file", room=room, file_id="t")
        await ear.hears_nothing()
