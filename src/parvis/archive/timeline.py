"""Which parts a replay holds, in which order, and which of them are silent. Pure.

::

    recorded   ■■■■■■■■··■■■■■■■■■■■■■■        · never came
    paused                  ████               left out: recording was off
    standby    ■■                              left out: the Space was not live yet
    trim           [──────────────────)        left out: before and after
    cut                         ▒▒             silent: somebody's words were taken out
    replay         ■■■■··■■■    ▒▒■■■          · silent and counted as lost

What the replay says of time counts from the beginning of its first part.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from parvis.archive.record import Record
from parvis.archive.sequences import Range, SequenceSet
from parvis.clock import PART_MS, PART_SAMPLES, SAMPLE_RATE_HZ
from parvis.errors import UserError


@dataclass(frozen=True, slots=True)
class Timeline:
    """`kept` are disjoint ranges in order; `cut` numbers are silent on purpose."""

    kept: tuple[Range, ...]
    cut: SequenceSet

    @classmethod
    def of(cls, record: Record, recorded: Iterable[SequenceSet]) -> Timeline:
        """The timeline of a record with these parts of its renditions. Empty when nothing was recorded."""
        sets = [one for one in recorded if one.first is not None]
        cut = SequenceSet(record.cuts)
        if not sets:
            return cls((), cut)
        first = min(one.first for one in sets if one.first is not None)
        last = max(one.last for one in sets if one.last is not None)
        if record.last_sequence is not None:
            last = max(last, record.last_sequence)
        for low, high in record.cuts:  # taken off the disk, but still part of the time
            first, last = min(first, low), max(last, high)
        on_air = record.on_air_sequence
        if on_air is not None and on_air <= last:
            first = max(first, on_air)
        if record.trim is not None:
            first, last = max(first, record.trim[0]), min(last, record.trim[1])
        left_out = (
            SequenceSet(
                (low, last if high is None else high)
                for low, high in record.pauses
                if high is None or high >= low
            )
            if first <= last
            else SequenceSet()
        )
        return cls(tuple(left_out.missing(first, last)) if first <= last else (), cut)

    def clip(self, first: int, last: int) -> Timeline:
        """The same, but only from part `first` to part `last`."""
        kept = [(max(low, first), min(high, last)) for low, high in self.kept]
        return replace(self, kept=tuple((low, high) for low, high in kept if low <= high))

    def __len__(self) -> int:
        """Parts in all."""
        return sum(last - first + 1 for first, last in self.kept)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.kept:
            yield from range(first, last + 1)

    @property
    def duration_s(self) -> float:
        """Exact: whole parts."""
        return len(self) * PART_SAMPLES / SAMPLE_RATE_HZ

    def index(self, sequence: int) -> int:
        """How many parts of the replay are before this one, whether it is in the replay or not."""
        return sum(min(last, sequence - 1) - first + 1 for first, last in self.kept if first < sequence)

    def sequence_at(self, seconds: float) -> int:
        """The part that sounds at this second of the replay. Raises `UserError` `time-invalid`."""
        index = int(round(seconds * 1000, 3)) // PART_MS
        if not seconds >= 0 or not 0 <= index < len(self):
            raise UserError(
                "time-invalid", f"There is no second {seconds:g}: it lasts {self.duration_s:g} s."
            )
        starts = [self.index(first) for first, _ in self.kept]
        at = bisect_right(starts, index) - 1
        return self.kept[at][0] + index - starts[at]

    def range_of(self, from_s: float, to_s: float) -> Range:
        """The parts that sound between two seconds, those that are only touched too.

        Raises `UserError` `time-invalid`.
        """
        if not 0 <= from_s < to_s:
            raise UserError("time-invalid", "from_s must be before to_s.")
        end_s = min(to_s, self.duration_s) - PART_MS / 1000
        last = max(self.sequence_at(from_s), self.sequence_at(max(from_s, _ceil_part(end_s))))
        return self.sequence_at(from_s), last

    def lost(self, recorded: SequenceSet) -> list[int]:
        """Parts of the replay that are not among those recorded, cuts left aside."""
        return [
            sequence
            for first, last in self.kept
            for low, high in recorded.missing(first, last)
            for sequence in range(low, high + 1)
            if sequence not in self.cut
        ]


def _ceil_part(seconds: float) -> float:
    ms = round(seconds * 1000)
    return max(0, -(-ms // PART_MS)) * PART_MS / 1000
