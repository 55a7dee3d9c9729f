"""How listeners behave when all is not well: who keeps an appointment, who comes back, and when. No I/O.

Rules:

- A broken connection is made anew after a full-jitter wait: between 0 and 0.25 s, doubled with each attempt,
  at most 15 s. A crowd that lost one edge must not come down on the next as one.
- Who has an appointment and keeps such comes within 5 s after its time; an edge allows 30 s (docs/protocol.md
  §2).
- Who does not keep appointments waits for `Retry-After`, and up to half as long again, and gives up after 3
  refusals. Who gets no answer at all gives up after 8 attempts.
- Any other answer is final: the Space is unknown, or over, or the request was wrong.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Final

from parvis.storm.counts import Report
from parvis.storm.plan import Plan
from parvis.storm.players import Players, Trait
from parvis.storm.schedule import Schedule, Visit
from parvis.storm.wire import Answer

BACKOFF_FIRST_S: Final = 0.25
BACKOFF_MAX_S: Final = 15.0
APPOINTMENT_SPREAD_S: Final = 5.0
PATIENCE_REFUSALS: Final = 3
PATIENCE_ATTEMPTS: Final = 8
LOSSY_MEAN_S: Final = 30.0
"""Mean time until a lossy listener breaks off."""
MAX_NOTES: Final = 5

_COME_BACK_STATUSES: Final = (409, 429, 503)


class Habits:
    """Decides for every listener of one process, puts what comes later on the schedule, and counts."""

    def __init__(
        self, plan: Plan, rng: random.Random, schedule: Schedule, players: Players, report: Report
    ) -> None:
        self._plan = plan
        self._rng = rng
        self._schedule = schedule
        self._players = players
        self._report = report
        self._counts = report.counts

    def newcomer(self) -> Visit:
        """One more listener, whose nature is drawn now."""
        plan, draw = self._plan, self._rng.random
        nature, traits = draw(), 0
        if nature < plan.slow_share:
            traits |= Trait.SLOW
        elif nature < plan.slow_share + plan.lossy_share:
            traits |= Trait.LOSSY
        if draw() < plan.appointment_share:
            traits |= Trait.KEEPS_APPOINTMENTS
        if draw() < plan.reconnect_share:
            traits |= Trait.RETURNS
        self._counts.arrived += 1
        return Visit(int(traits))

    def breaks_off_in_s(self) -> float:
        """Seconds until a lossy listener that was just admitted loses its connection."""
        return self._rng.expovariate(1 / LOSSY_MEAN_S)

    def broken(self, visit: Visit, now_s: float) -> None:
        """A stream broke, by whomever."""
        if visit.flags & Trait.RETURNS:
            self._schedule.come_back(now_s + backoff_s(0, self._rng), visit._replace(attempts=1))
        else:
            self._players.settle_away(visit, now_s)

    def unanswered(self, visit: Visit, why: str, now_s: float) -> None:
        """A connection failed before there was an answer."""
        self._counts.unanswered += 1
        self.note(why)
        if visit.attempts >= PATIENCE_ATTEMPTS:
            self._give_up(visit, now_s)
            return
        wait_s = backoff_s(visit.attempts, self._rng)
        self._schedule.come_back(now_s + wait_s, visit._replace(attempts=visit.attempts + 1))

    def refused(self, visit: Visit, answer: Answer, now_s: float) -> None:
        """The answer is no stream."""
        if answer.status not in _COME_BACK_STATUSES:
            self._rejected(visit, answer, now_s)
            return
        self._counts.refused += 1
        appointment, at_s = answer.problem.get("appointment"), _unix_s(answer.problem.get("at"))
        if isinstance(appointment, str) and at_s is not None:
            self._counts.appointments_given += 1
            if visit.flags & Trait.KEEPS_APPOINTMENTS:
                come_s = max(now_s, at_s) + self._rng.uniform(0, APPOINTMENT_SPREAD_S)
                self._schedule.come_back(come_s, visit._replace(appointment=appointment))
                return
        visit = visit._replace(refusals=visit.refusals + 1, appointment="")
        if visit.refusals >= PATIENCE_REFUSALS:
            self._give_up(visit, now_s)
            return
        wait_s = 1.0 if answer.retry_after_s is None else answer.retry_after_s
        self._schedule.come_back(now_s + wait_s * self._rng.uniform(1, 1.5), visit)

    def note(self, text: str) -> None:
        """Keeps the first few different things that went wrong, in words."""
        notes, line = self._report.notes, text.replace("\n", " ")
        if len(notes) < MAX_NOTES and line not in notes:
            notes.append(line)

    def _rejected(self, visit: Visit, answer: Answer, now_s: float) -> None:
        self._players.settle_away(visit, now_s)
        if answer.status == 410 and visit.next:  # the Space ended while this listener was away
            self._counts.ended += 1
            return
        self._counts.rejected += 1
        code, detail = answer.problem.get("code", ""), answer.problem.get("detail", "")
        self.note(f"answered {answer.status} {code} {detail}".rstrip())

    def _give_up(self, visit: Visit, now_s: float) -> None:
        self._counts.gave_up += 1
        self._players.settle_away(visit, now_s)


def backoff_s(attempts: int, rng: random.Random) -> float:
    """Full jitter: seconds to wait before attempt `attempts` + 1."""
    return rng.uniform(0, min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(attempts, 10)))


def _unix_s(at: object) -> float | None:
    """Unix time of an RFC 3339 text, or None when it is none."""
    if not isinstance(at, str):
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
