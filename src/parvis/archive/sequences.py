"""A set of part numbers, kept as ranges: a recording of a day without a hole is one range. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

Range = tuple[int, int]
"""First and last number, both included."""


class SequenceSet:
    """Whole numbers as sorted ranges that neither touch nor overlap."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.add(first, last)

    def add(self, first: int, last: int | None = None) -> None:
        """Adds one number, or all from `first` to `last`."""
        last = first if last is None else last
        assert first <= last, (first, last)
        start = bisect_right(self._firsts, first)
        if start and self._lasts[start - 1] >= first - 1:
            start -= 1
        end = bisect_right(self._firsts, last + 1)
        if start < end:
            first = min(first, self._firsts[start])
            last = max(last, self._lasts[end - 1])
        self._firsts[start:end] = [first]
        self._lasts[start:end] = [last]

    def __contains__(self, number: int) -> bool:
        index = bisect_right(self._firsts, number)
        return index > 0 and number <= self._lasts[index - 1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges():
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SequenceSet) and self.ranges() == other.ranges()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"SequenceSet({self.ranges()})"

    def ranges(self) -> list[Range]:
        """The ranges, in order."""
        return list(zip(self._firsts, self._lasts, strict=True))

    @property
    def first(self) -> int | None:
        """The lowest number."""
        return self._firsts[0] if self._firsts else None

    @property
    def last(self) -> int | None:
        """The highest number."""
        return self._lasts[-1] if self._lasts else None

    def missing(self, first: int, last: int) -> list[Range]:
        """The ranges between `first` and `last`, both included, that are not in the set."""
        holes: list[Range] = []
        at = first
        for low, high in self.ranges():
            if high < at:
                continue
            if low > last:
                break
            if low > at:
                holes.append((at, low - 1))
            at = high + 1
        if at <= last:
            holes.append((at, last))
        return holes
