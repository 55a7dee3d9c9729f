"""Whether what a process holds stays flat: a line through its quiet moments, and bounds. Pure.

Rules:

- Only moments without a crowd are compared, so a crowd that is there at the end and was not at the beginning
  is no leak.
- A process that was started anew begins anew. The first quarter of its quiet moments is its warm-up: pools
  fill, allocators find their size.
- Growth is the slope of the least-squares line times the time from the first to the last moment that counts:
  one odd moment cannot make it, as it could a difference of two.
- With fewer than `LEAST` moments nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.soak.processes import Held, Moment

LEAST: Final = 4
WARM_UP_SHARE: Final = 0.25
DESCRIPTORS: Final = 2.0
THREADS: Final = 2.0
RSS_BYTES: Final = 4e6
RSS_SHARE: Final = 0.04
"""Of what it held first: an interpreter's heap breathes. The greater of both counts."""


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of one process. Growth is over the time that counts, `per_hour` what it would be then."""

    first: float
    last: float
    growth: float
    per_hour: float


@dataclass(frozen=True, slots=True)
class Flatness:
    """One process (one process id), over the moments that count."""

    name: str
    pid: int
    moments: int
    seconds: float
    descriptors: Line
    threads: Line
    rss: Line
    pss: Line

    @property
    def growing(self) -> list[str]:
        """What grew beyond its bound, in words."""
        bounds = {
            "descriptors": (self.descriptors, DESCRIPTORS, 1.0, ""),
            "threads": (self.threads, THREADS, 1.0, ""),
            "memory": (self.rss, max(RSS_BYTES, RSS_SHARE * self.rss.first), 1e6, " MB"),
        }
        return [
            f"{self.name}: {what} grew by {line.growth / unit:.1f}{word} in {self.seconds:.0f} s"
            for what, (line, bound, unit, word) in bounds.items()
            if line.growth > bound
        ]


def fit(times_s: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the least-squares line, per second. Needs two different times."""
    mean_s, mean = sum(times_s) / len(times_s), sum(values) / len(values)
    spread = sum((at_s - mean_s) ** 2 for at_s in times_s)
    return sum((at_s - mean_s) * (value - mean) for at_s, value in zip(times_s, values, strict=True)) / spread


def judge(moments: Sequence[Moment], *, anew_s: float = 0.0, anew: str = "") -> list[Flatness]:
    """Every process that had enough quiet moments, each process id apart. Processes whose name begins with
    `anew` count from `anew_s` on: then they got other work."""
    series: dict[tuple[str, int], list[tuple[float, Held]]] = {}
    for moment in moments:
        if not moment.quiet:
            continue
        for name, held in moment.held.items():
            if not (anew and name.startswith(anew) and moment.at_s < anew_s):
                series.setdefault((name, held.pid), []).append((moment.at_s, held))
    found = []
    for (name, pid), points in sorted(series.items()):
        counting = points[round(len(points) * WARM_UP_SHARE) :]
        if len(counting) < LEAST:
            continue
        times = [at_s for at_s, _ in counting]
        lines = [
            _line(times, [float(getattr(held, what)) for _, held in counting])
            for what in ("descriptors", "threads", "rss", "pss")
        ]
        found.append(Flatness(name, pid, len(counting), times[-1] - times[0], *lines))
    return found


def _line(times_s: Sequence[float], values: Sequence[float]) -> Line:
    slope = fit(times_s, values)
    return Line(values[0], values[-1], slope * (times_s[-1] - times_s[0]), slope * 3600)
