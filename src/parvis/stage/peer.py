"""WebRTC as Parvis needs it, and the only file that knows the library (`wrtc`, libwebrtc M152).

Rules:

- Sound in: int16[480] mono, 10 ms, as Chrome's jitter buffer, concealment, FEC and RED leave it. It keeps
  coming (as silence) when packets stop, so only `stats()` tells whether anybody is there.
- A stage has a clock of its own, and takes what has come when its tick is there (`take`). To be woken for
  each frame (`on_samples`) is for those who have none: it costs ten times as much.
- On both ways the stage uses the library's native half (`wrtc`): its streams, as the W3C has them, make
  several futures and objects of each frame. It is not promised to stay, so the library's version is bounded.
- Sound out: int16[960] mono, 20 ms, handed over in one piece: the library cuts it into frames itself, and
  each piece costs a hop to its thread.
- Opus with in-band FEC, wrapped in RED; RED first, which makes 20 % loss sound like 5 %
  (docs/decisions/0001-wrtc-against-aiortc.md).
- A stage asks no STUN server: it is reachable, and learns where its peers are from their packets. Who calls
  one may have to go by others (`use_servers`).
- A restart of ICE is a second offer and answer: the library takes new credentials in it as one, and keeps the
  old path until a new one works.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import structlog
import webrtc
import wrtc
from numpy.typing import NDArray

from parvis.clock import SAMPLE_RATE_HZ, TICK_SAMPLES
from parvis.errors import RemoteProtocolError, Unavailable

log = structlog.get_logger(__name__)

QUEUE_FRAMES = 20
"""Frames that wait for a reader before the oldest is dropped: 200 ms."""
GATHERING_TIMEOUT_S = 3.0

Samples = NDArray[np.int16]
OnSamples = Callable[[Samples], None]


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """How peers of this process reach the world. Ports 0, 0 mean any."""

    port_min: int = 0
    port_max: int = 0
    loopback: bool = False


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server that a peer may go by."""

    url: str
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PeerStats:
    """What the transport tells of the sound that comes in, since the session began. None: not known yet."""

    packets_received: int = 0
    packets_lost: int = 0
    jitter_ms: float | None = None
    rtt_ms: float | None = None


@functools.cache
def allow_loopback() -> None:
    """Lets peers of this process use 127.0.0.1 and ::1. Must come before the first peer; once is enough."""
    webrtc.allow_loopback()


