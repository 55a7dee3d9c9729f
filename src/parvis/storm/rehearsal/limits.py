"""What Parvis promises in each step, and the sentences for where it was not kept. Pure.

Silence is program time in which nobody is heard though somebody speaks; a stall is a listener's player that
ran dry. The voice pauses for breath, so a silence of less than `BREATH_S` is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parvis.storm.counts import Counts
from parvis.storm.rehearsal.script import Act

BREATH_S: Final = 1.3
LATE_TICK_MS: Final = 20.0
"""One tick: nobody hears it yet."""
HEARD_TICK_MS: Final = 100.0
"""What a speaker's jitter buffer does not hide any more."""


@dataclass(frozen=True, slots=True)
class Promise:
    """`silence_s`: at most so long. `stall_ms`: a player may run dry for so long, 0 not at all. `breaks`:
    streams may break, if everybody comes back. `within_s`: when everything is as before."""

    silence_s: float = BREATH_S
    stall_ms: float = 0.0
    breaks: bool = False
    within_s: float = 20.0


PROMISES: Final = {
    Act.HOST_DROPS: Promise(),
    Act.SUCCESSION: Promise(within_s=40.0),
    Act.STAGE_KILLED: Promise(silence_s=3.2, stall_ms=1_000.0, within_s=30.0),
    Act.STAGES_KILLED: Promise(silence_s=10.0, stall_ms=1_000.0, within_s=60.0),
    Act.EDGE_KILLED: Promise(stall_ms=1_000.0, breaks=True),
    Act.CONTROL_KILLED: Promise(within_s=30.0),
    Act.HERD: Promise(stall_ms=1_000.0, breaks=True),
    Act.HANDOFF: Promise(within_s=40.0),
}
CALM: Final = Promise()
"""For steps that are no fault."""


@dataclass(slots=True)
class Measured:
    """What was heard in one step. None: not measured."""

    silence_s: float | None = None
    missing_parts: int = 0
    stalls: int = 0
    stall_max_ms: float | None = None
    gaps: int = 0
    dropped: int = 0
    returned: int = 0
    lost: int = 0
    """Listeners who were there before and are not any more."""
    delay_p99_ms: float | None = None
    back_s: float | None = None
    """Seconds from the fault until everything was as before."""

    def add(self, before: Counts, after: Counts) -> None:
        """What the crowd counted in between."""
        self.stalls = after.stalls - before.stalls
        self.gaps = after.gaps - before.gaps
        self.dropped = after.dropped - before.dropped
        self.returned = after.returned - before.returned
        self.lost = max(0, before.connected - after.connected)


def broken(promise: Promise, measured: Measured) -> list[str]:
    """A sentence for each promise that was not kept."""
    reasons = []
    silence_s, stall_ms = measured.silence_s, measured.stall_max_ms or 0.0
    if silence_s is not None and silence_s > promise.silence_s:
        reasons.append(f"nobody was heard for {silence_s:.1f} s ({promise.silence_s:.1f} s at most)")
    if measured.stalls and stall_ms > promise.stall_ms:
        most = f"{promise.stall_ms / 1000:.1f} s at most" if promise.stall_ms else "none may be"
        reasons.append(
            f"players ran dry {measured.stalls:,} times, for up to {stall_ms / 1000:.1f} s ({most})"
        )
    if measured.gaps:
        reasons.append(f"listeners missed sound {measured.gaps:,} times")
    if measured.dropped and not promise.breaks:
        reasons.append(f"{measured.dropped:,} streams broke")
    if measured.lost:
        reasons.append(f"{measured.lost:,} listeners did not come back")
    return reasons
