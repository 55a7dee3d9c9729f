"""How much an edge works, measured by itself: what `strain.py` and `admission.py` decide from.

Rules:

- Busy is the time that the loop spends not waiting, by the clock and not by its own CPU time: what other
  processes take from it makes it late just the same. Only where more edges than cores share a machine it is
  CPU time, held against each edge's part of the cores: they take the clock's time from each other.
- An edge that gets no processor has few turns, and would think itself idle while its listeners run dry. So
  who has hardly slept for two seconds, working or waiting for a processor as the kernel tells it (proc(5),
  schedstat), is busy. Half a second of it is no matter: among many edges that share two cores it comes by
  chance, and who shut its door for that would send newcomers to the others, and these would follow.
- Accepting and answering is told apart from writing bursts. The first, divided by the connections that it was
  for, is what a join costs.
- Socket memory is of the whole machine (proc(5), tcp(7)): from the second number of `tcp_mem` on the kernel
  shrinks buffers, and at the third it refuses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from parvis.edge.admission import FIRST_JOIN_COST_S
from parvis.edge.strain import Sample

SMOOTHING: Final = 0.3
"""Weight of the last measurement in what is averaged."""
ENOUGH_ARRIVALS: Final = 20
"""From so many on, a sample says what one costs."""
SLEEPLESS_SHARE: Final = 0.9
"""Of the time, from which on an edge has not slept."""
SLEEPLESS_S: Final = 2.0
"""So long without sleep is busy."""

_PROC: Final = Path("/proc")


class Load:
    """Adds up between samples. Times are monotonic seconds."""

    def __init__(self, now_s: float, *, max_egress_bps: float = 0.0, proc: Path = _PROC) -> None:
        self.join_cost_s = FIRST_JOIN_COST_S
        """CPU time of one arrival, averaged."""
        self.leaving_per_s = 0.0
        """Listeners who leave, averaged."""
        self.busy_share = 0.0
        """Of the last sample."""
        self.writing_share = 0.0
        """Of that, what was neither accepting nor answering: joins can't have it."""
        self._max_egress_bps = max_egress_bps
        self._proc = proc
        self._pressure_pages = _pressure_pages(proc)
        self._awake_s = _awake_s(proc)
        self._slept_at_s = now_s
        self._sampled_at_s = now_s
        self._front_s = 0.0
        self._rest_s = 0.0
        self._arrivals = 0
        self._left = 0
        self._sent_bytes = 0

    def add_front(self, seconds: float, arrivals: int) -> None:
        """Time spent accepting and answering, and how many connections that was for."""
        self._front_s += seconds
        self._arrivals += arrivals

    def add_rest(self, seconds: float) -> None:
        """Time spent on anything else."""
        self._rest_s += seconds

    def sample(self, now_s: float, *, late_share: float, sent_bytes: int, left: int, moving: bool) -> Sample:
        """What was since the last sample. `sent_bytes` and `left` are totals since the start: bytes of
        bursts, and listeners who left."""
        span_s = max(now_s - self._sampled_at_s, 1e-3)
        if self._arrivals >= ENOUGH_ARRIVALS:
            self.join_cost_s += SMOOTHING * (self._front_s / self._arrivals - self.join_cost_s)
        self.leaving_per_s += SMOOTHING * ((left - self._left) / span_s - self.leaving_per_s)
        egress_bps = (sent_bytes - self._sent_bytes) * 8 / span_s
        awake_s = _awake_s(self._proc)
        awake_share = (awake_s - self._awake_s) / span_s
        if awake_share < SLEEPLESS_SHARE:
            self._slept_at_s = now_s
        least = awake_share if now_s - self._slept_at_s >= SLEEPLESS_S else 0.0
        self.busy_share = min(1.0, max((self._front_s + self._rest_s) / span_s, least))
        sample = Sample(
            now_s,
            self.busy_share,
            late_share,
            self._memory_share(),
            egress_bps / self._max_egress_bps if self._max_egress_bps else 0.0,
            moving,
        )
        self.writing_share = min(1.0, max(self._rest_s / span_s, least))
        self._sampled_at_s, self._sent_bytes, self._left = now_s, sent_bytes, left
        self._awake_s = awake_s
        self._front_s = self._rest_s = 0.0
        self._arrivals = 0
        return sample

    def _memory_share(self) -> float:
        """0 where the kernel does not say."""
        if not self._pressure_pages:
            return 0.0
        try:
            lines = (self._proc / "net/sockstat").read_text("ascii").splitlines()
        except OSError:
            return 0.0
        words = next((line.split() for line in lines if line.startswith("TCP:")), [])
        return int(words[words.index("mem") + 1]) / self._pressure_pages if "mem" in words else 0.0


def _pressure_pages(proc: Path) -> int:
    try:
        return int((proc / "sys/net/ipv4/tcp_mem").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _awake_s(proc: Path) -> float:
    """Seconds for which this thread ran, or was ready and had no processor; 0 where the kernel is silent."""
    try:
        ran_ns, waited_ns = (proc / "thread-self/schedstat").read_text("ascii").split()[:2]
        return (int(ran_ns) + int(waited_ns)) / 1e9
    except (OSError, ValueError):
        return 0.0