class Peer:
    """One WebRTC session with one track of sound in, and one out if the other side wants it.

    With `on_samples` each frame is handed over as it comes; without, frames wait for `take`.
    """

    def __init__(self, settings: PeerSettings, on_samples: OnSamples | None = None) -> None:
        self._port_range = (settings.port_min, settings.port_max) if settings.port_max else None
        self._connection = webrtc.RTCPeerConnection(webrtc.RTCConfiguration(port_range=self._port_range))
        self._on_samples = on_samples
        self._pump: asyncio.Task[None] | None = None
        self._in: wrtc.MediaStreamTrackProcessor | None = None
        self._out: webrtc.MediaStreamTrackGenerator | None = None
        self._out_native: wrtc.TrackGenerator | None = None
        self._mid = "0"
        self._sound: webrtc.RTCRtpTransceiver | None = None
        self._all_gathered = asyncio.Event()
        self._connection.on("track", self._on_track)
        self._connection.on("icegatheringstatechange", self._on_gathering)

    @property
    def state(self) -> str:
        """As in the W3C API: new, connecting, connected, disconnected, failed or closed."""
        return str(self._connection.connection_state.value)

    def use_servers(self, servers: list[IceServer]) -> None:
        """Goes by these servers too, where nothing else gets through. Before `offer`. Those that the library
        refuses are left out."""
        taken: list[webrtc.RTCIceServer] = []
        for server in servers:
            more = webrtc.RTCIceServer(server.url, server.username, server.credential)
            configuration = webrtc.RTCConfiguration(ice_servers=[*taken, more], port_range=self._port_range)
            try:
                self._connection.set_configuration(configuration)
            except (webrtc.RTCException, ValueError, TypeError) as error:
                log.warning("a server cannot be used", url=server.url, error=str(error))
            else:
                taken.append(more)

    async def answer(self, offer_sdp: str, *, send: bool, receive: bool = True) -> str:
        """Takes an offer and gives the answer with all candidates; `send` opens the way out, without
        `receive` there is none in. Sections other than the sound's are answered inactive: they may hold the
        transport that the sound is bundled with.

        Raises `RemoteProtocolError` `offer-malformed` if the library refuses the offer. A cancellation leaves
        the peer to be closed.
        """
        connection = self._connection
        await self._take_offer(offer_sdp, "offer-malformed", "The offer cannot be used")
        directions = webrtc.RTCRtpTransceiverDirection
        sound = None
        for transceiver in connection.get_transceivers():
            if sound is None and transceiver.receiver.track.kind == webrtc.MediaType.audio:
                sound = transceiver
            else:
                transceiver.direction = directions.inactive
        if sound is None:
            raise RemoteProtocolError("offer-malformed", "The offer cannot be used: it has no sound.")
        sound.set_codec_preferences(_opus_in_red())
        if send:
            await sound.sender.replace_track(self._open_out())
            sound.direction = directions.sendrecv if receive else directions.sendonly
        self._sound = sound
        self._mid = sound.mid or self._mid
        return await self._describe(connection.create_answer)

    async def restart(self, offer_sdp: str) -> str:
        """Takes the offer of the session with new ICE credentials, and gives the answer with its own.

        Raises `RemoteProtocolError` `fragment-malformed` when the library refuses it: the session is then as
        it was. Raises `Unavailable` `no-candidates`.
        """
        await self._take_offer(offer_sdp, "fragment-malformed", "ICE cannot restart with this")
        return await self._describe(self._connection.create_answer)

    async def add_candidate(self, candidate: str) -> None:
        """Takes one more address of the other side, an attribute of SDP (`candidate:…`).

        Raises `RemoteProtocolError` `fragment-malformed`.
        """
        try:
            init = webrtc.RTCIceCandidateInit(candidate=candidate, sdp_mid=self._mid)
            await self._connection.add_ice_candidate(init)
        except (webrtc.RTCException, ValueError, TypeError) as error:
            raise RemoteProtocolError("fragment-malformed", f"A candidate cannot be used: {error}") from error

    async def offer(self, *, receive: bool) -> str:
        """Makes an offer that sends, and also receives if asked."""
        directions = webrtc.RTCRtpTransceiverDirection
        direction = directions.sendrecv if receive else directions.sendonly
        sound = self._connection.add_transceiver(
            self._open_out(), webrtc.RTCRtpTransceiverInit(direction=direction)
        )
        sound.set_codec_preferences(_opus_in_red())
        self._sound = sound
        return await self._describe(self._connection.create_offer)

    async def accept(self, answer_sdp: str) -> None:
        """Takes the answer to `offer()`. Raises `RemoteProtocolError` `answer-malformed`."""
        try:
            description = webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer_sdp)
            await self._connection.set_remote_description(description)
        except (webrtc.RTCException, ValueError, TypeError) as error:
            raise RemoteProtocolError("answer-malformed", f"The answer cannot be used: {error}") from error

    def send(self, samples: Samples) -> None:
        """Sends one tick, int16[960]. Does nothing when there is no way out or the peer is closed."""
        if self._out_native is None:
            return
        assert samples.shape == (TICK_SAMPLES,), samples.shape
        self._out_native.writeAudio(samples.tobytes(), SAMPLE_RATE_HZ, 1, TICK_SAMPLES)

    def take(self) -> Iterator[Samples]:
        """The frames that have come since the last call, the oldest first; of more than 200 ms the newest."""
        while self._in is not None and (frame := self._in.read()) is not None:
            data, _bits, _rate_hz, channels, *_ = frame
            assert isinstance(data, bytes)
            yield _mono(data, channels)

    async def stats(self) -> PeerStats:
        """What the transport measured so far."""
        found = PeerStats()
        if self._sound is None:
            return found
        # The receiver's, not the connection's: those are four times as many, and each takes 30 µs to unwrap.
        for entry in (await self._sound.receiver.get_stats()).values():
            if isinstance(entry, webrtc.RTCInboundRtpStreamStats):
                found = replace(
                    found,
                    packets_received=entry.packets_received or 0,
                    packets_lost=max(entry.packets_lost or 0, 0),
                    jitter_ms=None if entry.jitter is None else entry.jitter * 1000,
                )
            elif isinstance(entry, webrtc.RTCIceCandidatePairStats) and entry.nominated:
                rtt_s = entry.current_round_trip_time
                found = replace(found, rtt_ms=None if rtt_s is None else rtt_s * 1000)
        return found

    async def close(self) -> None:
        """Ends the session. Afterwards no samples come and none are sent."""
        self._out_native = None
        if self._in is not None:
            self._in.cancel()
            self._in = None
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
        self._connection.close()

    def _open_out(self) -> webrtc.MediaStreamTrackGenerator:
        self._out = webrtc.MediaStreamTrackGenerator("audio")
        self._out_native = self._out._generator
        return self._out

    async def _take_offer(self, sdp: str, code: str, detail: str) -> None:
        try:
            description = webrtc.RTCSessionDescriptionInit(type="offer", sdp=sdp)
            await self._connection.set_remote_description(description)
        except (webrtc.RTCException, ValueError, TypeError) as error:
            raise RemoteProtocolError(code, f"{detail}: {error}") from error

    async def _describe(self, create: Callable[[], Awaitable[webrtc.RTCSessionDescriptionInit]]) -> str:
        """Makes our side of a negotiation what `create` gives, and gives it with all its candidates."""
        self._all_gathered.clear()
        await self._connection.set_local_description(await create())
        try:
            async with asyncio.timeout(GATHERING_TIMEOUT_S):
                await self._all_gathered.wait()
        except TimeoutError:
            log.warning("gathering candidates takes long; going on with those found")
        description = self._connection.local_description
        assert description is not None
        if "a=candidate:" not in description.sdp:
            raise Unavailable("no-candidates", "No network address or port is free for WebRTC.", 5.0)
        return description.sdp

    def _on_gathering(self, _event: object) -> None:
        if self._connection.ice_gathering_state == webrtc.RTCIceGatheringState.complete:
            self._all_gathered.set()

    def _on_track(self, event: webrtc.RTCTrackEvent) -> None:
        if self._on_samples is not None:
            pump = self._read(event.track, self._on_samples)
            self._pump = asyncio.get_running_loop().create_task(pump)
        else:
            # Of the native half, for the library's own processor wakes the loop for each frame.
            self._in = wrtc.MediaStreamTrackProcessor(event.track._native_obj, QUEUE_FRAMES)

    async def _read(self, track: webrtc.MediaStreamTrack, on_samples: OnSamples) -> None:
        processor = webrtc.MediaStreamTrackProcessor(
            webrtc.MediaStreamTrackProcessorInit(track, QUEUE_FRAMES)
        )
        async for data in processor.readable:
            assert isinstance(data, webrtc.AudioData)
            with data:
                buffer = bytearray(data.number_of_frames * data.number_of_channels * 2)
                data.copy_to(buffer, webrtc.AudioDataCopyToOptions(plane_index=0, format="s16"))
                on_samples(_mono(buffer, data.number_of_channels))


def _mono(data: bytes | bytearray, channels: int) -> Samples:
    """int16[n] at 48 kHz; stereo becomes its mean. The library resamples to 48 kHz by itself."""
    samples = np.frombuffer(data, dtype="<i2")
    if channels == 1:
        return samples
    mean: Samples = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return mean


def _opus_in_red() -> list[webrtc.RTCRtpCodec]:
    capabilities = webrtc.RTCRtpReceiver.get_capabilities("audio")
    assert capabilities is not None
    by_name = {codec.mime_type.lower(): codec for codec in capabilities.codecs}
    return [by_name["audio/red"], by_name["audio/opus"]]
