"""Dead air is filled: when a part does not come in time, a silent one takes its place.

Rules:

- A part is due one second after the end of its program time; then a stand-in goes out, so that no player
  stalls, and the real one is dropped when it comes.
- Program time is each process's own (`clock.py`), and a machine that slept can leave the stage's clock
  seconds away from ours. Then every real part would be late for ever. So when the last few parts that came
  all stood more than half a second off, their smallest lag is taken for the difference between the clocks.
- Parts that come in one go are a replay, and say nothing of clocks: only spaced arrivals are observed.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from parvis.bus.messages import ProgramRendition
from parvis.clock import PART_MS, part_start_s
from parvis.media.part import build_part

GRACE_S: Final = 1.0
"""How long after its end a part may come."""

SKEW_FROM_S: Final = 0.5
SKEW_ARRIVALS: Final = 4
ARRIVAL_SPACING_S: Final = PART_MS / 1000 / 4


def stand_in(program: ProgramRendition, sequence: int) -> bytes:
    """A whole part of silence, without events, at `sequence`."""
    units = [program.silence] * program.rendition.frames_per_part
    return build_part(program.rendition, sequence, units)


class Deadlines:
    """Until when to wait for a part, learnt from how the last ones came. Times are program time, in
    seconds."""

    def __init__(self) -> None:
        self._lags_s: deque[float] = deque(maxlen=SKEW_ARRIVALS)
        self._observed_s = float("-inf")

    @property
    def skew_s(self) -> float:
        """How far the sender's clock is behind ours; 0 unless the last arrivals agree that it is far."""
        if len(self._lags_s) < SKEW_ARRIVALS:
            return 0.0
        smallest = min(self._lags_s, key=abs)
        return smallest if abs(smallest) > SKEW_FROM_S else 0.0

    def observe(self, sequence: int, now_s: float) -> None:
        """A real part has come, be it late."""
        if now_s - self._observed_s < ARRIVAL_SPACING_S:
            return
        self._observed_s = now_s
        self._lags_s.append(now_s - part_start_s(sequence + 1))

    def deadline_s(self, sequence: int) -> float:
        """When to stop waiting for this part."""
        return part_start_s(sequence + 1) + GRACE_S + self.skew_s

    def latest_due(self, now_s: float) -> int:
        """The newest sequence whose deadline has passed."""
        return int((now_s - GRACE_S - self.skew_s) * 1000) // PART_MS - 1
