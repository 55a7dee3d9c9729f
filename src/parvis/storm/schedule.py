"""Who does something later, by time: comes back, breaks off, reads slowly."""

from __future__ import annotations

import heapq
from enum import IntEnum
from typing import NamedTuple


class Act(IntEnum):
    """What is to be done."""

    COME_BACK = 0
    BREAK_OFF = 1
    READ_SLOWLY = 2


class Visit(NamedTuple):
    """A listener who is not connected, to whom nothing else in memory belongs.

    `next` is the part it wants (0: none heard yet), `dry_at_s` and `flags` are those of `players.py`.
    An appointment is good for one address only, so a listener comes back from its `source` (-1: none yet).
    """

    flags: int
    next: int = 0
    dry_at_s: float = 0.0
    attempts: int = 0
    refusals: int = 0
    appointment: str = ""
    source: int = -1


class Entry(NamedTuple):
    """Something due. `order` keeps equal times apart; `fd` and `token` say which connection is meant."""

    at_s: float
    order: int
    act: Act
    fd: int = -1
    token: float = 0.0
    visit: Visit | None = None


class Schedule:
    """A heap of what is due, by time."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._order = 0
        self.coming_back = 0
        """Visits that wait."""

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_s(self) -> float | None:
        """When the next entry is due."""
        return self._heap[0].at_s if self._heap else None

    def come_back(self, at_s: float, visit: Visit) -> None:
        """Notes when a listener connects again."""
        self.coming_back += 1
        self._push(Entry(at_s, self._order, Act.COME_BACK, visit=visit))

    def touch(self, at_s: float, act: Act, fd: int, token: float) -> None:
        """Notes when something is to be done with a connection, if it is still the same one then."""
        self._push(Entry(at_s, self._order, act, fd, token))

    def due(self, now_s: float) -> Entry | None:
        """Takes the next entry if it is due."""
        if not self._heap or self._heap[0].at_s > now_s:
            return None
        entry = heapq.heappop(self._heap)
        self.coming_back -= entry.act is Act.COME_BACK
        return entry

    def clear(self) -> None:
        """Forgets everything."""
        self._heap.clear()
        self.coming_back = 0

    def _push(self, entry: Entry) -> None:
        self._order += 1
        heapq.heappush(self._heap, entry)
