"""What each listener has heard, and whether its player had something to play: a few array slots by
descriptor. No I/O.

The virtual player's rules:

- It begins when what it holds lasts until the next burst and leaves the reserve, and then plays at real time.
  So it begins at once with what an edge sends at first, and waits where the Space is too young for so much.
  When it has played all that it has, it is dry: that is a *stall*. It begins again by the same rule.
- Parts are heard in order of their numbers. Numbers left out are a gap, played over; a number that was there
  before is a repeat, and is not played.
- A `pace` event that tells a longer stretch is obeyed: the player slows down by a twentieth, until the new
  bursts begin or it has gathered the difference. That is delay, not a stall, and the listener hears it as
  such; but a notice too short for it will be heard (docs/protocol.md §2, §3). What is gathered so is counted
  at once.
- A break of the connection stops no player. Who comes back in time has heard nothing of it.

Times are Unix seconds. In `dry_at_s`, a value above 0 is when the player runs dry; one of 0 or below is a
player that gathers, and holds so many seconds. `next` is the part that a listener wants, 0 before its first,
and negative while it stands between two recvs in the middle of something, so that the fast path of `crowd.py`
leaves it alone.
"""

from __future__ import annotations

from array import array
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis.clock import PART_MS
from parvis.media.reserve import held_parts
from parvis.storm.counts import Report
from parvis.storm.schedule import Visit
from parvis.storm.wire import Heard, Pace, Run

PART_S: Final = PART_MS / 1000
SLOWING: Final = 20
"""Parts that a player plays while it gathers one by slowing down."""
_ROUNDING_S: Final = 1e-6


class Trait(IntEnum):
    """What a listener is like, and what has happened to it."""

    SLOW = 1
    LOSSY = 2
    KEEPS_APPOINTMENTS = 4
    RETURNS = 8
    ADMITTED = 16
    STALLED = 32
    GAPPED = 64
    DROPPED = 128


HAMPERED: Final = int(Trait.SLOW | Trait.LOSSY)
_SLOW: Final = int(Trait.SLOW)
_STALLED: Final = int(Trait.STALLED)
_GAPPED: Final = int(Trait.GAPPED)


