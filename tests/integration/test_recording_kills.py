"""A recording whose archive is killed at random moments, again and again: what of it is lost, and is it said?

The archive is a process of its own on a real bus, the program is made by the real encoders as fast as the
archive can follow: a hundred kills in a few minutes (`PARVIS_LONG=1`), three in `make test`.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from parvis.archive.parts_file import ENTRY_BYTES
from parvis.bus.local import LocalBus
from parvis.bus.messages import RING_PARTS, PartMessage, ProgramMessage
from parvis.clock import TICK_SAMPLES
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.packager import ProgramEncoder
from tests.parvis import free_ports
from tests.unit.archive.makers import FIRST, SPACE, space_message
from tests.unit.program.sounds import music

KILLS, KILLS_LONG = 3, 100
PACE_S = 0.04
"""Between two parts: eight times as fast as they are spoken, so a kill hits eight times as many."""
AHEAD_PARTS = RING_PARTS - 30
"""The program waits when so many are on the bus and not on disk: a busy machine starts an archive slowly."""
PATIENCE_S = 60.0

Units = dict[int, tuple[bytes, ...]]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


class Archive:
    """The process, killed and started again as `parvis up` would."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = free_ports(1)
        self._parts_folder = folder / "archive" / SPACE / "parts"
        self._environment = {
            **os.environ,
            "PARVIS_CONFIG": "",
            "PARVIS_DATA": str(folder),
            "PARVIS_RUN_DIR": str(folder / "run"),
            "PARVIS_ARCHIVE_PORT": str(self.port),
        }
        self._log = (folder / "archive.log").open("ab")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "parvis", "archive",
            env=self._environment, stdout=self._log, stderr=self._log,
        )  # fmt: skip

    async def end(self, number: int) -> None:
        assert self._process is not None
        assert self._process.returncode is None, "it died by itself"
        self._process.send_signal(number)
        await self._process.wait()

    def on_disk(self) -> int:
        """Parts of the rendition that has fewer."""
        indexes = list(self._parts_folder.glob("*.index"))
        return min(file.stat().st_size for file in indexes) // ENTRY_BYTES if len(indexes) == 2 else 0

    def close(self) -> None:
        self._log.close()


@dataclass
class Show:
    """A program without end, and what a listener got of it."""

    bus: LocalBus
    archive: Archive
    sent: int = 0
    heard: dict[Rendition, Units] = field(default_factory=lambda: {codec: {} for codec in Rendition})

    async def go_on(self) -> None:
        """Until cancelled; then its last part is sent, and the Space ends."""
        encoder = ProgramEncoder(SPACE, FIRST)
        started = ProgramMessage(SPACE, "stage-1", FIRST, None, encoder.renditions)
        for message in (space_message(), started):
            self.bus.publish(message.subject, message.encode(), retain=1)
        sound = music(10.0).reshape(-1, TICK_SAMPLES)
        try:
            while True:
                for tick in sound:
                    parts = encoder.push(tick)
                    self._send(parts)
                    if parts:
                        await asyncio.sleep(PACE_S / 2)  # a part comes in both renditions
                        await until(lambda: self.sent - self.archive.on_disk() < AHEAD_PARTS)
        finally:
            self._send(encoder.flush())
            over = ProgramMessage(SPACE, "stage-1", FIRST, encoder.last_sequence, encoder.renditions)
            for ended in (over, space_message(revision=2, state="ended")):
                self.bus.publish(ended.subject, ended.encode(), retain=1)

    def _send(self, parts: list[PartMessage]) -> None:
        for part in parts:
            self.bus.publish(part.subject, part.encode(), retain=RING_PARTS)
            self.sent += part.rendition == Rendition.OPUS

    async def listen(self) -> None:
        """What an edge gets from the bus, and hands on as it is."""
        async for subject, payload in self.bus.subscribe(f"part.{SPACE}.", replay=True):
            part = PartMessage.decode(subject, payload)
            (item,) = PartReader(Rendition(part.rendition)).feed(part.body)
            assert isinstance(item, Part)
            self.heard[Rendition(part.rendition)][item.sequence] = item.access_units


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[Show]:
    """On air, with an archive beside it."""
    bus, archive = LocalBus(tmp_path / "run", "stage-1"), Archive(tmp_path)
    try:
        yield Show(bus, archive)
    finally:
        archive.close()
        await bus.close()


async def replay_of(archive: Archive) -> tuple[dict[str, Any], dict[Rendition, bytes]]:
    """What the replay says of itself, and its sound."""
    origin = f"http://127.0.0.1:{archive.port}/replay/{SPACE}"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http, asyncio.timeout(PATIENCE_S):
        while (answer := await http.get(f"{origin}/replay.json")).status_code != 200:
            await asyncio.sleep(0.05)
        sounds = {
            codec: (await http.get(f"{origin}/audio.{'m4a' if codec is Rendition.AAC else 'opus'}")).content
            for codec in Rendition
        }
    return answer.json(), sounds


def units_of(told: dict[str, Any], sound: bytes, codec: Rendition, file: Path) -> Units:
    """Access units by part, as another demuxer finds them in the file."""
    file.write_bytes(sound)
    with av.open(str(file)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    numbers = [n for first, last in told["ranges"] for n in range(first, last + 1)]
    count = codec.frames_per_part
    assert len(packets) == count * len(numbers)
    return {n: tuple(packets[i * count : (i + 1) * count]) for i, n in enumerate(numbers)}


def lost_parts(heard: Units, replay: Units, codec: Rendition) -> list[int]:
    """What a listener got and the replay has silence for. All else is the same, sample by sample."""
    assert sorted(replay) == sorted(heard)
    lost = []
    live, later = Decoder(codec), Decoder(codec)
    for number in sorted(heard):
        if len(set(replay[number])) == 1:
            lost.append(number)
            live, later = Decoder(codec), Decoder(codec)
            continue
        assert np.array_equal(live.decode(heard[number]), later.decode(replay[number])), number
    return lost


async def test_killed_at_random_moments_it_loses_at_most_a_part_each_time(
    show: Show, tmp_path: Path, long: bool
) -> None:
    archive, moments = show.archive, random.Random()
    kills = KILLS_LONG if long else KILLS
    await archive.start()
    tasks = [asyncio.create_task(show.listen()), asyncio.create_task(show.go_on())]
    try:
        for number in range(kills):
            if number % 4 != 3:  # else while it starts
                before = archive.on_disk()
                await until(lambda: archive.on_disk() > before)  # noqa: B023
            await asyncio.sleep(moments.uniform(0, 0.6))  # over the life of several parts
            await archive.end(signal.SIGKILL)
            await archive.start()
        before = archive.on_disk()
        await until(lambda: archive.on_disk() > before)
        tasks[1].cancel()
        await asyncio.wait(tasks[1:])
        told, sounds = await replay_of(archive)
        await archive.end(signal.SIGTERM)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results), results
    lost = {
        codec: lost_parts(show.heard[codec], units_of(told, sounds[codec], codec, tmp_path / codec), codec)
        for codec in Rendition
    }
    print(f"{kills} kills in {show.sent} parts: lost {lost}, said: {told['lost_parts']}")
    assert all(len(numbers) <= kills for numbers in lost.values())
    assert told["lost_parts"] == len({number for numbers in lost.values() for number in numbers})
