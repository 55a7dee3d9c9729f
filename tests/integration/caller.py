"""A WebRTC client that does what RFC 9725 lets a client do, at the hand of a test: candidates late or never,
a restart, an offer as OBS sends it. It speaks a tone and keeps what it hears."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import httpx
import numpy as np
import webrtc

from parvis.clock import SAMPLE_RATE_HZ, TICK_SAMPLES
from parvis.stage import peer as peers
from parvis.stage.fragment import credentials_of, parse_fragment, restarted
from tests.integration.counted import Chunk
from tests.integration.signals import Int16, power_db, tone

PATIENCE_S = 60.0
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.02)


@dataclass
class Answered:
    """What the server said to an offer."""

    response: httpx.Response
    session_url: str
    tag: str
    sdp: str


class Caller:
    """One client of one endpoint, WHIP or WHEP. It says a tone, or what it is given: whole ticks."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        speaks_hz: float = 0.0,
        says: Int16 | None = None,
        configuration: webrtc.RTCConfiguration | None = None,
    ) -> None:
        peers.allow_loopback()
        self.url = url
        authorization = {"Authorization": f"Bearer {token}"}
        self.api = httpx.AsyncClient(headers=authorization, timeout=PATIENCE_S, trust_env=False)
        self.connection = webrtc.RTCPeerConnection(configuration or webrtc.RTCConfiguration())
        self.heard: list[Int16] = []
        self.began_s: float | None = None
        """When it began to speak, as `time.monotonic()`."""
        self._noted: list[Chunk] | None = None
        # A second of whole periods, without the fades of its ends.
        self._voice = tone(speaks_hz, 1.04)[960:-960] if says is None and speaks_hz else says
        self._tasks: list[asyncio.Task[None]] = []
        self._gathered = asyncio.Event()
        self.connection.on("icegatheringstatechange", self._on_gathering)
        self.connection.on("track", self._on_track)

    async def __aenter__(self) -> Caller:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.connection.close()
        await self.api.aclose()

    @property
    def state(self) -> str:
        return str(self.connection.connection_state.value)

    async def offer(self, direction: str = "sendrecv", *, video: bool = False) -> str:
        """A new offer with all candidates; with `video` a section for a picture stands before the sound."""
        init = webrtc.RTCRtpTransceiverInit(direction=webrtc.RTCRtpTransceiverDirection(direction))
        if video:
            receives = webrtc.RTCRtpTransceiverInit(direction=webrtc.RTCRtpTransceiverDirection.recvonly)
            self.connection.add_transceiver("video", receives)
        if self._voice is not None:
            source = webrtc.MediaStreamTrackGenerator("audio")
            self.connection.add_transceiver(source, init)
            self._tasks.append(asyncio.create_task(self._speak(source, self._voice)))
        else:
            self.connection.add_transceiver("audio", init)
        return await self._described(webrtc.RTCOfferOptions())

    async def post(self, sdp: str) -> httpx.Response:
        return await self.api.post(self.url, content=sdp, headers=SDP)

    async def call(self, sdp: str) -> Answered:
        """Sends this offer, takes the answer."""
        response = await self.post(sdp)
        assert response.status_code == 201, response.text
        description = webrtc.RTCSessionDescriptionInit(type="answer", sdp=response.text)
        await self.connection.set_remote_description(description)
        session_url = str(response.url.join(response.headers["location"]))
        return Answered(response, session_url, response.headers["etag"], response.text)

    async def patch(self, answered: Answered, fragment: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.api.patch(answered.session_url, content=fragment, headers=FRAGMENT | named)

    async def restart(self, answered: Answered, if_match: str = "*") -> httpx.Response:
        """Restarts ICE as §4.3.3 has it; afterwards `answered.tag` is the new one."""
        offer = await self._described(webrtc.RTCOfferOptions(ice_restart=True))
        response = await self.patch(answered, fragment_of(offer), If_Match=if_match)
        if response.status_code == 200:
            answered.sdp = restarted(answered.sdp, parse_fragment(response.text))
            answered.tag = response.headers["etag"]
            description = webrtc.RTCSessionDescriptionInit(type="answer", sdp=answered.sdp)
            await self.connection.set_remote_description(description)
        return response

    async def connected(self) -> None:
        await until(lambda: self.state == "connected")

    async def hears(self, frequency_hz: float, *, at_least_db: float = -45) -> None:
        """Waits until a tone is heard."""
        async with asyncio.timeout(PATIENCE_S):
            while power_db(await self.sound(0.3), frequency_hz) < at_least_db:
                pass

    async def hears_something(self) -> None:
        """Waits until there is any sound."""
        async with asyncio.timeout(PATIENCE_S):
            while not np.abs(await self.sound(0.3)).max() > 300:
                pass

    async def hears_nothing(self) -> None:
        """Waits until there is no sound any more."""
        async with asyncio.timeout(PATIENCE_S):
            while np.abs(await self.sound(0.3)).max() > 30:
                pass

    async def sound(self, seconds: float) -> Int16:
        """What comes in from now on, for so long."""
        self.heard.clear()
        await until(lambda: sum(map(len, self.heard)) >= seconds * SAMPLE_RATE_HZ)
        return np.concatenate(self.heard)

    async def noted(self, seconds: float) -> list[Chunk]:
        """What comes in from now on, for so long, each with the time at which it came."""
        noted = self._noted = []
        await asyncio.sleep(seconds)
        self._noted = None
        return noted

    async def used_ports(self) -> set[int]:
        """The other side's ports to which this one sends now."""
        stats = await self.connection.get_stats()
        pairs = [s for s in stats.values() if isinstance(s, webrtc.RTCIceCandidatePairStats) and s.nominated]
        remote = [stats.get(pair.remote_candidate_id) for pair in pairs]
        return {s.port for s in remote if isinstance(s, webrtc.RTCIceCandidateStats) and s.port is not None}

    async def _described(self, options: webrtc.RTCOfferOptions) -> str:
        self._gathered.clear()
        await self.connection.set_local_description(await self.connection.create_offer(options))
        async with asyncio.timeout(PATIENCE_S):
            await self._gathered.wait()
        description = self.connection.local_description
        assert description is not None
        return description.sdp

    def _on_gathering(self, _: object) -> None:
        if self.connection.ice_gathering_state == webrtc.RTCIceGatheringState.complete:
            self._gathered.set()

    def _on_track(self, event: webrtc.RTCTrackEvent) -> None:
        if event.track.kind == "audio":
            self._tasks.append(asyncio.create_task(self._listen(event.track)))

    async def _listen(self, track: webrtc.MediaStreamTrack) -> None:
        processor = webrtc.MediaStreamTrackProcessor(webrtc.MediaStreamTrackProcessorInit(track, 20))
        async for data in processor.readable:
            assert isinstance(data, webrtc.AudioData)
            with data:
                channels = data.number_of_channels
                buffer = bytearray(data.number_of_frames * channels * 2)
                data.copy_to(buffer, webrtc.AudioDataCopyToOptions(plane_index=0, format="s16"))
            chunk = np.frombuffer(buffer, "<i2")[::channels]
            self.heard.append(chunk)
            if self._noted is not None:
                self._noted.append((time.monotonic(), chunk))

    async def _speak(self, source: webrtc.MediaStreamTrackGenerator, voice: Int16) -> None:
        """Says it again and again, 10 ms at a time: `voice` is whole ticks."""
        writer = source.writable.get_writer()
        began_s = self.began_s = time.monotonic()
        count = 0
        while True:
            for start in range(0, TICK_SAMPLES, 480):
                at = (count * TICK_SAMPLES + start) % len(voice)
                frame = webrtc.AudioDataInit(
                    format="s16",
                    sample_rate=SAMPLE_RATE_HZ,
                    number_of_frames=480,
                    number_of_channels=1,
                    timestamp=count * 20_000 + start * 1_000 // 48,
                    data=voice[at : at + 480].tobytes(),
                )
                writer.write(webrtc.AudioData(frame))
            count += 1
            await asyncio.sleep(max(began_s + count * 0.02 - time.monotonic(), 0))


def bare(offer: str) -> str:
    """The offer as OBS sends it: without candidates, its side of DTLS open."""
    assert "a=setup:actpass" in offer
    return re.sub(r"a=(candidate:|end-of-candidates|ice-options:).*\r\n", "", offer)


def fragment_of(offer: str, *, credentials: bool = True) -> str:
    """The candidates of an offer as a client sends them later."""
    ours = credentials_of(offer)
    lines = [f"a=ice-ufrag:{ours.ufrag}", f"a=ice-pwd:{ours.pwd}"] if credentials else []
    lines += ["m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0"]
    lines += [line for line in offer.splitlines() if line.startswith("a=candidate:")]
    return "\r\n".join([*lines, "a=end-of-candidates", ""])
