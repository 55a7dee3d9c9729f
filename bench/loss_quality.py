"""Speech quality through a bad network: the stage beside aiortc, in one run.

A person's voice goes from one peer to another through UDP on loopback that loses, delays or reorders packets
(`network.py`), with the same seeds for all:

- *stage*: a speaker's session (wrtc, which is Chrome's), and all that a stage does with it: its session, the
  buffer before the mixer, levelling, limiter. What is scored is the program before it is encoded.
- *wrtc*: the same library in both ends, and nothing of ours.
- *aiortc*: that library in both ends, as it comes.

What comes out is compared with what went in by WB-PESQ (ITU-T P.862.2). Also printed: the share of the voice
during which nothing came out. Each network is tried with several seeds, and the median counts; so many
sessions run at once, each in a process of its own.

    python -m bench.loss_quality [--loss 0 5 10 20 30] [--repeat 3] [--at-once 4] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import fractions
import json
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from typing import Any, Final

import aiortc
import av
import numpy as np
from aiortc.mediastreams import MediaStreamTrack

from bench import machine
from bench.network import Faults, Relay, between, candidate_of, through
from bench.speech import RATE, Int16, first_words, score, through_opus_alone, voice
from parvis.bus.messages import SeatState, SpaceMessage
from parvis.clock import SystemClock
from parvis.media.events import Event
from parvis.stage import peer as peers
from parvis.stage.room import ProgramSink, Room
from parvis.stage.ticker import Ticker

LEAD_S: Final = 2.0
"""Silence before the voice, while the connection settles."""
LOOPBACK: Final = peers.PeerSettings(loopback=True)
SPACE: Final = SpaceMessage(
    "bench", 1, "Bench", "", "en", "live", "ana", "2026-11-22T00:00:00Z", None, "2026-11-22T00:00:00Z", None,
    (SeatState("ana", "Ana", "host"),),
)  # fmt: skip
NETWORKS: Final[Mapping[str, Faults]] = {
    "jitter of up to 40 ms": Faults(jitter_ms=40),
    "10 % out of order": Faults(reordered=0.1),
    "5 % lost, jitter of up to 40 ms, 5 % out of order": Faults(loss=0.05, jitter_ms=40, reordered=0.05),
}


class Tape:
    """A program that is kept as samples."""

    def __init__(self) -> None:
        self.ticks: list[Int16] = []

    def push_tick(self, samples: Int16) -> None:
        """The next 20 ms."""
        self.ticks.append(samples)

    def push_tracks(self, heard: Mapping[str, Int16]) -> None:
        """Tracks are not recorded here."""

    def add_event(self, event: Event) -> None:
        """Nobody is told."""

    def end(self) -> None:
        """The room has closed."""

    forget = end


async def send_stage(sound: Int16, near: Relay, far: Relay) -> list[Int16]:
    """A speaker's peer into a room, ticked in real time; its program."""
    tape = Tape()

    def start(space: str, first_sequence: int) -> ProgramSink:
        del space, first_sequence  # there is but one, from the beginning
        return tape

    clock = SystemClock()
    room = Room(
        SPACE, stage="bench", peers=LOOPBACK, public_address="", max_sessions=13, clock=clock,
        start_program=start, listeners=lambda: 0,
    )  # fmt: skip
    ticker = Ticker(clock, room.tick)
    ticker.wanted(True)
    running = asyncio.create_task(ticker.run())
    looking = asyncio.create_task(_look(room))
    sender = peers.Peer(LOOPBACK, lambda _samples: None)
    try:
        offer = await sender.offer(receive=False)
        near.target = candidate_of(offer)
        answer = (await room.offer("ana", through(offer, far))).sdp
        far.target = candidate_of(answer)
        await sender.accept(through(answer, near))
        while sender.state != "connected":
            await asyncio.sleep(0.01)
        await pace(sound, lambda tick, _number: sender.send(tick))
    finally:
        running.cancel()
        looking.cancel()
        await sender.close()
        room.close()
        await room.closed()
    return tape.ticks


