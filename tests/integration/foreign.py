"""WebRTC clients that nobody here wrote, each in a process of its own (tests/contract/peers).

A peer is told by its environment where to go and what to say, writes `connected` once it is, and what it
hears to its standard output: units, each with its size before it. It speaks until its standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import struct
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.encoders import Encoder
from tests.integration.caller import PATIENCE_S
from tests.integration.signals import Int16, power_db, tone

PEERS = Path(__file__).parents[1] / "contract" / "peers"
PEER_HZ = 1100
KEPT_UNITS = 500
"""What a peer heard is read as it comes, wanted or not: a pipe that is full would stop it."""


class Peer:
    """A peer that runs. `decoded`: its units are sound (int16, 48 kHz) and not Opus."""

    def __init__(self, process: asyncio.subprocess.Process, *, decoded: bool) -> None:
        self._process = process
        self._decoded = decoded
        self._units: deque[bytes] = deque(maxlen=KEPT_UNITS)
        self._came = asyncio.Event()
        self.said: list[str] = []
        """Lines of its standard error after `connected`."""

    async def run(self) -> None:
        """Reads what it writes until it ends."""
        assert self._process.stdout is not None
        try:
            while True:
                (size,) = struct.unpack(">H", await self._process.stdout.readexactly(2))
                self._units.append(await self._process.stdout.readexactly(size))
                self._came.set()
        except asyncio.IncompleteReadError:
            self._came.set()

    async def listen(self) -> None:
        """Reads what it says beside, until it ends."""
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            self.said.append(line.decode().rstrip())

    async def sound(self) -> Int16:
        """The next half second that it hears."""
        self._units.clear()
        wanted = 50 if self._decoded else 25
        async with asyncio.timeout(PATIENCE_S):
            while len(self._units) < wanted:
                self._came.clear()
                await self._came.wait()
        units = list(self._units)
        return np.frombuffer(b"".join(units), np.int16) if self._decoded else _opus(units)

    async def hears(self, frequency_hz: float, *, at_least_db: float = -45) -> None:
        """Waits until a tone is heard."""
        async with asyncio.timeout(PATIENCE_S):
            while power_db(await self.sound(), frequency_hz) < at_least_db:
                pass


@asynccontextmanager
async def peer(
    name: str, url: str, token: str, frames: Path, more: Mapping[str, str] | None = None
) -> AsyncIterator[Peer]:
    """A peer that speaks until the block ends, and then leaves, which it must do well."""
    environment = {
        **os.environ,
        "PEER_URL": url,
        "PEER_TOKEN": token,
        "PEER_FRAMES": str(frames),
        "PEER_HZ": str(PEER_HZ),
        **(more or {}),
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *_command(name), stdin=pipe, stdout=pipe, stderr=pipe, env=environment
    )
    assert process.stderr is not None
    assert process.stdin is not None
    found = Peer(process, decoded=name == "libwebrtc")
    tasks = [asyncio.create_task(found.run())]
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = await process.stderr.readline()
            if said != b"connected\n":
                raise AssertionError((said + await process.stderr.read()).decode())
        tasks.append(asyncio.create_task(found.listen()))
        yield found
        process.stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*tasks)
            assert await process.wait() == 0, found.said
    finally:
        for task in tasks:
            task.cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()


def written(file: Path) -> Path:
    """Two seconds of a tone as access units, each with its size before it."""
    packets = Encoder(Rendition.OPUS).encode(tone(PEER_HZ, 2.0))
    file.write_bytes(b"".join(struct.pack(">H", len(unit)) + unit for unit in packets))
    return file


def share_with(samples: Int16, frequency_hz: float) -> float:
    """In how much of the sound a tone is heard, by windows of 40 ms: 1.0 is all of it."""
    windows = samples[: len(samples) // 1920 * 1920].reshape(-1, 1920)
    padded = [np.concatenate([window, np.zeros(4800 - 1920, np.int16)]) for window in windows]
    return float(np.mean([power_db(window, frequency_hz, width_hz=60) > -60 for window in padded]))


def _command(name: str) -> list[str]:
    if name != "gstreamer":
        return ["node", str(PEERS / f"{name}.mjs")]
    # Debian's bindings are for Debian's Python.
    python = shutil.which("python3", path="/usr/bin")
    if not python or not Path("/usr/lib/python3/dist-packages/gi").exists():
        pytest.fail("python3-gi is not installed: apt-get install -y --no-install-recommends python3-gi")
    return [python, str(PEERS / "gstreamer.py")]


def _opus(units: list[bytes]) -> Int16:
    return Decoder(Rendition.OPUS).decode(units)
