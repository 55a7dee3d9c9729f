"""Access units in, program samples out: the other end of `encoders.py`, and a WAV file to put it in.

The decoder is fed bare access units and skips nothing, so part n of a program gives its samples
[n × 15,360, (n + 1) × 15,360), whichever part came before it. After a gap, and at the very beginning, the
first tens of milliseconds are not quite what was said: both codecs lean on the access units before.
"""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from parvis.clock import PART_SAMPLES, SAMPLE_RATE_HZ
from parvis.errors import RemoteProtocolError, UserError
from parvis.media.boxes import MALFORMED
from parvis.media.init import AAC_AUDIO_SPECIFIC_CONFIG, CHANNELS
from parvis.media.rendition import Rendition
from parvis.program.encoders import Samples

_FULL_SCALE: Final = 32_768

MAX_WAV_BYTES: Final = (1 << 32) - 1024
"""A WAV file counts its bytes with 32 bits: 12 hours of a program."""


class Decoder:
    """One rendition of one program. Not for use by two threads at once."""

    def __init__(self, rendition: Rendition) -> None:
        name = "libopus" if rendition is Rendition.OPUS else "aac"
        codec = av.CodecContext.create(name, "r")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate = SAMPLE_RATE_HZ
        codec.layout = "mono"
        codec.extradata = _opus_head() if rendition is Rendition.OPUS else AAC_AUDIO_SPECIFIC_CONFIG
        self._codec = codec
        self._rendition = rendition

    def decode(self, access_units: Iterable[bytes]) -> Samples:
        """`int16[n × 960]` of n Opus packets, or `int16[n × 1024]` of n AAC frames.

        Raises `RemoteProtocolError` `media-malformed` for what the codec refuses.
        """
        pieces = [self._decode_one(unit) for unit in access_units]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)

    def _decode_one(self, access_unit: bytes) -> Samples:
        try:
            frames = self._codec.decode(av.Packet(access_unit))
        except av.FFmpegError as error:
            raise RemoteProtocolError(MALFORMED, f"not {self._rendition}: {error.strerror}") from error
        if [frame.samples for frame in frames] != [self._rendition.frame_samples]:
            raise RemoteProtocolError(
                MALFORMED,
                f"an access unit is not {self._rendition.frame_samples} samples of {self._rendition}",
            )
        samples: NDArray[Any] = frames[0].to_ndarray()[0]
        if samples.dtype != np.int16:
            samples = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
        return samples.astype(np.int16)


class WavWriter:
    """A WAV file (48 kHz, mono, 16 bits) in which sample i is program sample `first part × 15,360 + i`."""

    def __init__(self, path: Path) -> None:
        """Raises `UserError` `file-unwritable`."""
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise UserError("file-unwritable", f"cannot write {path}: {error.strerror}") from error
        self._wave = wave.open(self._file, "wb")  # noqa: SIM115 - `close` closes it
        self._wave.setnchannels(CHANNELS)
        self._wave.setsampwidth(2)
        self._wave.setframerate(SAMPLE_RATE_HZ)
        self._decoder: tuple[Rendition, Decoder] | None = None
        self._bytes = 0

    def add(self, rendition: Rendition, access_units: Iterable[bytes], missing_parts: int) -> None:
        """Appends one part after as many silent ones as are missing before it.

        Raises `UserError` `file-full` at 4 GiB, and what `Decoder.decode` raises.
        """
        if self._decoder is None or self._decoder[0] is not rendition:
            self._decoder = rendition, Decoder(rendition)
        samples = self._decoder[1].decode(access_units)
        silent = np.zeros(PART_SAMPLES, np.int16).tobytes()
        self._bytes += (missing_parts + 1) * PART_SAMPLES * 2
        if self._bytes > MAX_WAV_BYTES:
            raise UserError("file-full", "a WAV file cannot hold more than 12 hours")
        for _ in range(missing_parts):
            self._wave.writeframesraw(silent)
        self._wave.writeframesraw(samples.tobytes())

    def close(self) -> None:
        """Writes the lengths into the header."""
        self._wave.close()
        self._file.close()

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opus_head() -> bytes:
    """RFC 7845 §5.1: version 1, mono, no pre-skip, no gain, mapping family 0."""
    return b"OpusHead" + struct.pack("<BBHIhB", 1, CHANNELS, 0, SAMPLE_RATE_HZ, 0, 0)
