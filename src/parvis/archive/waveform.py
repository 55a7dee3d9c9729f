"""The outline of a replay, for a player to draw: from the levels that ride in its parts. Pure.

Nothing is decoded for it: a level is the RMS of a voice over a part (docs/protocol.md §3), which is what an
outline of 1,000 points over an hour would show anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

POINTS: Final = 1_000
_RANGE_DB: Final = 60.0


def outline(levels: Sequence[int], points: int = POINTS) -> list[float]:
    """The highest amplitude, 0 to 1, in each of at most `points` equal stretches of levels (0 to 100)."""
    count = min(points, len(levels))
    return [
        round(_amplitude(max(levels[number * len(levels) // count : (number + 1) * len(levels) // count])), 3)
        for number in range(count)
    ]


def _amplitude(level: int) -> float:
    if level <= 0:
        return 0.0
    return float(10 ** ((min(level, 100) - 100) * _RANGE_DB / 100 / 20))
