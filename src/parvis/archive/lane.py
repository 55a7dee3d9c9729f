"""One rendition, or one speaker's track, on its way from the bus to the disk.

Rules:

- Parts wait here until they are written: a disk that is full or slow costs memory, up to `limit_parts`
  (60 s). Beyond that the oldest is given up and counted, and becomes a hole.
- A hole is filled when the bus brings its part again, however late.
"""

from __future__ import annotations

from collections import deque

from parvis.archive.disk import Pending
from parvis.archive.epochs import Epochs
from parvis.archive.sequences import SequenceSet


class Lane:
    """Owned by the recorder's loop."""

    def __init__(self, limit_parts: int) -> None:
        self._limit_parts = limit_parts
        self._epochs = Epochs()
        self._waiting: deque[Pending] = deque()
        self._in_flight = 0
        self._in_flight_since_s: float | None = None
        self.given_up = 0

    def found(self, sequence: int, epoch: int) -> None:
        """This part is on disk already."""
        self._epochs.add(sequence, epoch)

    def take(self, part: Pending) -> bool:
        """A part came. False when it is not wanted: a duplicate, or from a stage that was replaced."""
        if not self._epochs.wants(part.sequence, part.epoch):
            return False
        self._epochs.add(part.sequence, part.epoch)
        self._waiting.append(part)
        while len(self._waiting) + self._in_flight > self._limit_parts and self._waiting:
            oldest = self._waiting.popleft()
            self._epochs.drop(oldest.sequence, oldest.epoch)
            self.given_up += 1
        return True

    def start_writing(self, most: int) -> list[Pending]:
        """The oldest parts, at most so many; they are the writer's until `written` or `not_written`."""
        batch = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._in_flight += len(batch)
        if batch and self._in_flight_since_s is None:
            self._in_flight_since_s = batch[0].came_s
        return batch

    def finish_writing(self, tried: int, failed: list[Pending]) -> None:
        """Of `tried` parts these did not go, and wait again, first in line."""
        self._in_flight -= tried
        if not self._in_flight:
            self._in_flight_since_s = None
        self._waiting.extendleft(reversed(failed))

    @property
    def waiting_parts(self) -> int:
        """Parts that are only in memory."""
        return len(self._waiting) + self._in_flight

    @property
    def oldest_s(self) -> float | None:
        """When the part came that waits longest, be it that it is being written; None when none waits."""
        if self._in_flight_since_s is not None:
            return self._in_flight_since_s
        return self._waiting[0].came_s if self._waiting else None

    @property
    def parts(self) -> SequenceSet:
        """All that is written or waits."""
        return self._epochs.all()
