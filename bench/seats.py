"""What a seat costs: Parvis's stage beside Janus's AudioBridge, with the same clients, in one run.

From 1 to 13 people talk at once, all of them, and each hears the others. The clients are libwebrtc, in this
process: 32 kbit/s of Opus, mono, with FEC, both ways. Parvis makes the Space's program besides, in both
renditions; what that alone costs is the line of no seats. RED, which Janus does not know, doubles what Parvis
and its clients send.

    python -m bench.seats [--seats 0 1 4 8 13] [--for 7] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import webrtc
from tests.integration.caller import Caller, until
from tests.integration.janus import Janus, janus
from tests.parvis import Parvis, Person, wait_until

from bench import machine
from parvis.audio import Int16
from parvis.cli.speak import read_sound
from parvis.clock import TICK_SAMPLES

SETTLE_S = 2.0
WORDS = (
    "The square filled slowly at first, and then all at once. Nobody had expected so many people to come, "
    "and yet every one of them could hear what was said on the steps, as clearly as if they stood beside it."
)
ASKED = "minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;maxaveragebitrate=32000;usedtx=0"
"""What Parvis's answer asks of a client's encoder; Janus's is made to ask the same."""


class Server(Protocol):
    """What takes seats. `pids` are of the processes that carry them."""

    name: str

    @property
    def pids(self) -> list[int]: ...

    def caller(self, number: int, voice: Int16) -> Caller:
        """The client of seat `number`, not connected."""

    async def seat(self, caller: Caller) -> None:
        """Connects it."""


@dataclass(frozen=True, slots=True)
class Row:
    """What so many seats use: CPU in seconds a second, memory in bytes, bits a second of one seat."""

    server: str
    seats: int
    cpu: float
    rss_bytes: int
    clients_cpu: float
    up_bps: float
    down_bps: float
    hear: int
    """Seats at which the others were heard."""


class Stage:
    """Parvis's: the process that has the Space."""

    name = "Parvis"

    def __init__(self, parvis: Parvis, seats: int) -> None:
        host = parvis.person("host")
        space = host.post("spaces", {"title": "Seats"})
        self._people: list[Person] = [host]
        for role, uses in (("co-host", 2), ("speaker", 10)):
            invited = host.post(f"spaces/{space['id']}/invitations", {"role": role, "uses": uses})
            code = invited["link"].partition("#invitation=")[2]
            for _ in range(min(uses, seats - len(self._people))):
                guest = parvis.person("guest")
                guest.post(f"spaces/{space['id']}/seats", {"invitation": code})
                self._people.append(guest)
        host.post(f"spaces/{space['id']}/start")
        self._whip: str = space["links"]["whip"]
        wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
        stage, _ = parvis.stage_of(space["id"])
        self._pid = parvis.pid(stage)

    @property
    def pids(self) -> list[int]:
        return machine.with_children(self._pid)

    def caller(self, number: int, voice: Int16) -> Caller:
        return Caller(self._whip, self._people[number].token, says=voice)

    async def seat(self, caller: Caller) -> None:
        await caller.call(await caller.offer())


class Bridge:
    """Janus's."""

    name = "Janus AudioBridge"

    def __init__(self, running: Janus) -> None:
        self._janus = running
        self._room = running.room(default_bitrate=32_000, default_expectedloss=10, audiolevel_event=False)

    @property
    def pids(self) -> list[int]:
        return machine.with_children(self._janus.pid)

    def caller(self, number: int, voice: Int16) -> Caller:
        del number
        return Caller("", "", says=voice)

    async def seat(self, caller: Caller) -> None:
        handle = self._janus.handle()
        await asyncio.to_thread(handle.join, self._room)
        answer = await asyncio.to_thread(handle.configure, "offer", await caller.offer())
        answer = re.sub(r"a=fmtp:(\d+) .*", rf"a=fmtp:\1 {ASKED}", answer, count=1)
        description = webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer)
        await caller.connection.set_remote_description(description)


