"""Program samples in, access units out, with the encoder's delay taken out.

An encoder looks ahead, so its decoder runs late: by 312 samples for Opus as libopus is set here, by 1,024 for
AAC-LC. FFmpeg says by how much in the time stamp of the first packet. Rules:

- Silence is fed before the program so that access units fall on its frames: the first one given decodes to
  program samples [0, F), the next to [F, 2F), where F is 960 or 1,024. The decoder needs to skip nothing,
  hence no edit list and a pre-skip of 0 (docs/decisions/0005-timestamps-without-edit-lists.md).
- Access units come late instead: see `delay_samples`.
- An encoder is warm from the start (half a second of silence). What it makes of silence then is the
  rendition's silent access unit, which an edge may repeat for as long as it likes.
- So may an encoder: after half a second of nothing but zeros it rests, and gives that unit for each frame,
  until a sample is none. What it holds back then is silence, too, so it goes on where it stopped.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from parvis.clock import SAMPLE_RATE_HZ
from parvis.media.rendition import Rendition

Samples = NDArray[np.int16]

_WARM_UP_FRAMES: Final = 25
REST_AFTER_FRAMES: Final = 25
_SAMPLE: Final = Fraction(1, SAMPLE_RATE_HZ)
_FULL_SCALE: Final = np.float32(32_768)

# `packet_loss` (per cent) makes libopus lean less on what came before, since listeners join in the middle.
# Synthetic speech, joined at 784 places: a decoder is in step after 9 frames at the latest instead of 14.
# FFmpeg's `fast` AAC coder against its default `twoloop`, both at 64 kbit/s up to 15 kHz, the same speech:
# WB-PESQ 3.98 against 3.48, for a quarter of the time.
_OPUS_OPTIONS: Final = {"application": "audio", "vbr": "on", "frame_duration": "20", "packet_loss": "3"}
_AAC_OPTIONS: Final = {"profile": "aac_low", "aac_coder": "fast", "cutoff": "15000"}
_CODECS: Final = {
    Rendition.OPUS: ("libopus", "s16", _OPUS_OPTIONS),
    Rendition.AAC: ("aac", "fltp", _AAC_OPTIONS),
}


class Encoder:
    """One rendition of one program. Not for use by two threads at once."""

    def __init__(self, rendition: Rendition, bitrate_bps: int | None = None) -> None:
        """`bitrate_bps` is the rendition's own unless given."""
        self.rendition = rendition
        self._frame_samples = rendition.frame_samples
        self._codec, self._format = _open(rendition, bitrate_bps or rendition.bitrate_bps)
        self._fed_samples = 0
        self._silent_frames = 0
        self._silence = b""
        silent_frame = np.zeros(self._frame_samples, np.int16)
        warm_up = [packet for _ in range(_WARM_UP_FRAMES) for packet in self._feed(silent_frame)]
        self._priming_samples = -warm_up[0][0]
        self._held_back_samples = (_WARM_UP_FRAMES - len(warm_up)) * self._frame_samples
        self._silence = warm_up[-1][1]
        self._silent_frames = 0
        # The frame being filled. Beginning inside it moves the program onto the packets' grid.
        self._frame = np.zeros(self._frame_samples, np.int16)
        self._filled = -self._priming_samples % self._frame_samples
        self._origin = self._fed_samples + self._filled

    @property
    def silence(self) -> bytes:
        """The access unit that decodes to silence, after silence or after sound."""
        return self._silence

    @property
    def configuration(self) -> bytes:
        """The codec's own header: `OpusHead` (RFC 7845 §5.1) or AudioSpecificConfig."""
        return bytes(self._codec.extradata or b"")

    @property
    def priming_samples(self) -> int:
        """Samples by which the bare encoder and decoder together run late."""
        return self._priming_samples

    @property
    def delay_samples(self) -> int:
        """Samples past the end of an access unit that must be encoded before it comes out, at most."""
        return self._priming_samples + self._held_back_samples + self._frame_samples - 1

    def encode(self, samples: Samples) -> list[bytes]:
        """Takes the next `int16[n]` of the program, any n, and returns the access units that are ready."""
        units: list[bytes] = []
        taken = 0
        while taken < len(samples):
            room = self._frame_samples - self._filled
            piece = samples[taken : taken + room]
            self._frame[self._filled : self._filled + len(piece)] = piece
            self._filled += len(piece)
            taken += len(piece)
            if self._filled == self._frame_samples:
                units += [unit for time, unit in self._feed(self._frame) if time >= self._origin]
                self._filled = 0
        return units

    def _feed(self, frame: Samples) -> list[tuple[int, bytes]]:
        """(time in samples since the first one fed that it decodes to, access unit) of each packet."""
        self._silent_frames = 0 if frame.any() else self._silent_frames + 1
        if self._silent_frames > REST_AFTER_FRAMES and self._silence:
            self._fed_samples += len(frame)
            return [(self._fed_samples, self._silence)]
        plane = frame.reshape(1, -1) if self._format == "s16" else (frame / _FULL_SCALE).reshape(1, -1)
        packed = av.AudioFrame.from_ndarray(plane, format=self._format, layout="mono")
        packed.sample_rate = SAMPLE_RATE_HZ
        packed.time_base = _SAMPLE
        packed.pts = self._fed_samples
        self._fed_samples += len(frame)
        packets: list[tuple[int, bytes]] = []
        for packet in self._codec.encode(packed):
            assert packet.pts is not None, "FFmpeg stamps each audio packet"
            packets.append((packet.pts, bytes(packet)))
        return packets


def _open(rendition: Rendition, bitrate_bps: int) -> tuple[AudioCodecContext, str]:
    name, sample_format, options = _CODECS[rendition]
    codec = av.CodecContext.create(name, "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate = SAMPLE_RATE_HZ
    codec.layout = "mono"
    codec.format = sample_format
    codec.bit_rate = bitrate_bps
    codec.time_base = _SAMPLE
    codec.options = options
    codec.open()
    assert codec.frame_size == rendition.frame_samples, f"{name} takes frames of {codec.frame_size}"
    return codec, sample_format
