"""Was it good? One sentence for each thing that was not.

Shares are of the steady listeners who were admitted: those who read slowly or break off on purpose hear gaps
by their own doing. Being refused is no failure of an edge, so it is told and not judged; hearing nothing at
all is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parvis.storm.counts import Counts
from parvis.storm.plan import Limits


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` is empty when it was good."""

    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Nothing was wrong."""
        return not self.reasons


def judge(counts: Counts, limits: Limits, missed_workers: int = 0) -> Verdict:
    """Compares what was counted with the limits."""
    reasons = []
    if not counts.admitted:
        reasons.append("nobody was admitted")
    elif not counts.parts:
        reasons.append("nobody heard anything")
    steady = counts.admitted - counts.hampered
    judged: tuple[tuple[str, int, float], ...] = (
        ("stalled", counts.stalled_listeners, limits.stalled_share),
        ("missed parts", counts.gapped_listeners, limits.gap_share),
        ("were dropped", counts.dropped_listeners, limits.dropped_share),
    )
    for what, listeners, limit in judged:
        if listeners > limit * steady:
            allowed = f"{limit:.2%} may" if limit else "none may"
            reasons.append(f"{listeners:,} of {steady:,} steady listeners {what} ({allowed})")
    faults: tuple[tuple[int, Callable[[int], str]], ...] = (
        (counts.malformed, lambda n: f"{n:,} streams broke the protocol"),
        (counts.rejected, lambda n: f"{n:,} requests were rejected"),
        (missed_workers, lambda n: f"{n} workers of the storm ended before their time"),
    )
    reasons += [say(number) for number, say in faults if number]
    return Verdict(tuple(reasons))
