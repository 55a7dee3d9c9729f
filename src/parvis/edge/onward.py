"""Where two programs meet in one stream: the parts of one feed up to a part, those of another from it on.

Rules:

- Both programs are numbered by the same clock, so the seam is between two parts: nothing is cut, skipped or
  sent twice, and the decoder goes on.
- If the first program ends before the seam, the second goes on at once.
- The first part after the seam tells of the handoff, at the head of its burst (docs/protocol.md §2, §3).
- A source that leads into itself is one whose audience is only told, and goes elsewhere by itself.
"""

from __future__ import annotations

from typing import Final, Protocol

from parvis.edge.bursts import OWN_EVENT_INDEX, ByteCache, Framing, frame
from parvis.edge.cohorts import Source
from parvis.media.events import Event

HANDOFF_EVENT_INDEX: Final = 254
"""Among the events of its part: `pace` has the one after it."""


class Parts(Source, Protocol):
    """A source whose parts can be had one by one."""

    @property
    def unbroken_from(self) -> int:
        """The first part from which on all are held up to the newest."""

    def holds(self, sequence: int) -> bool:
        """Whether a part up to `newest` is held."""

    def part(self, sequence: int) -> bytes:
        """The bytes of a part that is neither newer than `newest` nor long gone."""

    def told(self, part: bytes, sequence: int, event: Event, index: int = OWN_EVENT_INDEX) -> bytes:
        """`part` with one more event at its head, as far as it can be told in this wrapping."""


class Onward:
    """The source of listeners who are carried over. `start` is the first part of where they go."""

    def __init__(self, before: Parts, after: Parts, start: int, event: Event) -> None:
        self.before = before
        self.after = after
        self._start = start
        self._event = event
        self._bursts = ByteCache(limit_bytes=1 << 20)

    @property
    def start(self) -> int:
        """The first part that is the other program's."""
        return min(self._start, self.before.newest + 1) if self.before.over else self._start

    @property
    def newest(self) -> int:
        """All before it are there."""
        start, before = self.start, self.before.newest
        return before if before < start - 1 else max(start - 1, self.after.newest)

    @property
    def oldest(self) -> int:
        """Whoever stands before the seam needs what the first has, and a stand-in is better than a skip."""
        return min(self.before.oldest, self.start)

    @property
    def unbroken_from(self) -> int:
        """As far back as both hold what they are asked for."""
        start = self.start
        if self.newest >= start and (after := self.after.unbroken_from) > start:
            return min(after, self.newest + 1)
        return min(self.before.unbroken_from, start)

    @property
    def over(self) -> bool:
        """Where they go is over, too."""
        return self.after.over and self.newest >= self.start - 1

    def holds(self, sequence: int) -> bool:
        """Whether the program has a part that it is of."""
        program = self.before if sequence < self.start else self.after
        return sequence <= self.newest and program.holds(sequence)

    def part(self, sequence: int) -> bytes:
        """From whichever program it is of, the handoff told in the first of the second."""
        start = self.start
        if sequence < start:
            return self.before.part(sequence)
        part = self.after.part(sequence)
        return (
            self.after.told(part, sequence, self._event, HANDOFF_EVENT_INDEX) if sequence == start else part
        )

    def told(self, part: bytes, sequence: int, event: Event, index: int = OWN_EVENT_INDEX) -> bytes:
        """As the program tells it from which the part is."""
        teller = self.before if sequence < self.start else self.after
        return teller.told(part, sequence, event, index)

    def burst(self, first: int, count: int, framing: Framing, event: Event | None = None) -> bytes:
        """Parts `first` to `first + count - 1` as one write; `event` is told in the first."""
        if first > self.start:
            return self.after.burst(first, count, framing, event)

        def build() -> bytes:
            parts = map(self.part, range(first, first + count))
            if event is None:
                return frame(parts, framing)
            return frame((self.told(next(parts), first, event), *parts), framing)

        return self._bursts.get((self.start, first, count, framing, event), build)