async def _look(room: Room) -> None:
    while True:
        await room.look()
        await asyncio.sleep(0.5)


async def send_wrtc(sound: Int16, near: Relay, far: Relay) -> list[Int16]:
    """The library of the stage in both ends: Opus in RED with FEC."""
    heard: list[Int16] = []
    sender, receiver = peers.Peer(LOOPBACK, lambda _samples: None), peers.Peer(LOOPBACK, heard.append)
    offer = await sender.offer(receive=False)
    near.target = candidate_of(offer)
    answer = await receiver.answer(through(offer, far), send=False)
    far.target = candidate_of(answer)
    await sender.accept(through(answer, near))
    while sender.state != "connected" or receiver.state != "connected":
        await asyncio.sleep(0.01)
    await pace(sound, lambda tick, _number: sender.send(tick))
    await sender.close()
    await receiver.close()
    return heard


class VoiceTrack(MediaStreamTrack):
    """A voice, in real time, as aiortc wants it."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.ticks: asyncio.Queue[tuple[Int16, int]] = asyncio.Queue(3_000)

    async def recv(self) -> av.AudioFrame:
        tick, number = await self.ticks.get()
        frame = av.AudioFrame.from_ndarray(tick.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = number * 960
        frame.time_base = fractions.Fraction(1, RATE)
        return frame


async def send_aiortc(sound: Int16, near: Relay, far: Relay) -> list[Int16]:
    """Both ends as aiortc has them by default."""
    no_servers = aiortc.RTCConfiguration(iceServers=[])
    sender, receiver = aiortc.RTCPeerConnection(no_servers), aiortc.RTCPeerConnection(no_servers)
    heard: list[Int16] = []
    track = VoiceTrack()
    sender.addTrack(track)
    tasks: set[asyncio.Task[None]] = set()

    @receiver.on("track")
    def _(incoming: MediaStreamTrack) -> None:
        async def read() -> None:
            while True:
                frame = await incoming.recv()
                assert isinstance(frame, av.AudioFrame)
                samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
                heard.append(samples.mean(axis=1).astype(np.int16))

        tasks.add(asyncio.ensure_future(read()))

    await sender.setLocalDescription(await sender.createOffer())
    offer = sender.localDescription.sdp
    near.target = candidate_of(offer)
    await receiver.setRemoteDescription(aiortc.RTCSessionDescription(through(offer, far), "offer"))
    await receiver.setLocalDescription(await receiver.createAnswer())
    answer = receiver.localDescription.sdp
    far.target = candidate_of(answer)
    await sender.setRemoteDescription(aiortc.RTCSessionDescription(through(answer, near), "answer"))
    while sender.connectionState != "connected" or receiver.connectionState != "connected":
        await asyncio.sleep(0.01)
    await pace(sound, lambda tick, number: track.ticks.put_nowait((tick, number)))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await sender.close()
    await receiver.close()
    return heard


async def pace(sound: Int16, send: Callable[[Int16, int], None]) -> None:
    """Hands over 20 ms each 20 ms."""
    began_s = time.monotonic()
    for number in range(len(sound) // 960):
        send(sound[number * 960 : (number + 1) * 960], number)
        await asyncio.sleep(max(began_s + (number + 1) * 0.02 - time.monotonic(), 0))


WAYS: Final[Mapping[str, Callable[[Int16, Relay, Relay], Awaitable[list[Int16]]]]] = {
    "stage": send_stage,
    "wrtc": send_wrtc,
    "aiortc": send_aiortc,
}
NAMES: Final = {
    "stage": "**Parvis' stage**",
    "wrtc": f"wrtc {metadata.version('wrtc')} alone",
    "aiortc": f"aiortc {metadata.version('aiortc')}",
}


def one(way: str, faults: Faults, seed: int) -> tuple[Int16, float]:
    """What was heard in one session, and kbit/s of RTP that was sent."""

    async def run() -> tuple[list[Int16], float]:
        near, far = await between(faults, seed)
        heard = await WAYS[way](sound, near, far)
        near.close()
        far.close()
        return heard, 8 * near.payload_bytes / (len(sound) / RATE) / 1000

    lead, pause, tail = (np.zeros(int(seconds * RATE), np.int16) for seconds in (LEAD_S, 0.5, 1.0))
    sound = np.concatenate([lead, first_words(), pause, voice(), tail])
    heard, rate_kbps = asyncio.run(run())
    return np.concatenate(heard), rate_kbps


def measure(
    networks: Mapping[str, Faults], ways: Sequence[str], repeat: int, at_once: int
) -> list[dict[str, Any]]:
    """A row for each network and way. Sessions run in batches, and are scored when all are over: neither a
    process that begins nor one that scores takes the processor from one that speaks."""
    jobs = [(n, way, seed) for n in networks for way in ways for seed in range(1, repeat + 1)]
    heard: dict[tuple[str, str], list[tuple[Int16, float]]] = {}
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn"), peers.allow_loopback) as pool:
        list(pool.map(time.sleep, [2.0] * at_once))  # until all have begun
        for start in range(0, len(jobs), at_once):
            batch = jobs[start : start + at_once]
            running = [pool.submit(one, way, networks[network], seed) for network, way, seed in batch]
            for (network, way, _), session in zip(batch, running, strict=True):
                heard.setdefault((network, way), []).append(session.result())
    said, rows = voice(), []
    for (network, way), sessions in heard.items():
        found = [score(said, sound) for sound, _ in sessions]
        rows.append(
            {
                "network": network,
                "library": NAMES[way],
                "pesq_wb": round(statistics.median(quality for quality, _ in found), 2),
                "pesq_wb_least": round(min(quality for quality, _ in found), 2),
                "silent_percent": round(statistics.median(silent for _, silent in found), 1),
                "sent_kbps": round(statistics.median(rate for _, rate in sessions), 1),
            }
        )
    return rows


def table(rows: Sequence[Mapping[str, Any]], ceiling: float) -> str:
    """The rows in Markdown, a column for each library."""
    libraries = list(dict.fromkeys(row["library"] for row in rows))
    lines = [
        f"The voice through libopus alone at 32 kbit/s: {ceiling:.2f}.",
        "",
        "| network | " + " | ".join(f"{name} (least), silent" for name in libraries) + " |",
        "|---|" + "--:|" * len(libraries),
    ]
    for network in dict.fromkeys(row["network"] for row in rows):
        of_network = {row["library"]: row for row in rows if row["network"] == network}
        cells = [
            f"{row['pesq_wb']:.2f} ({row['pesq_wb_least']:.2f}), {row['silent_percent']} %"
            for row in of_network.values()
        ]
        lines.append(f"| {network} | " + " | ".join(cells) + " |")
    rates = {name: [r["sent_kbps"] for r in rows if r["library"] == name] for name in libraries}
    said = [f"{name} {min(found):.0f} to {max(found):.0f}" for name, found in rates.items()]
    return "\n".join([*lines, "", f"RTP sent, headers included, kbit/s: {'; '.join(said)}."])


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--loss", nargs="*", type=float, default=[0, 5, 10, 20, 30], help="per cent")
    parser.add_argument("--only-loss", action="store_true", help="no jitter, nothing out of order")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    networks = {f"{loss:g} % lost": Faults(loss=loss / 100) for loss in options.loss}
    networks |= {} if options.only_loss else NETWORKS
    ceiling, _ = score(voice(), through_opus_alone(voice()))
    rows = measure(networks, options.ways, options.repeat, options.at_once)
    page = table(rows, ceiling)
    if options.json:
        found = {"machine": machine.describe(), "repeat": options.repeat, "ceiling": round(ceiling, 2)}
        print(json.dumps(found | {"rows": rows, "markdown": page}, indent=1))
        return
    print(machine.words(machine.describe()) + "\n\n" + page)


if __name__ == "__main__":
    main()
