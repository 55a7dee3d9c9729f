"""What each door sends for the same sound: bytes of the codec, and what stands around them.

A voice speaks by WebRTC, and one listener sits at every door for a while. Of each are counted the access
units in what came (the sound), all that came by HTTP with heads and framing, and what the listener sent. What
TCP and IP add on an Ethernet is reckoned: 52 bytes (IPv4, TCP with timestamps) for a packet of up to 1,448,
and for an acknowledgement of every second one. For WHEP, RTP is counted by the library, and UDP, IP and the
authentication of SRTP are added: 38 bytes a packet. No TLS; it adds 22 bytes a record.

    python -m bench.overhead [--seconds 30] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import tempfile
import time
from pathlib import Path
from typing import Final

import webrtc
from tests.integration.caller import Caller
from tests.parvis import Parvis

from bench import machine
from bench.doors import Bytes, Crowd
from parvis.cli.demo import VOICE
from parvis.cli.speak import read_sound
from parvis.clock import SystemClock
from parvis.stage import peer as peers
from parvis.stage.speaker import Speaker, ticks_of

TCP_IP_BYTES: Final = 52
SRTP_UDP_IP_BYTES: Final = 10 + 8 + 20
SETTLE_S: Final = 3.0


async def measure(parvis: Parvis, seconds: float) -> dict[str, dict[str, float]]:
    """kbit/s of each door."""
    host, monitor = parvis.person("host"), parvis.person("monitor")
    space = host.post("spaces", {"title": "Overhead"})
    host.patch(f"spaces/{space['id']}", {"monitors": [monitor.handle]})
    links = host.post(f"spaces/{space['id']}/start")["links"]
    await asyncio.sleep(2)
    speaker = Speaker(links["whip"], host.token)
    await speaker.connect()
    voice = ticks_of(read_sound(VOICE), loop=True)
    speaking = asyncio.create_task(speaker.say(voice, SystemClock()))
    async with (
        Caller(links["whep"], monitor.token) as ear,
        Crowd(parvis.port, f"/live/{space['id']}") as crowd,
    ):
        await ear.call(await ear.offer("recvonly"))
        await ear.connected()
        await asyncio.sleep(SETTLE_S)
        began_s = time.monotonic()
        before = {name: copy.copy(one.count) for name, one in crowd.listeners.items()}
        heard_before = await _heard(ear)
        await asyncio.sleep(seconds)
        took_s = time.monotonic() - began_s
        rows = {name: _row(before[name], one.count, took_s) for name, one in crowd.listeners.items()}
        rows["WHEP, Opus in RED"] = _rtp_row(heard_before, await _heard(ear), took_s)
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    await speaker.close()
    return rows


def _row(before: Bytes, after: Bytes, seconds: float) -> dict[str, float]:
    """`sound`, `http` (all that came), `sent` and `wire` in kbit/s."""
    kbit = 8 / 1000 / seconds
    received, sent = after.received - before.received, after.sent - before.sent
    packets = after.packets - before.packets
    wire = received + sent + TCP_IP_BYTES * (packets + packets / 2)
    return {
        "sound": (after.sound - before.sound) * kbit,
        "http": received * kbit,
        "sent": sent * kbit,
        "wire": wire * kbit,
    }


async def _heard(ear: Caller) -> tuple[int, int, int]:
    """Payload, RTP headers and packets that came so far."""
    for entry in (await ear.connection.get_stats()).values():
        if isinstance(entry, webrtc.RTCInboundRtpStreamStats):
            return entry.bytes_received or 0, entry.header_bytes_received or 0, entry.packets_received or 0
    return 0, 0, 0


def _rtp_row(before: tuple[int, int, int], after: tuple[int, int, int], seconds: float) -> dict[str, float]:
    payload, headers, packets = (now - then for now, then in zip(after, before, strict=True))
    kbit = 8 / 1000 / seconds
    return {
        "sound": payload * kbit,
        "http": (payload + headers) * kbit,
        "sent": 0.0,
        "wire": (payload + headers + SRTP_UDP_IP_BYTES * packets) * kbit,
    }


def table(rows: dict[str, dict[str, float]]) -> str:
    """The rows in Markdown."""
    lines = [
        "| door | codec alone | came by HTTP or RTP | sent to ask for it | on the wire | over the codec |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, row in rows.items():
        over = 100 * (row["wire"] / row["sound"] - 1)
        values = " | ".join(f"{row[what]:.1f}" for what in ("sound", "http", "sent", "wire"))
        lines.append(f"| {name} | {values} | {over:.0f} % |")
    return "\n".join(lines)


def main() -> None:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    peers.allow_loopback()
    with tempfile.TemporaryDirectory() as folder:
        parvis = Parvis(Path(folder) / "data")
        parvis.start()
        try:
            rows = asyncio.run(measure(parvis, options.seconds))
        finally:
            parvis.stop()
    if options.json:
        found = {"machine": machine.describe(), "kbps": rows, "markdown": table(rows)}
        print(json.dumps(found, indent=1))
        return
    print(machine.words(machine.describe()) + ", kbit/s\n\n" + table(rows))


if __name__ == "__main__":
    main()
