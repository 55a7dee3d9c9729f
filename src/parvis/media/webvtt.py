"""WebVTT segments of an HLS subtitles rendition (W3C WebVTT §4; RFC 8216bis §3.1.4). Pure text.

Rules:

- A segment has a `X-TIMESTAMP-MAP` of its own: local time `LOCAL_ZERO_MS` is the segment's beginning, whose
  media time is told at 90 kHz, modulo 2³³. So no cue has a negative time, and no clock runs over within a
  segment.
- A cue that is shown over several segments stands in each of them with the same times, as the standard asks:
  players know it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from parvis.clock import PART_MS, PARTS_PER_SEGMENT

SEGMENT_MS: Final = PART_MS * PARTS_PER_SEGMENT
LOCAL_ZERO_MS: Final = 3_600_000
_MPEG_TICKS_A_MS: Final = 90
_MPEG_WRAP: Final = 1 << 33


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are shown from `start_ms` to `end_ms`, program time as Unix milliseconds."""

    start_ms: int
    end_ms: int
    text: str


def vtt_segment(segment: int, cues: Iterable[Cue]) -> bytes:
    """The segment of this number: of the cues those that are shown in it, which may be none."""
    zero_ms = segment * SEGMENT_MS
    mpeg = zero_ms * _MPEG_TICKS_A_MS % _MPEG_WRAP
    blocks = [f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{mpeg},LOCAL:{_timestamp(LOCAL_ZERO_MS)}"]
    for cue in cues:
        if cue.start_ms < zero_ms + SEGMENT_MS and cue.end_ms > zero_ms:
            start, end = (_timestamp(at_ms - zero_ms + LOCAL_ZERO_MS) for at_ms in (cue.start_ms, cue.end_ms))
            blocks.append(f"{start} --> {end}\n{_escaped(cue.text)}")
    return ("\n\n".join(blocks) + "\n").encode()


def _timestamp(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _escaped(text: str) -> str:
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
