"""The last minute of one rendition, by sequence (docs/protocol.md §1).

Rules:

- Putting is idempotent and tolerates any order: around a reconnection the bus may send a part twice.
- The window ends at the newest part; what falls out of it is gone.
- A stand-in that has been sent is the truth for its moment: the real part that comes after it is refused, or
  two listeners would hear two programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HELD_PARTS: Final = 198
"""63 s. What is pushed needs half of it; HLS needs the rest, at every edge (`hls.py`)."""


class Put(StrEnum):
    """What became of a part that was put."""

    STORED = "stored"
    KNOWN = "known"
    """It is here already."""
    LATE = "late"
    """A stand-in took its place."""
    OLD = "old"
    """Its moment has left the window."""


@dataclass(frozen=True, slots=True)
class HeldPart:
    """A part's bytes, and whether the edge made them itself."""

    body: bytes
    stand_in: bool


class Ring:
    """At most `capacity` consecutive sequences, holes allowed."""

    def __init__(self, capacity: int = HELD_PARTS) -> None:
        assert capacity > 0, capacity
        self._capacity = capacity
        self._parts: dict[int, HeldPart] = {}
        self.newest: int | None = None
        self.oldest: int | None = None
        """The lowest sequence held, or None."""

    def __len__(self) -> int:
        return len(self._parts)

    def put(self, sequence: int, body: bytes, *, stand_in: bool = False) -> Put:
        """Keeps a part; `body` is what a listener gets. Whatever falls out of the window is dropped."""
        if self.newest is not None and sequence <= self.newest - self._capacity:
            return Put.OLD
        held = self._parts.get(sequence)
        if held is not None:
            return Put.LATE if held.stand_in and not stand_in else Put.KNOWN
        self._parts[sequence] = HeldPart(body, stand_in)
        if self.oldest is None or sequence < self.oldest:
            self.oldest = sequence
        if self.newest is None or sequence > self.newest:
            self.newest = sequence
            self.drop_before(sequence - self._capacity + 1)
        return Put.STORED

    def get(self, sequence: int) -> HeldPart | None:
        """The part, or None where there is a hole."""
        return self._parts.get(sequence)

    def first_from(self, sequence: int) -> int | None:
        """The lowest held sequence that is not below `sequence`, or None."""
        if self.oldest is None or sequence <= self.oldest:
            return self.oldest
        if sequence in self._parts:
            return sequence
        return min((held for held in self._parts if held > sequence), default=None)

    def nearest(self, sequence: int, first: int = 0) -> int | None:
        """The held sequence from `first` on that is closest, the newer of two as close; None without any."""
        if sequence in self._parts and sequence >= first:
            return sequence
        held = (number for number in self._parts if number >= first)
        return min(held, key=lambda number: (abs(number - sequence), -number), default=None)

    def gaps(self, first: int, last: int) -> list[int]:
        """Sequences from `first` to `last`, both included, that are not held."""
        return [sequence for sequence in range(first, last + 1) if sequence not in self._parts]

    def clear(self) -> None:
        """Forgets everything."""
        self._parts.clear()
        self.newest = self.oldest = None

    def drop_before(self, sequence: int) -> None:
        """Forgets what is older than `sequence`."""
        if self.oldest is None or self.oldest >= sequence:
            return
        if sequence - self.oldest == 1:  # each part that comes takes the place of one
            del self._parts[self.oldest]
        else:
            self._parts = {number: held for number, held in self._parts.items() if number >= sequence}
        self.oldest = sequence if sequence in self._parts else min(self._parts, default=None)
        if not self._parts:
            self.newest = None
