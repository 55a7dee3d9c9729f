"""How far program time goes away from the wall clock, from what listeners heard. Pure.

Two measures, each of a difference that stays the same as long as the two clocks agree:

- *prft*: the wall clock when a part came, less the time that the part itself says.
- *clicks*: the time of a click in the program, less the wall clock when it was said. A jitter buffer is in
  it, another one after each entry: sessions are looked at one by one.

What the way takes is in both, and a busy machine makes it longer, never shorter: the least of each window
counts. A clock that drifts goes on doing so, or has made a step: the least of the last third is held against
that of the first, so one bad minute is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.soak.flat import fit

WINDOW_S: Final = 60.0
LIMIT_MS: Final = 20.0
MATCH_S: Final = 0.9
LEAST_IN_WINDOW: Final = 5


@dataclass(frozen=True, slots=True)
class Drift:
    """`worst_ms` is how far the last third is from the first, of the session where that is most; `count` what
    was measured in all, `windows_ms` the least of each window."""

    worst_ms: float | None
    count: int
    windows_ms: tuple[float, ...]
    noise_ms: float = 0.0
    """The greatest distance of a window from the line through its session's."""

    @property
    def is_small(self) -> bool:
        """Within the limit; not, if nothing could be measured."""
        return self.worst_ms is not None and abs(self.worst_ms) <= LIMIT_MS

    @property
    def is_noise(self) -> bool:
        """What was measured is no line: the least of the windows jumps about by more than the limit. Then the
        way was too busy to tell anything of the clocks."""
        return self.noise_ms > LIMIT_MS


def by_prft(arrivals: Sequence[tuple[float, float]], window_s: float = WINDOW_S) -> Drift:
    """From (wall clock at arrival, time that the part says), both in Unix seconds, in order of arrival."""
    return _of([(at_s, 1000 * (at_s - said_s)) for at_s, said_s in arrivals], window_s)


def by_clicks(
    said: Sequence[tuple[float, str]], heard_s: Sequence[float], window_s: float = WINDOW_S
) -> Drift:
    """From (wall clock, session) of each click, and the program times at which clicks were heard. The worst
    of all sessions."""
    sessions: dict[str, list[tuple[float, float]]] = {}
    for at_s, session in said:
        after = [1000 * (heard - at_s) for heard in heard_s if 0 < heard - at_s < MATCH_S]
        if after:
            sessions.setdefault(session, []).append((at_s, min(after)))
    drifts = [_of(points, window_s) for points in sessions.values()]
    worst = max((d.worst_ms for d in drifts if d.worst_ms is not None), key=abs, default=None)
    return Drift(
        worst,
        sum(d.count for d in drifts),
        tuple(ms for d in drifts for ms in d.windows_ms),
        max((d.noise_ms for d in drifts), default=0.0),
    )


def _of(points: Sequence[tuple[float, float]], window_s: float) -> Drift:
    found: dict[int, list[float]] = {}
    for at_s, value_ms in points:
        found.setdefault(int((at_s - points[0][0]) // window_s), []).append(value_ms)
    least = [min(values) for values in found.values() if len(values) >= LEAST_IN_WINDOW]
    third = -(-len(least) // 3)
    drift_ms = min(least[-third:]) - min(least[:third]) if len(least) > 1 else None
    return Drift(drift_ms, len(points), tuple(round(value, 1) for value in least), _noise_ms(least))


def _noise_ms(least: Sequence[float]) -> float:
    if len(least) < 3:
        return 0.0
    places = [float(place) for place in range(len(least))]
    slope, mean = fit(places, least), sum(least) / len(least)
    middle = (len(least) - 1) / 2
    return max(
        abs(value - mean - slope * (place - middle)) for place, value in zip(places, least, strict=True)
    )
