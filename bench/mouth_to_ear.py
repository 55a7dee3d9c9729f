"""Mouth to ear: from a speaker's click to another seat, to a monitor, and to a listener at every door.

Starts Parvis, gives two people a seat and a third the right to monitor, lets one click each 1.02 s, and
notes when each click is handed to the WebRTC library and when each of the others has it: decoded, as soon as
its bytes are there. What a browser adds (its own capture and playout buffers) is not in it. A click that was
not heard within a second has no delay, and is missing in the count.

A program comes in parts of 320 ms, and a click may stand anywhere in one: 1.02 s puts one after the other at
each of a part's 16 ticks. So the median is of clicks; a player, which plays without a gap, is as far behind
as the last of them (p95), and by what it holds back itself: where the door tells it how much (LL-HLS), that
is said.

    python -m bench.mouth_to_ear [--clicks 160] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from tests.parvis import Parvis

from bench import machine
from bench.doors import Crowd, Ear
from parvis.audio import Int16
from parvis.clock import SystemClock
from parvis.stage import peer as peers
from parvis.stage.speaker import Speaker

APART_TICKS: Final = 51
"""A second and a tick: 51 and the 16 ticks of a part have no divisor in common."""
UNCOUNTED: Final = 3
"""Clicks at the beginning, while jitter buffers find their depth."""


class Mouth:
    """Silence, with 2 ms of 2 kHz at the head of a tick from time to time; notes when it said so."""

    def __init__(self, clicks: int) -> None:
        self.said_s: list[float] = []
        self._left = clicks * APART_TICKS
        self._click = np.zeros(960, np.int16)
        self._click[:96] = 20_000 * np.sin(2 * np.pi * 2_000 * np.arange(96) / 48_000)
        self._silence = np.zeros(960, np.int16)

    def tick(self) -> Int16 | None:
        """The next 20 ms."""
        self._left -= 1
        if self._left < 0:
            return None
        if self._left % APART_TICKS:
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


def figures(said_s: list[float], heard_s: list[float]) -> dict[str, float]:
    """How many clicks were said and heard, and percentiles of those heard, in ms."""
    delays = delays_ms(said_s, heard_s)
    p50, p95 = np.percentile(delays, [50, 95]) if delays else (np.nan, np.nan)
    counts = {"said": len(said_s), "heard": len(delays)}
    return counts | {"p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


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
    said_s = mouth.said_s[UNCOUNTED:]
    ways: dict[str, Any] = {
        "another seat": figures(said_s, seat.heard_s),
        "a monitor (WHEP)": figures(said_s, monitoring.heard_s),
    }
    for name, listener in crowd.listeners.items():
        ways[name] = figures(said_s, listener.ear.heard_s) | {"hold_back_s": listener.hold_back_s}
    return ways


def main() -> None:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=160)
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
    lines = [
        "| from a mouth to | heard of said | p50 ms | p95 ms | told to hold back |",
        "|---|--:|--:|--:|--:|",
    ]
    for way, row in ways.items():
        held = row.get("hold_back_s", 0.0)
        told = f"{held:.2f} s" if held else ""
        heard, p50, p95 = f"{row['heard']} of {row['said']}", f"{row['p50_ms']:.0f}", f"{row['p95_ms']:.0f}"
        lines.append(f"| {way} | {heard} | {p50} | {p95} | {told} |")
    page = "\n".join(lines)
    if options.json:
        print(json.dumps({"machine": machine.describe(), "ways": ways, "markdown": page}, indent=1))
        return
    print(machine.words(machine.describe()) + "\n\n" + page)


if __name__ == "__main__":
    main()
