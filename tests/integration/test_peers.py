"""Seats taken by WebRTC stacks that nobody here wrote: what they say arrives, what the stage says comes back.

The peers are in tests/contract/peers: libdatachannel (OBS speaks through it), werift, and libwebrtc as
others built it. Each says a tone; another seat hears it, and says another that the peer must hear.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.encoders import Encoder
from tests.integration.caller import PATIENCE_S, Caller
from tests.integration.signals import Int16, power_db, tone
from tests.parvis import Parvis, Person

PEERS = Path(__file__).parents[1] / "contract" / "peers"
PEER_HZ = 1100
HOST_HZ = 700


@pytest.fixture
def host(parvis: Parvis) -> Person:
    return parvis.person("host")


@pytest.fixture
def space(host: Person) -> dict[str, Any]:
    return host.post("spaces", {"title": "Peers"})


def seated(parvis: Parvis, host: Person, space: dict[str, Any]) -> Person:
    invitation = host.post(f"spaces/{space['id']}/invitations")
    guest = parvis.person("guest")
    guest.post(f"spaces/{space['id']}/seats", {"invitation": invitation["link"].partition("#invitation=")[2]})
    return guest


@asynccontextmanager
async def peer(name: str, url: str, token: str, frames: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A peer that speaks until the block ends, and then leaves."""
    environment = {
        **os.environ,
        "PEER_URL": url,
        "PEER_TOKEN": token,
        "PEER_FRAMES": str(frames),
        "PEER_HZ": str(PEER_HZ),
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "node", str(PEERS / f"{name}.mjs"), stdin=pipe, stdout=pipe, stderr=pipe, env=environment
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = await process.stderr.readline()
            if said != b"connected\n":
                raise AssertionError((said + await process.stderr.read()).decode())
        yield process
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0, (await process.stderr.read()).decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def units(process: asyncio.subprocess.Process, count: int) -> list[bytes]:
    """The next units that the peer heard."""
    assert process.stdout is not None
    found = []
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(count):
            (size,) = struct.unpack(">H", await process.stdout.readexactly(2))
            found.append(await process.stdout.readexactly(size))
    return found


def written(file: Path) -> Path:
    """Two seconds of a tone as access units, each with its size before it."""
    encoder = Encoder(Rendition.OPUS)
    packets = encoder.encode(tone(PEER_HZ, 2.0))
    file.write_bytes(b"".join(struct.pack(">H", len(unit)) + unit for unit in packets))
    return file


def share_with(samples: Int16, frequency_hz: float) -> float:
    """In how much of the sound a tone is heard, by windows of 40 ms: 1.0 is all of it."""
    windows = samples[: len(samples) // 1920 * 1920].reshape(-1, 1920)
    padded = [np.concatenate([window, np.zeros(4800 - 1920, np.int16)]) for window in windows]
    return float(np.mean([power_db(window, frequency_hz, width_hz=60) > -60 for window in padded]))


@pytest.mark.parametrize("name", ["libdatachannel", "werift"])
async def test_a_peer_of_others_speaks_and_hears(
    parvis: Parvis, host: Person, space: dict[str, Any], tmp_path: Path, name: str
) -> None:
    guest = seated(parvis, host, space)
    whip = space["links"]["whip"]
    async with Caller(whip, host.token, speaks_hz=HOST_HZ) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        async with peer(name, whip, guest.token, written(tmp_path / "frames")) as process:
            await ear.hears(PEER_HZ)
            heard = await ear.sound(2.0)
            assert power_db(heard, PEER_HZ) > -45
            assert share_with(heard, PEER_HZ) > 0.8, "without long gaps"
            async with asyncio.timeout(PATIENCE_S):
                while power_db(await back(name, process), HOST_HZ) < -45:
                    pass


async def back(name: str, process: asyncio.subprocess.Process) -> Int16:
    """The next half second that the peer heard."""
    if name == "libwebrtc":
        return np.frombuffer(b"".join(await units(process, 50)), np.int16)
    return Decoder(Rendition.OPUS).decode(await units(process, 25))
