"""Mouth to ear: from a speaker's click to another seat, and to a listener's decoder.

Starts Parvis, gives two people a seat, lets one click once a second, and notes when each click is handed to
the WebRTC library, when it comes out at the other seat, and when its part has come in at a listener in each
codec. What a browser adds (its own capture and playout buffers) is not in it.

    python -m bench.mouth_to_ear [--clicks 30] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from tests.parvis import Parvis

from bench import machine
from parvis.audio import Int16
from parvis.clock import PART_MS, SystemClock
from parvis.media.reader import Part, PartReader
from parvis.stage import peer as peers
from parvis.stage.speaker import Speaker

LOUD = 800


class Mouth:
    """Silence, with 2 ms of 2 kHz at the head of a tick once a second; notes when it said so."""

    def __init__(self, clicks: int) -> None:
        self.said_s: list[float] = []
        self._left = clicks * 50
        self._click = np.zeros(960, np.int16)
        self._click[:96] = 20_000 * np.sin(2 * np.pi * 2_000 * np.arange(96) / 48_000)
        self._silence = np.zeros(960, np.int16)

    def tick(self) -> Int16 | None:
        """The next 20 ms."""
        self._left -= 1
        if self._left < 0:
            return None
        if self._left % 50:
            return self._silence
        self.said_s.append(time.monotonic())
        return self._click


class Ear:
    """Notes when something loud comes after half a second of quiet."""

    def __init__(self) -> None:
        self.heard_s: list[float] = []

    def take(self, samples: Int16) -> None:
        """Samples that came just now."""
        if np.abs(samples.astype(np.int32)).max(initial=0) < LOUD:
            return
        now_s = time.monotonic()
        if not self.heard_s or now_s - self.heard_s[-1] > 0.5:
            self.heard_s.append(now_s)


async def follow(url: str, codec: str, came_s: dict[int, float]) -> None:
    """Notes when each part has come in."""
    reader = PartReader()
    async with (
        httpx.AsyncClient(timeout=None) as client,
        client.stream("GET", f"{url}?codec={codec}") as stream,
    ):
        async for block in stream.aiter_bytes():
            now_s = time.monotonic()
            came_s.update({part.sequence: now_s for part in reader.feed(block) if isinstance(part, Part)})


def delays_ms(said_s: list[float], heard_s: list[float]) -> list[float]:
    """For each click, how long until the next sound at the ear; clicks that were not heard are left out."""
    found = []
    for said in said_s:
        after = [heard - said for heard in heard_s if 0 < heard - said < 0.9]
        if after:
            found.append(1000 * min(after))
    return found


def figures(delays: list[float]) -> dict[str, float]:
    """Count and percentiles, in ms."""
    p50, p95 = np.percentile(delays, [50, 95])
    return {"n": len(delays), "p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


async def measure(parvis: Parvis, clicks: int) -> dict[str, Any]:
    """Speaks and listens; gives the figures by way."""
    host, guest = parvis.person("host"), parvis.person("guest")
    space = host.post("spaces", {"title": "Mouth to ear"})
    link = host.post(f"spaces/{space['id']}/invitations", {})["link"]
    guest.post(f"spaces/{space['id']}/seats", {"invitation": link.partition("invitation=")[2]})
    space = host.post(f"spaces/{space['id']}/start")
    await asyncio.sleep(1)
    mouth, ear = Mouth(clicks), Ear()
    whip = space["links"]["whip"]
    speaker, listener = Speaker(whip, host.token), Speaker(whip, guest.token, on_samples=ear.take)
    await speaker.connect()
    await listener.connect()
    came: dict[str, dict[int, float]] = {"opus": {}, "aac": {}}
    url = f"{parvis.edge}/live/{space['id']}/stream.mp4"
    following = [asyncio.create_task(follow(url, codec, came_s)) for codec, came_s in came.items()]
    await speaker.say(mouth.tick, SystemClock())
    await asyncio.sleep(1)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    await speaker.close()
    await listener.close()
    on_stage = delays_ms(mouth.said_s[3:], ear.heard_s)
    stage_p50_s = figures(on_stage)["p50_ms"] / 1000
    offset_s = time.time() - time.monotonic()
    ways: dict[str, Any] = {"another seat": figures(on_stage)}
    for codec, came_s in came.items():
        # A click is in the part of the moment at which it was mixed, just before the other seat had it.
        late = [
            1000 * (came_s[sequence] - said_s)
            for said_s in mouth.said_s[3:]
            if (sequence := int((said_s + stage_p50_s + offset_s) * 1000) // PART_MS) in came_s
        ]
        ways[f"a listener's decoder, {codec}"] = figures(late)
    return ways


def main() -> None:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    peers.allow_loopback()
    with tempfile.TemporaryDirectory() as folder:
        parvis = Parvis(Path(folder) / "data")
        parvis.start()
        try:
            ways = asyncio.run(measure(parvis, options.clicks))
        finally:
            parvis.stop()
    if options.json:
        print(json.dumps({"machine": machine.describe(), "ways": ways}))
        return
    print(machine.words(machine.describe()) + "\n")
    print("| from a mouth to | clicks | p50 ms | p95 ms |\n|---|--:|--:|--:|")
    for way, row in ways.items():
        print(f"| {way} | {row['n']} | {row['p50_ms']} | {row['p95_ms']} |")


if __name__ == "__main__":
    main()
