"""What a listener got, part by part: how many, what was missing or came twice, and how late. No clock.

Rules:

- A part is new when its sequence is above all before it. Numbers left out are a gap, its length the number of
  parts missing. Any other part is a repeat, and counts for nothing else.
- The delay of a part is the time from the end of its sound on the stage to its arrival whole.
"""

from __future__ import annotations

from array import array
from typing import Any, Final

from parvis.clock import PART_MS
from parvis.errors import RemoteProtocolError
from parvis.media.boxes import MALFORMED

MAX_GAP_PARTS: Final = 270_000
"""A day. A longer jump is no gap but a peer that counts wrongly."""


class Tally:
    """Running counts of one listener and one rendition."""

    def __init__(self) -> None:
        self.parts = 0
        self.gaps = 0
        self.missing_parts = 0
        self.repeats = 0
        self.first_sequence: int | None = None
        self.last_sequence: int | None = None
        self._delays_ms = array("f")

    def take(self, sequence: int, delay_ms: float) -> int | None:
        """Counts a part. Returns how many are missing right before it, or None when it is a repeat.

        Raises `RemoteProtocolError` `media-malformed` when more than a day is missing.
        """
        if self.last_sequence is None:
            self.first_sequence, missing = sequence, 0
        elif sequence <= self.last_sequence:
            self.repeats += 1
            return None
        else:
            missing = sequence - self.last_sequence - 1
        if missing > MAX_GAP_PARTS:
            raise RemoteProtocolError(MALFORMED, f"part {sequence} came after {self.last_sequence}")
        self.last_sequence = sequence
        self.parts += 1
        self.gaps += missing > 0
        self.missing_parts += missing
        self._delays_ms.append(delay_ms)
        return missing

    @property
    def seconds(self) -> float:
        """Sound received, repeats and gaps not counted."""
        return self.parts * PART_MS / 1000

    @property
    def last_delay_ms(self) -> float | None:
        """Delay of the newest part."""
        return self._delays_ms[-1] if self._delays_ms else None

    def delay_ms(self) -> dict[str, float] | None:
        """`min`, `p50`, `p95` (nearest rank) and `max` of all delays, or None before the first part."""
        if not self._delays_ms:
            return None
        ordered = sorted(self._delays_ms)

        def rank(percent: int) -> float:
            return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 1)

        return {"min": rank(0), "p50": rank(50), "p95": rank(95), "max": rank(100)}

    def summary(self) -> dict[str, Any]:
        """Everything counted, ready for JSON."""
        return {
            "parts": self.parts,
            "seconds": round(self.seconds, 3),
            "gaps": self.gaps,
            "missing_parts": self.missing_parts,
            "repeats": self.repeats,
            "delay_ms": self.delay_ms(),
            "first_sequence": self.first_sequence,
            "last_sequence": self.last_sequence,
        }
