"""What gives way when an edge is strained, in which order, and when it comes back. Pure: samples in, a
`Concession` out.

Rules:

- Strain is heard as delay, never as silence. In the order of `Concession.worse`: the cadence of events on
  `/events`; levels and counts there; the stretch of newcomers; the stretch of all; then newcomers get an
  appointment. Nobody who listens is dropped.
- An edge is strained when its loop was busy for more than `target_busy_share` of a moving window, or when
  bursts were late in most of it. DAGOR (Zhou et al., SoCC 2018) takes 20 ms of queueing as its sign, not CPU,
  for requests that take some ms. A burst may take its time, as long as it is done well before the next one,
  k × 320 ms later, and before a player has used up what it holds beyond its stretch (`window_s`). So late is
  what took more than 20 ms and more than `LATE_SHARE` of that.
- Admission slows down by itself as bursts take more of the time. So there are seconds to see what a step does
  before the next.
- A step that costs somebody delay is taken back only when the edge would stay calm with twice the writes, for
  that is what half the stretch means. So it never swings.
- Newcomers come back first; then those who are present, slowly.
- Memory and the outgoing rate are not helped by stretch. When they are short, only appointments do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import Final

from parvis.clock import PART_MS
from parvis.edge.bursts import MAX_STRETCH
from parvis.media.reserve import reserve_parts

WINDOW_S: Final = 2.0
WORSE_AFTER_S: Final = 2.0
"""Shortest time from one step to the next while strained."""
BETTER_AFTER_S: Final = 10.0
"""How long it must have been calm before one step is taken back."""
PRESENT_BETTER_AFTER_S: Final = 30.0
"""The same for the stretch of those who are present."""
CALM_SHARE: Final = 0.45
"""Of the target: twice that is still below it."""
LATE_SHARE: Final = 0.7
LATE_FROM_S: Final = 0.020
SCARCE_FROM: Final = 0.9
SCARCE_UNTIL: Final = 0.8


class Quiet(IntEnum):
    """How much of the events is left out on `/events`."""

    FULL = 0
    THIN = 1
    """Levels come less often."""
    STILL = 2
    """Levels and counts do not come at all."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How an edge was since the last sample."""

    at_s: float
    """Monotonic seconds."""
    busy_share: float
    """Of the time, how much the loop worked: 0 to 1."""
    late_share: float = 0.0
    """Of the time that it had (`window_s`), how much the slowest burst took; 0 if less than 20 ms."""
    memory_share: float = 0.0
    """Of the socket memory at which the kernel begins to be stingy."""
    egress_share: float = 0.0
    """Of the outgoing rate that is allowed."""
    moving: bool = False
    """Listeners who were told of another stretch have not got it yet."""


@dataclass(frozen=True, slots=True)
class Concession:
    """What gives way now. Whoever is present is brought to a stretch between `floor` and `ceiling`."""

    quiet: Quiet = Quiet.FULL
    newcomers: int = 1
    floor: int = 1
    ceiling: int = 1
    closed: bool = False
    """Newcomers get an appointment."""

    def worse(self, ladder: tuple[int, ...]) -> Concession:
        """One step further; the same when there is none."""
        if self.quiet < Quiet.STILL:
            return replace(self, quiet=Quiet(self.quiet + 1))
        if self.newcomers < ladder[-1]:
            newcomers = _above(ladder, self.newcomers)
            return replace(self, newcomers=newcomers, ceiling=max(self.ceiling, newcomers))
        if self.floor < ladder[-1]:
            return replace(self, floor=_above(ladder, self.floor))
        return replace(self, closed=True)

    def better(self, ladder: tuple[int, ...]) -> Concession:
        """One step back; the same when all is well. Who was moved up is not forced up any more, and comes
        down with the ceiling."""
        if self.closed:
            return replace(self, closed=False)
        if self.newcomers > ladder[0]:
            return replace(self, newcomers=_below(ladder, self.newcomers), floor=ladder[0])
        if self.ceiling > ladder[0]:
            return replace(self, floor=ladder[0], ceiling=_below(ladder, self.ceiling))
        return replace(self, quiet=Quiet(max(0, self.quiet - 1)))

    def level(self, ladder: tuple[int, ...]) -> int:
        """Steps from calm: 0 when nothing gives way."""
        stretches = ladder.index(self.newcomers) + ladder.index(self.floor)
        return self.quiet + stretches + self.closed


