"""One rendition of one program as an edge has it: parts in order, without holes, until its end.

Rules:

- Parts may come in any order, go out in order. A missing one holds up those behind it until its deadline
  (`standin.py`), and then a stand-in takes its place.
- When more than 30 s are missing (this machine slept, the stage was away), the feed jumps: nobody
  wants half a minute of silence that is already past.
- Pushed are the last 30 s, and nothing from before the present program. More is held (`ring.py`), for HLS.
- A program is over when its last part has gone out. The next program of the same Space goes on in the same
  feed: sequences are times, so they only grow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parvis.bus.messages import RING_PARTS, ProgramMessage, ProgramRendition
from parvis.edge.bursts import OWN_EVENT_INDEX, Bursts, Framing, with_event
from parvis.edge.ring import Put, Ring
from parvis.edge.standin import Deadlines, stand_in
from parvis.media.events import Event
from parvis.media.rendition import Rendition

RESUME_AHEAD_PARTS: Final = 3
"""An edge that has just started may be so far behind another from which a listener comes."""


@dataclass(slots=True)
class FeedCounts:
    """What happened to the parts of a feed since the start."""

    stand_ins: int = 0
    late: int = 0
    """Real parts dropped because a stand-in had gone out."""
    jumped: int = 0
    """Parts that nobody got, because too much was missing at once."""


class Feed:
    """All times are program time, in seconds."""

    def __init__(self, rendition: Rendition) -> None:
        self.rendition = rendition
        self.counts = FeedCounts()
        self.program: ProgramRendition | None = None
        self._first_sequence = 0
        self._pushed_from = 0
        self._last: int | None = None
        self._newest: int | None = None
        self._ring = Ring()
        self._unbroken: tuple[tuple[int, int, int | None], int] | None = None
        self._deadlines = Deadlines()
        self._bursts = Bursts(self._body)

    @property
    def running(self) -> bool:
        """There is a program, it has begun and it is not over: newcomers can join."""
        return self.program is not None and self._newest is not None and not self.over

    @property
    def over(self) -> bool:
        """The last part has gone out."""
        return self._last is not None and self._newest is not None and self._newest >= self._last

    @property
    def begun(self) -> bool:
        """There is a program, and some of it has gone out, be it over or not."""
        return self.program is not None and self._newest is not None

    @property
    def newest(self) -> int:
        """The last part that may go out: all before it are there. Only after the feed has begun."""
        assert self._newest is not None
        return self._newest

    @property
    def oldest(self) -> int:
        """The first part that can still be pushed."""
        oldest = self._ring.first_from(self._horizon)
        return self.newest + 1 if oldest is None else min(oldest, self.newest + 1)

    @property
    def unbroken_from(self) -> int:
        """The first part from which on all are held up to the newest, which may be none."""
        # A part goes only when the oldest does, so what looks the same is the same.
        looks = (self.newest, len(self._ring), self._ring.oldest)
        if self._unbroken is None or self._unbroken[0] != looks:
            sequence = self.newest + 1
            while self._ring.get(sequence - 1) is not None:
                sequence -= 1
            self._unbroken = looks, sequence
        return self._unbroken[1]

    def holds(self, sequence: int) -> bool:
        """Whether a part has gone out and is held."""
        return sequence <= self.newest and self._ring.get(sequence) is not None

    def begin(self, message: ProgramMessage, program: ProgramRendition) -> None:
        """Takes a program, a new one or the same again. One older than the present is ignored."""
        if self.program is not None and message.first_sequence < self._first_sequence:
            return
        if message.first_sequence > self._first_sequence:
            self._go_on(message.first_sequence)
        self.program = program
        self._first_sequence = message.first_sequence
        if message.last_sequence is not None:
            self._last = message.last_sequence

    def offer(self, sequence: int, body: bytes, now_s: float, *, last: bool = False) -> Put:
        """A part from the bus."""
        put = self._ring.put(sequence, body)
        if put is not Put.KNOWN:
            self._deadlines.observe(sequence, now_s)
        if put is Put.LATE:
            self.counts.late += 1
        if last and sequence >= self._first_sequence:
            self._last = sequence
        return put

    def finish(self) -> None:
        """The program ends with what has gone out so far, whatever else was announced."""
        if self._newest is not None:
            self._last = min(self._newest, self._last) if self._last is not None else self._newest

    def advance(self, now_s: float) -> bool:
        """Lets out what is there and what is overdue; whether anything became new."""
        before = self._newest
        if not self._find_start(now_s):
            return False
        self._jump(now_s)
        assert self._newest is not None
        while not self.over:
            following = self._newest + 1
            if self._ring.get(following) is None and not self._fill(following, now_s):
                break
            self._newest = following
        return self._newest != before

    def part(self, sequence: int) -> bytes:
        """The bytes of a part up to `newest`; a stand-in where it is not held."""
        return self._body(sequence)

    def told(self, part: bytes, sequence: int, event: Event, index: int = OWN_EVENT_INDEX) -> bytes:
        """The part with one more event."""
        return with_event(part, sequence, event, index)

    def burst(self, first: int, count: int, framing: Framing, event: Event | None = None) -> bytes:
        """Parts `first` to `first + count - 1`; they must lie between `oldest` and `newest`. `event` is told
        in the first."""
        return self._bursts.burst(first, count, framing, event)

    def join(
        self, head: Callable[[], bytes], first: int, last: int, framing: Framing, stretch: int = 1
    ) -> bytes:
        """What a newcomer gets at once, of whom bursts of `stretch` parts follow. `head` is called for the
        first who asks for the same."""
        assert self.program is not None
        return self._bursts.join(head, self.program.init, first, last, framing, stretch)

    def resumes(self, start: int) -> bool:
        """Who asks for `start` has heard this program, less than 30 s ago."""
        return max(self._first_sequence, self.newest - RING_PARTS) < start <= self.newest + RESUME_AHEAD_PARTS

    def nearest(self, sequence: int) -> int:
        """The part to start at for who asks for `sequence`: it, or the nearest that can be had."""
        if sequence >= self.newest:
            return self.newest
        found = self._ring.nearest(sequence, self._horizon)
        return self.newest if found is None else min(found, self.newest)

    def clear(self) -> None:
        """Drops all bytes. What has gone out stays known, so that nothing goes out twice."""
        self._ring.clear()
        self._bursts.clear()

    @property
    def _horizon(self) -> int:
        """Nothing older is pushed."""
        newest = self._ring.newest
        return self._pushed_from if newest is None else max(self._pushed_from, newest - RING_PARTS + 1)

    def _go_on(self, first_sequence: int) -> None:
        # After an end nobody listens any more, and what lies between is no dead air. Without one (another
        # stage took over) everybody listens, and what is missing between is.
        if self._newest is not None and self.over:
            self._newest = max(self._newest, first_sequence - 1)
            self._pushed_from = first_sequence
        self._last = None

    def _body(self, sequence: int) -> bytes:
        held = self._ring.get(sequence)
        # A hole behind `newest` is from before this edge began: only `from=` meets it.
        return self._stand_in(sequence) if held is None else held.body

    def _find_start(self, now_s: float) -> bool:
        if self._newest is not None:
            return True
        if (oldest := self._ring.first_from(self._horizon)) is not None:
            self._newest = oldest - 1
            return True
        # Not one part has come, and the first is overdue: the stage failed as it began, or this edge is new.
        if self.program is None or now_s < self._deadlines.deadline_s(self._first_sequence):
            return False
        self._newest = max(self._first_sequence, self._deadlines.latest_due(now_s)) - 1
        return True

    def _jump(self, now_s: float) -> None:
        assert self._newest is not None
        due = max(self._ring.newest or 0, self._deadlines.latest_due(now_s) if self.program else 0)
        if self._last is not None:
            due = min(due, self._last)
        if due - self._newest > RING_PARTS:
            held = self._ring.first_from(max(self._horizon, self._newest + 1))
            target = held - 1 if held is not None else due - 1
            self.counts.jumped += target - self._newest
            self._newest = target

    def _fill(self, sequence: int, now_s: float) -> bool:
        if self.program is None or now_s < self._deadlines.deadline_s(sequence):
            return False
        self._stand_in(sequence)
        return True

    def _stand_in(self, sequence: int) -> bytes:
        assert self.program is not None
        body = stand_in(self.program, sequence)
        self._ring.put(sequence, body, stand_in=True)
        self.counts.stand_ins += 1
        return body