class Players:
    """The players of one process, at most `slots` descriptors. 19 bytes a listener."""

    def __init__(self, slots: int, report: Report) -> None:
        self.next = array("q", bytes(8 * slots))
        self.dry_at_s = array("d", bytes(8 * slots))
        self.flags = bytearray(slots)
        self.stretch = bytearray(slots)
        self._begins_s: dict[int, float] = {}
        """When those who gather begin, if nothing more comes."""
        self._silent_since_s: dict[int, float] = {}
        """Since when those are connected who have heard nothing yet."""
        self.doubted = bytearray(slots)
        """1 while it is not known which parts a listener has got (`believe`)."""
        self._report = report
        self._next_view: NDArray[np.int64] = np.frombuffer(self.next, np.int64)
        self._dry_view: NDArray[np.float64] = np.frombuffer(self.dry_at_s, np.float64)
        self._flags_view: NDArray[np.uint8] = np.frombuffer(self.flags, np.uint8)
        self._doubted_view: NDArray[np.uint8] = np.frombuffer(self.doubted, np.uint8)

    def seat(self, fd: int, visit: Visit, now_s: float) -> None:
        """A listener connects: it is as it was when it went away."""
        if not visit.flags & _SLOW:
            self._silent_since_s[fd] = now_s
        self.next[fd] = -visit.next
        self.dry_at_s[fd] = visit.dry_at_s
        self.flags[fd] = visit.flags
        self.stretch[fd] = 1
        self.doubted[fd] = 0

    def visit(self, fd: int) -> Visit:
        """The listener goes away, and may come back as it is now."""
        return Visit(self.flags[fd], abs(self.next[fd]), self.dry_at_s[fd])

    def clear(self, fd: int) -> None:
        """The slot is free."""
        self.next[fd] = 0
        self.dry_at_s[fd] = 0.0
        self._begins_s.pop(fd, None)
        self._silent_since_s.pop(fd, None)

    def take(self, fd: int, heard: Heard, now_s: float) -> None:
        """The listener got what these bytes hold."""
        self.doubted[fd] = 0
        if heard.runs:
            self._check_dry(fd, now_s)
        if heard.pace is not None:
            self._obey(fd, heard.pace)
        for run in heard.runs:
            self._hear(fd, run, now_s)
        if heard.runs and fd in self._silent_since_s and self.dry_at_s[fd] > 0:
            self._sounds(fd, now_s)

    def believe(self, fd: int, seconds: float, now_s: float) -> None:
        """So much sound seems to have come; `confirm` says which parts, once it is known."""
        self._check_dry(fd, now_s)
        if self.dry_at_s[fd] > 0:
            self.dry_at_s[fd] += seconds
            self.doubted[fd] = 1

    def confirm(self, fd: int, run: Run) -> None:
        """What was believed were these parts, the next that were wanted."""
        self._report.counts.parts += run.next - run.first
        self.next[fd] = run.next
        self.doubted[fd] = 0

    def settle(self, fd: int, now_s: float) -> None:
        """Playing ends now, on purpose: a player that is dry has stalled."""
        self._check_dry(fd, now_s)

    def settle_away(self, visit: Visit, now_s: float) -> None:
        """The same for a listener who was away."""
        if 0 < visit.dry_at_s < now_s:
            self._stalled(visit.flags, now_s - visit.dry_at_s)

    def sample(self, now_s: float) -> int:
        """Adds how far behind the stage every steady listener hears now of whom it is known; returns how many
        of them are dry."""
        for fd in list(self._begins_s):
            self._begin_if_due(fd, now_s)
        playing = (self._dry_view > 0) & (self._flags_view & HAMPERED == 0)
        dry = playing & (self._dry_view < now_s)
        heard = playing & ~dry & (self._doubted_view == 0)
        behind_s = self._dry_view[heard] - np.abs(self._next_view[heard]) * PART_S
        self._report.behind.add_all(behind_s * 1000)
        return int(np.count_nonzero(dry))

    def dry(self, now_s: float) -> int:
        """How many steady listeners have nothing to play."""
        dry = (self._dry_view > 0) & (self._dry_view < now_s) & (self._flags_view & HAMPERED == 0)
        return int(np.count_nonzero(dry))

    def _begin_if_due(self, fd: int, now_s: float) -> None:
        begins_s = self._begins_s.get(fd)
        if begins_s is None or begins_s > now_s:
            return
        del self._begins_s[fd]
        self.dry_at_s[fd] = begins_s - self.dry_at_s[fd]
        if fd in self._silent_since_s:
            self._sounds(fd, begins_s)

    def _sounds(self, fd: int, at_s: float) -> None:
        """This connection's first sound is heard."""
        self._report.join.add((at_s - self._silent_since_s.pop(fd)) * 1000)

    def _check_dry(self, fd: int, now_s: float) -> None:
        self._begin_if_due(fd, now_s)
        dry_at_s = self.dry_at_s[fd]
        if not 0 < dry_at_s < now_s:
            return
        self.flags[fd] = self._stalled(self.flags[fd], now_s - dry_at_s)
        self.dry_at_s[fd] = 0.0

    def _stalled(self, flags: int, silence_s: float) -> int:
        """Counts a stall; returns the flags with it."""
        counts = self._report.counts
        if flags & HAMPERED:
            counts.hampered_stalls += 1
            return flags
        counts.stalls += 1
        counts.stalled_listeners += not flags & _STALLED
        self._report.stall.add(silence_s * 1000)
        return flags | _STALLED

    def _obey(self, fd: int, pace: Pace) -> None:
        longer = held_parts(pace.stretch) - held_parts(self.stretch[fd])
        self.stretch[fd] = pace.stretch
        self._report.counts.paced += 1
        if longer > 0 and self.dry_at_s[fd] > 0:
            self.dry_at_s[fd] += min(longer, pace.lead_parts / SLOWING) * PART_S

    def _hear(self, fd: int, run: Run, now_s: float) -> None:
        counts = self._report.counts
        wanted = abs(self.next[fd])
        first = run.first
        if wanted and first > wanted:
            self._gap(fd, first - wanted)
        elif wanted and first < wanted:
            if not self.flags[fd] & HAMPERED:
                counts.repeats += min(run.next, wanted) - first
            first = wanted
        if run.next <= first:
            return
        counts.parts += run.next - first
        self.next[fd] = run.next
        sound_s = (run.next - first) * PART_S
        if self.dry_at_s[fd] > 0:
            self.dry_at_s[fd] += sound_s
            return
        held_s = sound_s - self.dry_at_s[fd]
        stretch = self.stretch[fd]
        missing_s = held_parts(stretch) * PART_S - held_s
        if missing_s <= _ROUNDING_S:
            self._begins_s.pop(fd, None)
            self.dry_at_s[fd] = now_s + held_s
            return
        self.dry_at_s[fd] = -held_s
        if missing_s <= stretch * PART_S + _ROUNDING_S:  # all that is missing is time to the next burst
            self._begins_s[fd] = now_s + missing_s

    def _gap(self, fd: int, missing: int) -> None:
        counts, flags = self._report.counts, self.flags[fd]
        if flags & HAMPERED:
            counts.hampered_missing_parts += missing
            return
        counts.gaps += 1
        counts.missing_parts += missing
        counts.gapped_listeners += not flags & _GAPPED
        self.flags[fd] = flags | _GAPPED
