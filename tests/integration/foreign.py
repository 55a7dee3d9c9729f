"""WebRTC clients that nobody here wrote, each in a process of its own (tests/contract/peers).

A peer is told by its environment where to go and what to say, writes `connected` once it is and `began` with
the time at which it began to say it, and what it hears to its standard output: units, each with its size
before it. It speaks until its standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from parvis.clock import TICK_SAMPLES
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.encoders import Encoder
from tests.integration.caller import PATIENCE_S
from tests.integration.counted import Chunk, counted
from tests.integration.signals import Int16, power_db

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
        self._noted: list[tuple[float, bytes]] | None = None
        self.began_s: float | None = None
        """When it began to speak, as `time.monotonic()`."""
        self.said: list[str] = []
        """Other lines of its standard error after `connected`."""

    async def run(self) -> None:
        """Reads what it writes until it ends."""
        assert self._process.stdout is not None
        try:
            while True:
                (size,) = struct.unpack(">H", await self._process.stdout.readexactly(2))
                unit = await self._process.stdout.readexactly(size)
                self._units.append(unit)
                if self._noted is not None:
                    self._noted.append((time.monotonic(), unit))
                self._came.set()
        except asyncio.IncompleteReadError:
            self._came.set()

    async def listen(self) -> None:
        """Reads what it says beside, until it ends."""
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            word, _, value = line.decode().rstrip().partition(" ")
            if word == "began":
                self.began_s = float(value)
            else:
                self.said.append(line.decode().rstrip())

    async def sound(self) -> Int16:
        """The next half second that it hears."""
        self._units.clear()
        wanted = 50 if self._decoded else 25
        async with asyncio.timeout(PATIENCE_S):
            while len(self._units) < wanted:
                self._came.clear()
                await self._came.wait()
        return np.concatenate(self._played(list(self._units)))

    async def noted(self, seconds: float) -> list[Chunk]:
        """What it hears from now on, for so long, each with the time at which it came."""
        noted = self._noted = []
        await asyncio.sleep(seconds)
        self._noted = None
        return list(zip([came_s for came_s, _ in noted], self._played([u for _, u in noted]), strict=True))

    async def hears(self, frequency_hz: float, *, at_least_db: float = -45) -> None:
        """Waits until a tone is heard."""
        async with asyncio.timeout(PATIENCE_S):
            while power_db(await self.sound(), frequency_hz) < at_least_db:
                pass

    def _played(self, units: list[bytes]) -> list[Int16]:
        """The sound of each."""
        if self._decoded:
            return [np.frombuffer(unit, np.int16) for unit in units]
        decoder = Decoder(Rendition.OPUS)
        return [decoder.decode([unit]) for unit in units]


@asynccontextmanager
async def peer(
    name: str, url: str, token: str, folder: Path, more: Mapping[str, str] | None = None
) -> AsyncIterator[Peer]:
    """A peer that says `counted(PEER_HZ)` until the block ends, and then leaves, which it must do well."""
    environment = {
        **os.environ,
        "PEER_URL": url,
        "PEER_TOKEN": token,
        **_written(folder),
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


def share_with(samples: Int16, frequency_hz: float) -> float:
    """In how much of the sound a tone is heard, by windows of 40 ms: 1.0 is all of it."""
    windows = samples[: len(samples) // 1920 * 1920].reshape(-1, 1920)
    padded = [np.concatenate([window, np.zeros(4800 - 1920, np.int16)]) for window in windows]
    return float(np.mean([power_db(window, frequency_hz, width_hz=60) > -60 for window in padded]))


def _written(folder: Path) -> dict[str, str]:
    """The voice in two files, as samples and as units, each of these with its size before it."""
    samples, units = folder / "voice.s16le", folder / "voice.units"
    voice = counted(PEER_HZ)
    samples.write_bytes(voice.tobytes())
    # A second time, so that the first follows the last as it followed it; and the encoder keeps a tick back.
    count = len(voice) // TICK_SAMPLES
    packets = Encoder(Rendition.OPUS).encode(np.concatenate([voice, voice, voice[:TICK_SAMPLES]]))
    again = packets[count : 2 * count]
    assert len(again) == count
    units.write_bytes(b"".join(struct.pack(">H", len(unit)) + unit for unit in again))
    return {"PEER_SAMPLES": str(samples), "PEER_FRAMES": str(units)}


def _command(name: str) -> list[str]:
    if name != "gstreamer":
        return ["node", str(PEERS / f"{name}.mjs")]
    # Debian's bindings are for Debian's Python.
    python = shutil.which("python3", path="/usr/bin")
    if not python or not Path("/usr/lib/python3/dist-packages/gi").exists():
        pytest.fail("python3-gi is not installed: apt-get install -y --no-install-recommends python3-gi")
    return [python, str(PEERS / "gstreamer.py")]
