"""What other processes say, kept in memory: who is connected, how many listen, who is alive.

Owned by the loop: `hear` is called by one task, everything else only reads.

- An edge's count that is older than 5 s no longer counts: the edge is gone and so are its listeners.
- A stage's report counts while the report or the stage's own heartbeat is at most 5 s old, and until a stage
  of a higher epoch reports: who has lost a Space is not believed any more.
- A report that is a minute old says nothing any more: the Space is at rest, and no stage has it.
- How many have begun to listen to a Space is told by each run of each edge since that began; added up over
  them, it is the total. What runs before have told is kept in the database (`restore`), and so are peaks.
- The peak of a Space is the most listeners at once since control started, each counted once though an edge
  dies (`peaks.py`); what the database holds from before is added by who shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from parvis.api.peaks import Peaks, Said
from parvis.bus.messages import EdgeMessage, ProcessMessage, SeatReport, SeatsMessage
from parvis.clock import Clock
from parvis.spaces.seen import UNSEEN, Seen

FRESH_S: Final = 5.0
REPORT_KEPT_S: Final = 60.0
SOURCES_MAX: Final = 256
"""Runs of edges whose counts are kept apart. The oldest of more are taken together: they are long gone."""

Message = TypeVar("Message")


@dataclass(frozen=True, slots=True)
class Heard(Generic[Message]):
    """A message and when it came, in monotonic seconds."""

    message: Message
    at_s: float


class LiveState:
    """The last word of every process, by name or Space."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seats: dict[str, Heard[SeatsMessage]] = {}
        self._edges: dict[str, Heard[EdgeMessage]] = {}
        self._processes: dict[str, Heard[ProcessMessage]] = {}
        self._peaks = Peaks()
        self._joined: dict[str, dict[str, int]] = {}
        """By Space, by run of an edge."""
        self._counted: set[str] = set()
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def hear(self, subject: str, payload: bytes) -> str | None:
        """Takes in a message; gives the Space whose seats it tells of, if any.

        Raises `ProtocolError`, `TypeError`, `KeyError`, `ValueError` or `AttributeError` when it is not what
        its subject says; nothing is then kept of it.
        """
        now_s = self._clock.monotonic_s()
        kind = subject.partition(".")[0]
        if kind == "seats":
            seats = SeatsMessage.decode(payload)
            if int(seats.epoch) < (self.stage_epoch(seats.space) or 0):
                return None
            self._seats[seats.space] = Heard(seats, now_s)
            self.wake(seats.space)
            return seats.space
        if kind == "edge":
            said = EdgeMessage.decode(payload)
            edge = EdgeMessage(said.edge, {space_id: int(n) for space_id, n in said.listeners.items()})
            self._edges[edge.edge] = Heard(edge, now_s)
            self._counted.update(edge.listeners, said.joined)
            for space_id, joined in said.joined.items():
                by_source = self._joined.setdefault(space_id, {})
                source = f"{said.edge}:{said.life}"
                by_source[source] = max(int(joined), by_source.get(source, 0))
            self._peaks.hear(Said(said.edge, said.life, now_s, edge.listeners))
        elif kind == "process":
            beat = ProcessMessage.decode(payload)
            process = replace(beat, gauges={name: float(value) for name, value in beat.gauges.items()})
            self._processes[process.name] = Heard(process, now_s)
        return None

    def stage_epoch(self, space_id: str) -> int | None:
        """The epoch of the stage that reported last; None if none has."""
        heard = self._seats.get(space_id)
        return heard.message.epoch or None if heard is not None else None

    def reports(self, space_id: str) -> Mapping[str, SeatReport]:
        """The stage's reports by handle; none when the stage is silent."""
        heard = self._seats.get(space_id)
        if heard is None or not (self._fresh(heard) or self.is_alive(heard.message.stage)):
            return {}
        return {report.handle: report for report in heard.message.seats}

    def reported(self) -> set[str]:
        """Spaces of which a stage has spoken."""
        return set(self._seats)

    def anyone_connected(self, space_id: str) -> bool:
        """Whether any seat of a Space has sound."""
        return any(report.connected for report in self.reports(space_id).values())

    def seen(self, space_id: str) -> Seen:
        """The same as the rules of succession and plans need it."""
        reports = self.reports(space_id)
        if not reports:
            return UNSEEN
        connected = frozenset(handle for handle, report in reports.items() if report.connected)
        return Seen(connected, reported=True, on_air=self._seats[space_id].message.on_air)

    def listeners(self, space_id: str) -> int:
        """How many listen to a Space now, over all edges."""
        return sum(h.message.listeners.get(space_id, 0) for h in self._edges.values() if self._fresh(h))

    def all_listeners(self) -> int:
        """How many listen to anything now."""
        return sum(sum(h.message.listeners.values()) for h in self._edges.values() if self._fresh(h))

    def peak(self, space_id: str) -> int:
        """The most listeners of a Space at once since control started."""
        return self._peaks.peak(space_id, self._clock.monotonic_s())

    def total(self, space_id: str) -> int:
        """How many have begun to listen to a Space, since it is there."""
        return sum(self._joined.get(space_id, {}).values())

    def joined(self) -> Mapping[str, Mapping[str, int]]:
        """The same by Space, by who counted them: no more than `SOURCES_MAX` of them each."""
        return {space_id: _merged(by_source) for space_id, by_source in self._joined.items()}

    def restore(self, joined: Mapping[str, Mapping[str, int]]) -> None:
        """What was kept before control started."""
        self._joined = {space_id: dict(by_source) for space_id, by_source in joined.items()}

    def take_counted(self) -> set[str]:
        """Spaces of which edges have told counts since this was asked last."""
        counted, self._counted = self._counted, set()
        return counted

    def peaks(self) -> Mapping[str, int]:
        """All peaks by Space that are to be kept: a later word does not lower them."""
        return self._peaks.final(self._clock.monotonic_s())

    def processes(self) -> list[tuple[ProcessMessage, bool]]:
        """The last heartbeat of every process and whether it is fresh."""
        return [(h.message, self._fresh(h)) for _, h in sorted(self._processes.items())]

    def is_alive(self, process: str) -> bool:
        """Whether a process has said so in the last 5 s."""
        heard = self._processes.get(process)
        return heard is not None and self._fresh(heard)

    def keep_only(self, space_ids: frozenset[str]) -> None:
        """Forgets what concerns other Spaces, old reports, and edges that are gone."""
        oldest_s = self._clock.monotonic_s() - REPORT_KEPT_S
        self._seats = {s: h for s, h in self._seats.items() if s in space_ids and h.at_s >= oldest_s}
        self._peaks.keep_only(space_ids)
        self._joined = {s: n for s, n in self._joined.items() if s in space_ids}
        self._edges = {e: h for e, h in self._edges.items() if self._fresh(h)}

    # Those who wait for news of a Space.

    @contextmanager
    def waiting(self, space_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when there is news of the Space."""
        event = asyncio.Event()
        self._waiting.setdefault(space_id, set()).add(event)
        try:
            yield event
        finally:
            events = self._waiting[space_id]
            events.discard(event)
            if not events:
                del self._waiting[space_id]

    def wake(self, space_id: str) -> None:
        """There is news of a Space."""
        for event in self._waiting.get(space_id, ()):
            event.set()

    def wake_all(self) -> None:
        """There is news for everybody: control stops."""
        for space_id in self._waiting:
            self.wake(space_id)

    def _fresh(self, heard: Heard[Message]) -> bool:
        return self._clock.monotonic_s() - heard.at_s <= FRESH_S


def _merged(by_source: Mapping[str, int]) -> dict[str, int]:
    newest = list(by_source.items())[-SOURCES_MAX:]
    older = sum(by_source.values()) - sum(count for _, count in newest)
    return ({"before": older} if older else {}) | dict(newest)
