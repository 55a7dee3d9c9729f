"""Who is let in now. Pure: it is told the time, how much room there is and who asks.

Rules:

- Each asks one of three buckets, so that no crowd takes the place of another: those who come back to sound
  that they were hearing; newcomers; and requests that end by themselves (pages, `space.json`, `HEAD`).
- A newcomer is let in at once when the door is open, nobody waits and its bucket has something. Otherwise it
  gets an appointment, and so do all who come after it until the line is over: nobody overtakes.
- Whoever keeps an appointment is let in though the door is closed: the slot was promised, and slots are
  handed out no faster than this edge can admit. It pays from the newcomers' bucket, which may go below zero.
- A slot that was given stands, and strain is often over in seconds. So slots are handed out as fast as was
  usual in the last quarter of a minute, where that is faster than now.
- When there is no room for anybody, slots are handed out as fast as listeners leave.
- What joins may use is what the bursts leave of the target share of a core, divided by what a join was
  measured to cost; a setting can fix it.

`now_s` is monotonic, `wall_s` Unix time, both in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from parvis.edge.appointments import Appointment, Appointments, Standing

LEAST_JOINS_PER_S: Final = 50.0
"""Of newcomers, however strained the edge is, while its door is open."""
LEAST_SLOTS_PER_S: Final = 1.0
"""When there is no room and nobody leaves: so that a line still has an end."""
CLOSED_SHARE: Final = 0.1
"""Of its rate, how fast an edge that is strained to the last hands out slots."""
USUAL_LOOKS: Final = 30
"""Of so many is the pace of slots an average: a quarter of a minute."""
BURST_S: Final = 1.0
"""What a bucket holds, in seconds of its rate."""
RESUMES_PER_JOIN: Final = 4.0
"""Those who come back may use so much more than newcomers: they were inside."""
FIRST_JOIN_COST_S: Final = 100e-6
"""What a join is taken to cost before one was measured."""


class Bucket:
    """A token bucket. `rate_per_s` may change at any time."""

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._tokens = burst
        self._filled_at_s = now_s

    def take(self, now_s: float) -> bool:
        """Takes one token if there is one."""
        self._fill(now_s)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def owe(self, now_s: float) -> None:
        """Takes one token in any case, at most one burst below nothing."""
        self._fill(now_s)
        self._tokens = max(self._tokens - 1, -self.burst)

    def _fill(self, now_s: float) -> None:
        earned = (now_s - self._filled_at_s) * self.rate_per_s
        self._filled_at_s = now_s
        self._tokens = min(self._tokens + earned, self.burst)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to listen. `appointment` is what was presented, empty if nothing."""

    space: str
    address: int
    appointment: str = ""
    resuming: bool = False


class Verdict(Enum):
    """What becomes of somebody who wants to listen."""

    ADMITTED = "admitted"
    LATER = "later"
    """It has an appointment."""
    SOON = "soon"
    """It was inside, and may come back in a moment."""


@dataclass(slots=True)
class AdmissionCounts:
    """Totals since the start."""

    joins: int = 0
    resumed: int = 0
    kept: int = 0
    """Appointments that were kept."""
    given: int = 0
    """Appointments that were given."""
    void: int = 0
    """Presented, and forged, late, somebody else's or used already."""


class Admission:
    """The door of one edge. `joins_per_s` above 0 fixes the rate of newcomers; `capacity` is how many can
    listen at once."""

    def __init__(
        self,
        appointments: Appointments,
        now_s: float,
        *,
        capacity: int,
        joins_per_s: float,
        requests_per_s: float,
    ) -> None:
        self.counts = AdmissionCounts()
        self.closed = False
        self.full = False
        """There is no room for anybody, whoever it is."""
        self._appointments = appointments
        self._capacity = capacity
        self._fixed_per_s = joins_per_s
        self._leaving_per_s = 0.0
        rate_per_s = joins_per_s or 1 / FIRST_JOIN_COST_S / 2
        self._usual_slots_per_s = 0.0  # an edge that has just begun promises nothing that it has not seen
        self._newcomers = Bucket(rate_per_s, rate_per_s * BURST_S, now_s)
        self._resuming = Bucket(rate_per_s * RESUMES_PER_JOIN, capacity, now_s)
        self._requests = Bucket(requests_per_s, requests_per_s * BURST_S, now_s)

    @property
    def joins_per_s(self) -> float:
        """How many newcomers are let in a second."""
        return self._newcomers.rate_per_s

    def adapt(self, spare_share: float, join_cost_s: float, leaving_per_s: float) -> None:
        """What was measured lately: the share of a core that joins may use, what one costs, and how many
        listeners leave a second. Call it at each look."""
        self._leaving_per_s = leaving_per_s
        rate_per_s = self._fixed_per_s or max(LEAST_JOINS_PER_S, spare_share / join_cost_s)
        self._newcomers.rate_per_s = rate_per_s
        self._newcomers.burst = max(1.0, rate_per_s * BURST_S)
        self._resuming.rate_per_s = rate_per_s * RESUMES_PER_JOIN
        self._usual_slots_per_s += (self._slots_now_per_s() - self._usual_slots_per_s) / USUAL_LOOKS

    def admit_request(self, now_s: float) -> bool:
        """Somebody asks for something that ends."""
        return self._requests.take(now_s)

    def admit(self, asker: Asker, now_s: float, wall_s: float) -> tuple[Verdict, Appointment | None]:
        """Somebody wants to listen. With `LATER` comes its appointment."""
        if asker.resuming and not self.full:
            if not self._resuming.take(now_s):
                return Verdict.SOON, None
            self.counts.resumed += 1
            return Verdict.ADMITTED, None
        if asker.appointment:
            kept = self._keep(asker, now_s, wall_s)
            if kept is not None:
                return kept
        elif self._open(wall_s) and self._newcomers.take(now_s):
            self.counts.joins += 1
            return Verdict.ADMITTED, None
        self.counts.given += 1
        slots_per_s = self._slots_per_s()
        return Verdict.LATER, self._appointments.make(asker.space, asker.address, wall_s, slots_per_s)

    def _keep(self, asker: Asker, now_s: float, wall_s: float) -> tuple[Verdict, Appointment | None] | None:
        standing, slot_s = self._appointments.check(asker.appointment, asker.space, asker.address, wall_s)
        if standing is Standing.EARLY:
            ahead = round((slot_s - wall_s) * self._slots_per_s())
            return Verdict.LATER, Appointment(asker.appointment, slot_s, ahead)
        if standing is Standing.VOID:
            self.counts.void += 1
            return None
        if self.full:
            return None
        self._appointments.use(asker.appointment, wall_s)
        self._newcomers.owe(now_s)
        self.counts.kept += 1
        self.counts.joins += 1
        return Verdict.ADMITTED, None

    def _open(self, wall_s: float) -> bool:
        return not (self.full or self.closed or self._appointments.line.waits(wall_s))

    def _slots_per_s(self) -> float:
        if self.full:
            return max(LEAST_SLOTS_PER_S, self._leaving_per_s)
        return max(self._slots_now_per_s(), self._usual_slots_per_s)

    def _slots_now_per_s(self) -> float:
        return self.joins_per_s * (CLOSED_SHARE if self.closed else 1.0)
