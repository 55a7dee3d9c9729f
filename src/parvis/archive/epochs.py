"""Which of the parts that come are new: duplicates, holes, and two stages that speak at once. Pure.

A stage makes a program under a lease, and the lease has an epoch that only grows. A stage that lost its lease
and does not know it yet still sends parts, with a lower epoch. Rules:

- A part that a higher epoch covers (its number is not before the first part seen of that epoch) is dropped.
- A part from before the higher epoch began fills a hole, whenever it comes.
- A part that is there already in the same epoch is a duplicate.
"""

from __future__ import annotations

from parvis.archive.sequences import SequenceSet


class Epochs:
    """The parts that one rendition has, by epoch."""

    def __init__(self) -> None:
        self._parts: dict[int, SequenceSet] = {}

    def wants(self, sequence: int, epoch: int) -> bool:
        """Whether this part is to be written."""
        for other, parts in self._parts.items():
            if other == epoch and sequence in parts:
                return False
            first = parts.first
            if other > epoch and first is not None and first <= sequence:
                return False
        return True

    def add(self, sequence: int, epoch: int) -> None:
        """This part is there, or on its way to the disk."""
        self._parts.setdefault(epoch, SequenceSet()).add(sequence)

    def drop(self, sequence: int, epoch: int) -> None:
        """This part is not there after all: it may come again."""
        kept = SequenceSet()
        for first, last in self._parts[epoch].ranges():
            if first <= sequence <= last:
                if first < sequence:
                    kept.add(first, sequence - 1)
                if sequence < last:
                    kept.add(sequence + 1, last)
            else:
                kept.add(first, last)
        self._parts[epoch] = kept

    def all(self) -> SequenceSet:
        """Every part that is there in any epoch."""
        union = SequenceSet()
        for parts in self._parts.values():
            for first, last in parts.ranges():
                union.add(first, last)
        return union
