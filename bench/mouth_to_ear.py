"""Mouth to ear: from a speaker's click to another seat, to a monitor, and to a listener at every door.

Starts Parvis, gives two people a seat and a third the right to monitor, lets one click once a second, and
notes when each click is handed to the WebRTC library and when each of the others has it: decoded, as soon as
its bytes are there. What a browser adds (its own capture and playout buffers) is not in it.

A program comes in parts of 320 ms, and a click may stand anywhere in one. So the median is of clicks; a
player, which plays without a gap, is as far behind as the last of them (p95), and by what it holds back
itself: where the door tells it how much (LL-HLS), that is said.

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

import numpy as np
from tests.parvis import Parvis

from bench import machine
from bench.doors import Crowd, Ear
from parvis.audio import Int16
from parvis.clock import SystemClock
from parvis.stage import peer as peers
from parvis.stage.speaker import Speaker


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


def delays_ms(said_s: list[float], heard_s: list[float]) -> list[float]:
    """For each click, how long until the next sound at the ear; clicks that were not heard are left out."""
    found = []
    for said in said_s:
        after = [heard - said for heard in heard_s if 0 < heard - said < 1.0]
        if after:
            found.append(1000 * min(after))
    return found


def figures(delays: list[float]) -> dict[str, float]:
    """Count and percentiles, in ms."""
    p50, p95 = np.percentile(delays, [50, 95])
    return {"n": len(delays), "p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


async def measure(parvis: Parvis, clicks: int) -> dict[str, Any]:
    """Speaks and listens; gives the figures by way."""
    host, guest, monitor = parvis.person("host"), parvis.person("guest"), parvis.person("monitor")
    space = host.post("spaces", {"title": "Mouth to ear"})
    host.patch(f"spaces/{space['id']}", {"monitors": [monitor.handle]})
    link = host.post(f"spaces/{space['id']}/invitations", {})["link"]
    guest.post(f"spaces/{space['id']}/seats", {"invitation": link.partition("invitation=")[2]})
    links = host.post(f"spaces/{space['id']}/start")["links"]
    await asyncio.sleep(2)
    mouth, seat, monitoring = Mouth(clicks), Ear(), Ear()
    speaker = Speaker(links["whip"], host.token)
    ears = (
        Speaker(links["whip"], guest.token, on_samples=seat.take),
        Speaker(links["whep"], monitor.token, on_samples=monitoring.take),
    )
    for one in (speaker, *ears):
        await one.connect()
    async with Crowd(parvis.port, f"/live/{space['id']}") as crowd:
        await speaker.say(mouth.tick, SystemClock())
        await asyncio.sleep(1)
    for one in (speaker, *ears):
        await one.close()
    said_s = mouth.said_s[3:]
    ways: dict[str, Any] = {
        "another seat": figures(delays_ms(said_s, seat.heard_s)),
        "a monitor (WHEP)": figures(delays_ms(said_s, monitoring.heard_s)),
    }
    for name, listener in crowd.listeners.items():
        ways[name] = figures(delays_ms(said_s, listener.ear.heard_s)) | {"hold_back_s": listener.hold_back_s}
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
    lines = ["| from a mouth to | clicks | p50 ms | p95 ms | told to hold back |", "|---|--:|--:|--:|--:|"]
    for way, row in ways.items():
        held = row.get("hold_back_s", 0.0)
        told = f"{held:.2f} s" if held else ""
        lines.append(f"| {way} | {row['n']} | {row['p50_ms']:.0f} | {row['p95_ms']:.0f} | {told} |")
    page = "\n".join(lines)
    if options.json:
        print(json.dumps({"machine": machine.describe(), "ways": ways, "markdown": page}, indent=1))
        return
    print(machine.words(machine.describe()) + "\n\n" + page)


if __name__ == "__main__":
    main()
