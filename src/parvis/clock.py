"""Wall, monotonic and program time, and the numbers that cut sound into ticks and parts.

Program time is the wall clock read once, carried on by the monotonic clock: a step of the wall clock bends
no running program, and none that goes on in another process (`bus/program_time.py`). It is counted in
milliseconds or samples since the Unix epoch, so a part's number is the same on every machine
(docs/protocol.md §1).
"""

from __future__ import annotations

import time
from typing import Final, Protocol

SAMPLE_RATE_HZ: Final = 48_000
TICK_MS: Final = 20
TICK_SAMPLES: Final = 960
PART_MS: Final = 320
PART_SAMPLES: Final = 15_360
TICKS_PER_PART: Final = 16
PARTS_PER_SEGMENT: Final = 6


class Clock(Protocol):
    """What time it is. Tests pass a `ManualClock`."""

    def monotonic_s(self) -> float:
        """Seconds that never go back, origin arbitrary."""

    def wall_s(self) -> float:
        """Unix time in seconds, as the machine believes it now."""

    def program_s(self) -> float:
        """Unix time in seconds, read once and carried on by the monotonic clock."""


class SystemClock:
    """The machine's clocks. `offset_s` is what program time is ahead of monotonic time; without it, the wall
    clock says so when the object is made."""

    def __init__(self, offset_s: float | None = None) -> None:
        self._offset_s = time.time() - time.monotonic() if offset_s is None else offset_s

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wall_s(self) -> float:
        return time.time()

    def program_s(self) -> float:
        return time.monotonic() + self._offset_s


class ManualClock:
    """A clock that a test moves by hand; all three times agree."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self._now_s = now_s

    def monotonic_s(self) -> float:
        return self._now_s

    def wall_s(self) -> float:
        return self._now_s

    def program_s(self) -> float:
        return self._now_s

    def advance(self, seconds: float) -> None:
        """Moves the clock on. Negative seconds are a mistake."""
        assert seconds >= 0, seconds
        self._now_s += seconds


def sequence_at(unix_s: float) -> int:
    """Number of the part that holds this moment."""
    return int(unix_s * 1000) // PART_MS


def part_start_s(sequence: int) -> float:
    """Unix time in seconds of a part's first sample."""
    return sequence * PART_MS / 1000


def media_time(sequence: int) -> int:
    """A part's decode time in samples since the epoch (`tfdt` at timescale 48,000)."""
    return sequence * PART_SAMPLES
