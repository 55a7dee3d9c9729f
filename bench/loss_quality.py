"""Speech quality through a lossy network: the stage's WebRTC library beside aiortc, in one run.

A voice (made by espeak-ng) goes from one peer to another through a UDP relay on loopback that loses packets
at random, with the same seed for both libraries. What comes out is compared with what went in by WB-PESQ
(ITU-T P.862.2, 1.0 to 4.64). Also printed: the share of the voice during which nothing came out.

    .venv/bin/python bench/loss_quality.py [--json FILE] [--loss 0 5 10 20 30] [--repeat 3]
"""

from __future__ import annotations

import argparse
import asyncio
import fractions
import io
import json
import platform
import random
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path
from typing import cast

import aiortc
import av
import numpy as np
import pesq
from aiortc.mediastreams import MediaStreamTrack
from numpy.typing import NDArray
from scipy.signal import resample_poly

from parvis.cli.speak import read_sound
from parvis.stage import peer as peers

Int16 = NDArray[np.int16]
RATE = 48_000
LEAD_S = 2.0
"""Silence before the voice, while the connection settles."""
WORDS = (
    "The square filled slowly at first, and then all at once. Nobody had expected so many people to come, "
    "and yet every one of them could hear what was said on the steps, as clearly as if they stood beside it."
)


class Relay(asyncio.DatagramProtocol):
    """One side of a lossy relay: what comes in here goes out at `twin` to the real peer behind it."""

    def __init__(self, chance: random.Random, loss: float) -> None:
        self._chance = chance
        self._loss = loss
        self.twin: Relay | None = None
        self.target: tuple[str, int] | None = None
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def close(self) -> None:
        """Stops relaying."""
        assert self.transport is not None
        self.transport.close()

    def datagram_received(self, data: bytes, _from: object) -> None:
        # RTP and RTCP begin with 10 in binary (RFC 7983); the hand-shakes are let through.
        if data[0] >> 6 == 2 and self._chance.random() < self._loss:
            return
        assert self.twin is not None
        assert self.twin.transport is not None
        if self.twin.target is None:
            return
        self.twin.transport.sendto(data, self.twin.target)