def window_s(stretch: int) -> float:
    """How long a burst of so many parts may take to reach its last listener."""
    return min(stretch, reserve_parts(stretch)) * PART_MS / 1000


def stretches(least: int, most: int) -> tuple[int, ...]:
    """The stretches that are used, rising: `least`, each doubling within, `most`."""
    assert 1 <= least <= most <= MAX_STRETCH, (least, most)
    powers = (1 << exponent for exponent in range(MAX_STRETCH.bit_length()))
    return tuple(sorted({least, *(power for power in powers if least < power < most), most}))


class Strain:
    """Decides what gives way, from one sample to the next."""

    def __init__(self, *, least: int, most: int, target_busy_share: float) -> None:
        self.ladder = stretches(least, most)
        self._given = Concession(newcomers=least, floor=least, ceiling=least)
        """Scarcity aside."""
        self._target_busy_share = target_busy_share
        self._samples: deque[Sample] = deque()
        self._changed_at_s = float("-inf")
        self._calm_since_s: float | None = None
        self._scarce = False

    def take(self, sample: Sample) -> Concession:
        """What gives way from now on. Samples come in the order of their times, some a second."""
        samples = self._samples
        samples.append(sample)
        while samples[0].at_s <= sample.at_s - WINDOW_S:
            samples.popleft()
        shortest = max(sample.memory_share, sample.egress_share)
        self._scarce = shortest >= (SCARCE_UNTIL if self._scarce else SCARCE_FROM)
        if self._strained():
            self._calm_since_s = None
            self._give_way(sample)
        elif self._calm():
            self._take_back(sample)
        else:
            self._calm_since_s = None
        return self.concession

    @property
    def concession(self) -> Concession:
        """What gives way now."""
        return replace(self._given, closed=True) if self._scarce else self._given

    @property
    def level(self) -> int:
        """Steps from calm."""
        return self.concession.level(self.ladder)

    def _busy_share(self) -> float:
        return sum(sample.busy_share for sample in self._samples) / len(self._samples)

    def _strained(self) -> bool:
        late = sum(sample.late_share > LATE_SHARE for sample in self._samples)
        return self._busy_share() > self._target_busy_share or 2 * late > len(self._samples)

    def _calm(self) -> bool:
        on_time = all(sample.late_share <= LATE_SHARE for sample in self._samples)
        return on_time and self._busy_share() < self._target_busy_share * CALM_SHARE

    def _give_way(self, sample: Sample) -> None:
        if sample.at_s - self._changed_at_s < WORSE_AFTER_S:
            return
        worse = self._given.worse(self.ladder)
        # Who was told of a longer stretch makes room for it first: until then nothing can be seen of it.
        if sample.moving and (worse.floor != self._given.floor or worse.closed):
            return
        self._change(worse, sample)

    def _take_back(self, sample: Sample) -> None:
        if self._calm_since_s is None:
            self._calm_since_s = sample.at_s
        better = self._given.better(self.ladder)
        present = better.ceiling != self._given.ceiling
        patience_s = PRESENT_BETTER_AFTER_S if present else BETTER_AFTER_S
        if sample.at_s - max(self._calm_since_s, self._changed_at_s) < patience_s:
            return
        if not (present and sample.moving):
            self._change(better, sample)

    def _change(self, concession: Concession, sample: Sample) -> None:
        if concession != self._given:
            self._given = concession
            self._changed_at_s = sample.at_s


def _above(ladder: tuple[int, ...], stretch: int) -> int:
    return next(up for low, up in pairwise(ladder) if low == stretch)


def _below(ladder: tuple[int, ...], stretch: int) -> int:
    return next(low for low, up in pairwise(ladder) if up == stretch)


def steps(ladder: tuple[int, ...]) -> Iterator[Concession]:
    """Every step from calm to the last, in order."""
    concession = Concession(newcomers=ladder[0], floor=ladder[0], ceiling=ladder[0])
    while True:
        yield concession
        following = concession.worse(ladder)
        if following == concession:
            return
        concession = following
