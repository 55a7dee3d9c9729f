"""The program in one codec. Both renditions cut at the same sample every 320 ms."""

from __future__ import annotations

from enum import StrEnum

from parvis.clock import PART_SAMPLES


class Rendition(StrEnum):
    """Name of a rendition, as in URLs (`codec=opus`) and bus subjects."""

    OPUS = "opus"
    AAC = "aac"

    @property
    def frame_samples(self) -> int:
        """Samples in one access unit: 960 (Opus, 20 ms) or 1,024 (AAC-LC)."""
        return 960 if self is Rendition.OPUS else 1024

    @property
    def frames_per_part(self) -> int:
        """Access units in one part: 16 or 15."""
        return PART_SAMPLES // self.frame_samples

    @property
    def mime(self) -> str:
        """Type string for Media Source Extensions."""
        return 'audio/mp4; codecs="opus"' if self is Rendition.OPUS else 'audio/mp4; codecs="mp4a.40.2"'

    @property
    def bitrate_bps(self) -> int:
        """Nominal rate of the encoder."""
        return 32_000 if self is Rendition.OPUS else 64_000
