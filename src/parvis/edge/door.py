"""Where requests become answers, listeners or appointments: routes ask for a join, the door says whether.

Rules:

- `/healthz` and `/metrics` are answered in any case: they tell that there is no room.
- What ends by itself (pages, files, `space.json`, `HEAD`) has a bucket of its own, and needs no place among
  listeners: a crowd that reloads takes no join away, and who finds no place still gets the page that waits.
- Events are not sound: whoever finds no room to follow them is told to come back, and books nothing.
- A refusal is small, made of bytes that are nearly ready, and the last thing on its connection: people who
  wait cost nothing.
- Who was inside comes back at the stretch that it tells it had (`stretch=`), else at the shortest that
  anybody present has: it has sound for no more.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from parvis.clock import Clock
from parvis.edge.addresses import Addresses
from parvis.edge.admission import Admission, Asker, Verdict
from parvis.edge.answers import Answer, stream_head, stream_headers
from parvis.edge.appointments import Appointment
from parvis.edge.cohorts import EVENTS
from parvis.edge.fanout import Fanout
from parvis.edge.http import Request
from parvis.edge.passes import shown_pass
from parvis.edge.radio import RADIO_JOIN_PARTS, RADIO_MEDIA_TYPE, RADIO_RENDITION
from parvis.edge.routes import EVENT_STREAM, STREAMS, Front, Join, first_part, route
from parvis.edge.strain import Concession
from parvis.edge.view import hall_link, rfc3339
from parvis.edge.waiting import Hold
from parvis.errors import Overloaded
from parvis.media.rendition import Rendition

BUSY_RETRY_S: Final = (1, 4)
"""Who asked for something that ends, or was inside, comes back within this range, each at its own time."""
ADDRESS_RETRY_S: Final = (10, 30)

_ALWAYS_ANSWERED: Final = (("healthz",), ("metrics",))
_REFUSAL_HEADERS: Final = (("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"))
_REFUSAL: Final = (
    '{"type": "about:blank", "title": "Service Unavailable", "status": 503, '
    '"detail": "There is no room just now. You have an appointment.", "code": "not-admitted", '
    '"appointment": "%s", "at": "%s", "ahead": %d}'
)


@dataclass(slots=True)
class DoorCounts:
    """Totals since the start."""

    not_admitted: int = 0
    """Answers that there is no room."""
    over_address: int = 0
    """Of these, and of connections closed unanswered, those of an address that has too many."""
    joined: Counter[str] = field(default_factory=Counter)
    """Who began to listen, by Space: not those who came back within their stream."""


class Door:
    """Answers requests and lets listeners in, `capacity` of them at once. `concession`, `ladder` (the
    stretches that are used) and `closing` are for the edge to set."""

    def __init__(
        self,
        front: Front,
        fanout: Fanout,
        admission: Admission,
        addresses: Addresses,
        clock: Clock,
        capacity: int,
    ) -> None:
        self.counts = DoorCounts()
        self.concession = Concession()
        self.ladder: tuple[int, ...] = (1,)
        self.closing = False
        """The edge is about to end: newcomers go to another."""
        self._front = front
        self._fanout = fanout
        self._admission = admission
        self._addresses = addresses
        self._clock = clock
        self._capacity = capacity

    def respond(self, fd: int, request: Request) -> Answer | Join | Hold:
        """The answer to a request, what it must wait for, or its admitted join. Raises what routes raise, and
        `Overloaded` `not-admitted`."""
        if request.path in _ALWAYS_ANSWERED:
            return route(self._front, request)
        if self._addresses.over(fd):
            self.counts.over_address += 1
            raise self._refusal("There are too many connections from your address.", ADDRESS_RETRY_S)
        now_s = self._clock.monotonic_s()
        if request.method == "POST":
            # Its own limits are in `crowd.py`: a crowd that claps takes no page away from anybody.
            request.address = str(self._addresses.of(fd))
            return route(self._front, request)
        listens = request.method == "GET" and request.path[-1] in STREAMS
        if not listens and not self._admission.admit_request(now_s):
            raise self._refusal("There are too many requests just now.", BUSY_RETRY_S)
        if shown_pass(request):
            request.address = str(self._addresses.of(fd))
        response = route(self._front, request)
        if not isinstance(response, Join):
            return response
        if self.closing:
            raise self._refusal("This edge is about to end.", BUSY_RETRY_S)
        badge = self._front.badges.read(response.record, request)
        join = response if badge is None else replace(response, badge=badge)
        return self._admit(fd, request, join, now_s)

    def join(self, fd: int, join: Join, before: bytes) -> None:
        """Makes a descriptor a listener; `before` is what it is still owed."""
        record, framing, cohorts = join.record, join.framing, self._fanout.cohorts
        if join.pass_id:
            self._front.passes.enter(fd, join.pass_id, listens=join.source != EVENTS)
        if join.badge is not None:
            self._front.badges.enter(fd, join.badge)
        if join.source != EVENTS and not join.resuming:
            self.counts.joined[record.id] += 1
        wall_s = self._clock.wall_s()
        if join.source == EVENTS:
            cohort = cohorts.choose(record.id, EVENTS, framing, 1, record.events)
            head = stream_head(stream_headers(EVENT_STREAM), wall_s, framing)
            data = record.events.join(head, record.start_events(), framing)
        elif join.source in RADIO_RENDITION:
            self._tune_in(fd, join, before, wall_s)
            return
        else:
            feed = record.feeds[Rendition(join.source)]
            spread = join.start is None
            cohort = cohorts.choose(
                record.id, join.source, framing, self.stretch(join), feed, spread=spread, via=join.via
            )
            stretch = cohort.stretch
            first = first_part(feed, join.start, cohort.position, stretch)
            media_type = feed.rendition.mime.partition(";")[0]
            data = feed.join(
                lambda: stream_head(stream_headers(media_type, first, stretch), wall_s, framing),
                first,
                cohort.position,
                framing,
                stretch,
            )
        self._fanout.join(fd, cohort, before + data if before else data)

    def _tune_in(self, fd: int, join: Join, before: bytes, wall_s: float) -> None:
        """Makes a descriptor a radio receiver."""
        radio, framing = join.record.radio(join.source), join.framing
        cohort = self._fanout.cohorts.choose(
            join.record.id, join.source, framing, self.stretch(join), radio, via=join.via
        )
        last = cohort.position
        first = max(last - (RADIO_JOIN_PARTS + cohort.stretch - 1) + 1, min(radio.oldest, last))
        begins = stream_headers(RADIO_MEDIA_TYPE[join.source], first, cohort.stretch)
        headers = (*begins, *radio.headers(hall_link(self._front.origins, join.record)))
        head = stream_head(headers, wall_s, framing)
        self._fanout.join(fd, cohort, before + radio.join(head, first, last, framing))

    def stretch(self, join: Join) -> int:
        """Parts per burst for somebody who joins now."""
        concession = self.concession
        if not join.resuming:
            return concession.newcomers
        had = max((step for step in self.ladder if step <= join.stretch), default=self.ladder[0])
        return max(concession.floor, min(had, concession.ceiling))

    def _admit(self, fd: int, request: Request, join: Join, now_s: float) -> Answer | Join:
        if join.source == EVENTS:
            # Who only follows events takes no listener's place in the line.
            if self._fanout.size < self._capacity and self._admission.admit_request(now_s):
                return join
            raise self._refusal("There is no room to follow events just now.", BUSY_RETRY_S)
        wall_s = self._clock.wall_s()
        presented = request.header(b"x-parvis-appointment") or request.query.get("appointment", "")
        asker = Asker(join.record.id, self._addresses.of(fd), presented, join.resuming)
        self._admission.full = self._fanout.size >= self._capacity
        verdict, appointment = self._admission.admit(asker, now_s, wall_s)
        if verdict is Verdict.ADMITTED:
            return join
        if appointment is None:
            raise self._refusal("Many come back at once. Try again in a moment.", BUSY_RETRY_S)
        self.counts.not_admitted += 1
        return appointment_answer(appointment, wall_s)

    def _refusal(self, detail: str, retry_s: tuple[int, int]) -> Overloaded:
        self.counts.not_admitted += 1
        return Overloaded("not-admitted", detail, random.uniform(*retry_s))  # noqa: S311 - jitter


def appointment_answer(appointment: Appointment, wall_s: float) -> Answer:
    """`503 not-admitted` with an appointment (docs/protocol.md §2)."""
    wait_s = max(1, math.ceil(appointment.slot_s - wall_s))
    body = _REFUSAL % (appointment.text, rfc3339(appointment.slot_s), appointment.ahead)
    return Answer(503, (*_REFUSAL_HEADERS, ("Retry-After", str(wait_s))), body.encode())
