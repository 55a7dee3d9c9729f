"""Opus parts in, 16 kHz samples out: what a recogniser hears of a program.

The decoder is fed bare packets and skips nothing, so a part's samples are the program at the part's time
(docs/protocol.md §1). From 48 to 16 kHz by a low-pass and every third sample; the filter's delay, 0.6 ms, is
left in.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from parvis.clock import PART_SAMPLES, SAMPLE_RATE_HZ
from parvis.errors import RemoteProtocolError
from parvis.media.boxes import MALFORMED
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition

RATE_HZ: Final = 16_000
PART_HEARD: Final = PART_SAMPLES * RATE_HZ // SAMPLE_RATE_HZ
"""Samples at 16 kHz of one part: 5,120."""
_STEP: Final = SAMPLE_RATE_HZ // RATE_HZ
_TAPS: Final = 61
_CUTOFF_HZ: Final = 7_200

Float32 = NDArray[np.float32]


class Ear:
    """Hears one program. Not for use by two threads at once."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "r")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate = SAMPLE_RATE_HZ
        codec.layout = "mono"
        # RFC 7845 §5.1: version 1, mono, no pre-skip, no gain, mapping family 0.
        codec.extradata = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, SAMPLE_RATE_HZ, 0, 0)
        self._codec = codec
        self._tail = np.zeros(_TAPS - 1, np.float32)

    def hear(self, body: bytes) -> Float32:
        """`float32[5120]` at 16 kHz, full scale 1.0, of the bytes of one part.

        Raises `RemoteProtocolError` `media-malformed` for what is no Opus part.
        """
        items = PartReader(Rendition.OPUS).feed(body)
        if len(items) != 1 or not isinstance(items[0], Part):
            raise RemoteProtocolError(MALFORMED, "these are not the bytes of one part")
        samples = np.concatenate([self._decode(unit) for unit in items[0].access_units])
        if len(samples) != PART_SAMPLES:
            raise RemoteProtocolError(MALFORMED, f"a part of {len(samples)} samples")
        joined = np.concatenate([self._tail, samples])
        self._tail = joined[-(_TAPS - 1) :]
        low: Float32 = np.convolve(joined, _LOW_PASS, "valid")[::_STEP].astype(np.float32)
        return low

    def _decode(self, packet: bytes) -> Float32:
        try:
            frames = self._codec.decode(av.Packet(packet))
        except av.FFmpegError as error:
            raise RemoteProtocolError(MALFORMED, f"not Opus: {error.strerror}") from error
        planes: list[NDArray[Any]] = [frame.to_ndarray()[0] for frame in frames]
        sound: NDArray[Any] = np.concatenate(planes) if planes else np.zeros(0, np.int16)
        scale = 32_768.0 if sound.dtype == np.int16 else 1.0
        scaled: Float32 = (sound / scale).astype(np.float32)
        return scaled


def _low_pass() -> Float32:
    """A windowed sinc (Blackman), gain 1 at 0 Hz."""
    n = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = np.sinc(2 * _CUTOFF_HZ / SAMPLE_RATE_HZ * n) * np.blackman(_TAPS)
    scaled: Float32 = (taps / taps.sum()).astype(np.float32)
    return scaled


_LOW_PASS: Final = _low_pass()