def voice_in(folder: Path) -> Int16:
    """Someone who talks, whole ticks."""
    file = folder / "voice.wav"
    subprocess.run(["espeak-ng", "-w", str(file), WORDS], check=True)
    sound = read_sound(file)
    return sound[: len(sound) // TICK_SAMPLES * TICK_SAMPLES]


async def carried(callers: list[Caller]) -> tuple[int, int]:
    """Bytes of RTP payload that clients have sent and received."""
    sent = received = 0
    for caller in callers:
        for entry in (await caller.connection.get_stats()).values():
            if isinstance(entry, webrtc.RTCOutboundRtpStreamStats):
                sent += entry.bytes_sent or 0
            elif isinstance(entry, webrtc.RTCInboundRtpStreamStats):
                received += entry.bytes_received or 0
    return sent, received


async def measure(server: Server, callers: list[Caller], seconds: float) -> Row:
    """Reads everything twice."""
    await asyncio.sleep(SETTLE_S)
    for caller in callers:
        caller.heard.clear()
    pids = server.pids
    before, bytes_before = machine.Reading.of(pids), await carried(callers)
    own_s, began_s = time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    took_s = time.monotonic() - began_s
    after, own_s = machine.Reading.of(pids), time.process_time() - own_s
    bits = [8 * (now - then) for now, then in zip(await carried(callers), bytes_before, strict=True)]
    of_one = [each / took_s / max(len(callers), 1) for each in bits]
    hear = sum(bool(c.heard) and np.abs(np.concatenate(c.heard)).max() > 1000 for c in callers)
    cpu = (after.cpu_s - before.cpu_s) / took_s
    return Row(server.name, len(callers), cpu, after.rss_bytes, own_s / took_s, of_one[0], of_one[1], hear)


async def rows(server: Server, counts: list[int], seconds: float, voice: Int16) -> list[Row]:
    """More and more seats, and what each number of them uses."""
    found: list[Row] = []
    async with AsyncExitStack() as stack:
        callers: list[Caller] = []
        for count in counts:
            while len(callers) < count:
                # Nobody says the same at the same time.
                says = np.roll(voice, -TICK_SAMPLES * 67 * len(callers))
                caller = await stack.enter_async_context(server.caller(len(callers), says))
                await server.seat(caller)
                await until(lambda: caller.state == "connected")  # noqa: B023
                callers.append(caller)
            found.append(await measure(server, callers, seconds))
    return found


@contextmanager
def running(name: str, folder: Path, seats: int) -> Iterator[Server]:
    """One server, alone."""
    folder.mkdir()
    if name == "janus":
        with janus(folder) as found:
            yield Bridge(found)
        return
    parvis = Parvis(folder / "data", edges=1)
    parvis.start()
    try:
        yield Stage(parvis, seats)
    finally:
        parvis.stop()


def table(found: list[Row]) -> str:
    """In Markdown, with what one more seat costs: from the fewest seats to the most."""
    lines = [
        "| server | seats | CPU, cores | memory, MB | kbit/s of a seat, up / down | hear | clients' CPU |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.server} | {row.seats} | {row.cpu:.3f} | {row.rss_bytes / 1e6:.0f} | "
        f"{row.up_bps / 1000:.0f} / {row.down_bps / 1000:.0f} | {row.hear} | {row.clients_cpu:.2f} |"
        for row in found
    ]
    for server in dict.fromkeys(row.server for row in found):
        of_it = [row for row in found if row.server == server and row.seats]
        first, last = of_it[0], of_it[-1]
        if first is last:
            continue
        more = last.seats - first.seats
        cpu_ms = 1000 * (last.cpu - first.cpu) / more
        memory = (last.rss_bytes - first.rss_bytes) / more / 1e6
        lines.append(f"| **{server}** | one more | {cpu_ms:.1f} ms a second | {memory:.1f} | | | |")
    return "\n".join(lines)


def main() -> None:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seats", type=int, nargs="+", default=[0, 1, 4, 8, 13])
    parser.add_argument("--for", type=float, default=7.0, dest="seconds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    counts: list[int] = sorted(options.seats)
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        voice = voice_in(Path(place))
        for name in ("parvis", "janus"):
            with running(name, Path(place) / name, counts[-1]) as server:
                found += asyncio.run(rows(server, counts, options.seconds, voice))
    markdown = machine.words(machine.describe()) + "\n\n" + table(found)
    if options.json:
        result: dict[str, Any] = {"machine": machine.describe(), "rows": [asdict(row) for row in found]}
        print(json.dumps(result | {"markdown": markdown}, indent=1))
        return
    print(markdown)


if __name__ == "__main__":
    main()