def candidate_of(sdp: str) -> tuple[str, int]:
    """A loopback candidate, or else any IPv4 one."""
    found = re.findall(r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", sdp)
    best = next((pair for pair in found if pair[0].startswith("127.")), found[0])
    return best[0], int(best[1])


def through(sdp: str, relay_port: int) -> str:
    """The description with the relay as its only candidate."""
    lines = [line for line in sdp.splitlines() if not line.startswith(("a=candidate", "a=end-of-candidates"))]
    lines.append(f"a=candidate:1 1 udp 2130706431 127.0.0.1 {relay_port} typ host")
    lines.append("a=end-of-candidates")
    return "\r\n".join(lines) + "\r\n"


async def make_relay(loss: float, seed: int) -> tuple[Relay, Relay]:
    """Two sides that forward to each other and lose RTP with chance `loss`, 0…1."""
    loop = asyncio.get_running_loop()
    sides = []
    for _ in range(2):
        _, protocol = await loop.create_datagram_endpoint(
            lambda: Relay(random.Random(seed), loss), local_addr=("127.0.0.1", 0)
        )
        sides.append(protocol)
    sides[0].twin, sides[1].twin = sides[1], sides[0]
    return sides[0], sides[1]


def port_of(relay: Relay) -> int:
    """The UDP port on which a side listens."""
    assert relay.transport is not None
    port: int = relay.transport.get_extra_info("sockname")[1]
    return port


async def send_wrtc(voice: Int16, loss: float, seed: int) -> Int16:
    """Both ends as the stage has them: Opus in RED with FEC."""
    near, far = await make_relay(loss, seed)
    heard: list[Int16] = []
    sender = peers.Peer(peers.PeerSettings(loopback=True), lambda _samples: None)
    receiver = peers.Peer(peers.PeerSettings(loopback=True), heard.append)
    offer = await sender.offer(receive=False)
    near.target = candidate_of(offer)
    answer = await receiver.answer(through(offer, port_of(far)), send=False)
    far.target = candidate_of(answer)
    await sender.accept(through(answer, port_of(near)))
    while sender.state != "connected" or receiver.state != "connected":
        await asyncio.sleep(0.01)
    await pace(voice, lambda tick, _number: sender.send(tick))
    await sender.close()
    await receiver.close()
    near.close()
    far.close()
    return np.concatenate(heard)


class VoiceTrack(MediaStreamTrack):
    """A voice, in real time, as aiortc wants it."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.ticks: asyncio.Queue[tuple[Int16, int]] = asyncio.Queue(50)

    async def recv(self) -> av.AudioFrame:
        tick, number = await self.ticks.get()
        frame = av.AudioFrame.from_ndarray(tick.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = number * 960
        frame.time_base = fractions.Fraction(1, RATE)
        return frame


async def send_aiortc(voice: Int16, loss: float, seed: int) -> Int16:
    """Both ends as aiortc has them by default."""
    near, far = await make_relay(loss, seed)
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
    await receiver.setRemoteDescription(aiortc.RTCSessionDescription(through(offer, port_of(far)), "offer"))
    await receiver.setLocalDescription(await receiver.createAnswer())
    answer = receiver.localDescription.sdp
    far.target = candidate_of(answer)
    await sender.setRemoteDescription(aiortc.RTCSessionDescription(through(answer, port_of(near)), "answer"))
    while sender.connectionState != "connected" or receiver.connectionState != "connected":
        await asyncio.sleep(0.01)
    await pace(voice, lambda tick, number: track.ticks.put_nowait((tick, number)))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await sender.close()
    await receiver.close()
    near.close()
    far.close()
    return np.concatenate(heard)


async def pace(voice: Int16, send: Callable[[Int16, int], None]) -> None:
    """Hands over 20 ms each 20 ms."""
    began_s = time.monotonic()
    for number in range(len(voice) // 960):
        send(voice[number * 960 : (number + 1) * 960], number)
        await asyncio.sleep(max(began_s + (number + 1) * 0.02 - time.monotonic(), 0))


def score(sent: Int16, heard: Int16) -> tuple[float, float]:
    """WB-PESQ of what came out, and the per cent of the voice during which nothing did."""
    near = resample_poly(sent.astype(float), 1, 3)
    out = resample_poly(heard.astype(float), 1, 3)
    size = 1 << int(np.ceil(np.log2(len(near) + len(out))))
    match = np.fft.irfft(np.fft.rfft(out, size) * np.conj(np.fft.rfft(near, size)), size)
    lag = int(np.argmax(match[: len(out)]))
    out = out[lag : lag + len(near)]
    near = near[: len(out)]
    frame = 160
    count = len(out) // frame
    loud = np.abs(near[: count * frame].reshape(count, frame)).max(axis=1) > 800
    dead = np.abs(out[: count * frame].reshape(count, frame)).max(axis=1) < 8
    quality = float(pesq.pesq(16_000, near.astype(np.int16), out.astype(np.int16), "wb"))
    return quality, 100 * float((loud & dead).sum()) / max(int(loud.sum()), 1)


def through_opus_alone(voice: Int16) -> Int16:
    """The voice encoded at 32 kbit/s and decoded again, without any network: what no stage can exceed."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = 32_000
        stream.options = {"application": "voip", "frame_duration": "20"}
        for start in range(0, len(voice) - 959, 960):
            frame = av.AudioFrame.from_ndarray(
                voice[start : start + 960].reshape(1, -1), format="s16", layout="mono"
            )
            frame.sample_rate = RATE
            frame.pts = start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(file, "r") as back:
        blocks = [out.to_ndarray()[0] for frame in back.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate(blocks).astype(np.int16)


def make_voice() -> Int16:
    """About ten seconds of speech, int16[n]."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "voice.wav"
        subprocess.run(["espeak-ng", "-v", "en-gb", "-s", "150", "-w", str(wav), WORDS], check=True)
        return read_sound(wav)


async def run(arguments: argparse.Namespace) -> dict[str, object]:
    """Measures every library at every loss."""
    voice = make_voice()
    padded = np.concatenate([np.zeros(int(LEAD_S * RATE), np.int16), voice, np.zeros(RATE, np.int16)])
    ways: dict[str, Callable[[Int16, float, int], Awaitable[Int16]]] = {
        f"wrtc {metadata.version('wrtc')}": send_wrtc,
        f"aiortc {metadata.version('aiortc')}": send_aiortc,
    }
    ceiling, _ = score(voice, through_opus_alone(voice))
    print(f"| – | libopus alone, 32 kbit/s | {ceiling:.2f} | |", flush=True)
    rows: list[dict[str, object]] = [{"library": "libopus alone, 32 kbit/s", "pesq_wb": round(ceiling, 2)}]
    for loss in arguments.loss:
        for name, way in ways.items():
            scores = [
                score(voice, await way(padded, loss / 100, seed)) for seed in range(1, arguments.repeat + 1)
            ]
            row = {
                "library": name,
                "loss_percent": loss,
                "pesq_wb": round(statistics.median(quality for quality, _ in scores), 2),
                "silent_percent": round(statistics.median(dead for _, dead in scores), 1),
            }
            rows.append(row)
            print(
                f"| {row['loss_percent']} % | {name} | {row['pesq_wb']} | {row['silent_percent']} % |",
                flush=True,
            )
    return {"machine": platform.platform(), "repeat": arguments.repeat, "rows": rows}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loss", nargs="+", type=float, default=[0, 5, 10, 20, 30])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    peers.allow_loopback()
    print("| loss | library | WB-PESQ | silent while it should speak |\n|---|---|---|---|")
    result = asyncio.run(run(arguments))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
