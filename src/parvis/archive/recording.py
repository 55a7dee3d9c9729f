"""One Space being recorded: its lanes, whether it goes well, and when it is complete.

::

    recording ──oldest part waits 2 s──▶ behind ──disk refuses──▶ failing
        ▲                                  │                        │
        └───────────── all written ────────┴────────────────────────┘
        └── the Space has ended, and its last part is written (or 10 s have passed) ──▶ done
"""

from __future__ import annotations

from typing import Final

from parvis.archive.lane import Lane
from parvis.archive.sequences import Range
from parvis.bus.messages import ArchiveMessage
from parvis.media.rendition import Rendition

BEHIND_AFTER_S: Final = 2.0
SETTLED_PARTS: Final = 3
"""A part that is missing this far behind the newest will not come by itself."""
END_PATIENCE_S: Final = 10.0
"""How long after the end of a Space its last parts may come."""


class Recording:
    """Owned by the recorder's loop."""

    def __init__(self, space: str, limit_parts: int) -> None:
        self.space = space
        self._limit_parts = limit_parts
        self.lanes: dict[str, Lane] = {}
        self.trouble = ""
        """Why the disk refused, or empty."""
        self.ended_since_s: float | None = None
        self.done = False

    def lane(self, name: str) -> Lane:
        """The lane of this name, made now if there is none."""
        if name not in self.lanes:
            self.lanes[name] = Lane(self._limit_parts)
        return self.lanes[name]

    @property
    def waiting_parts(self) -> int:
        """Parts that are only in memory, all lanes together."""
        return sum(lane.waiting_parts for lane in self.lanes.values())

    def state(self, now_s: float) -> str:
        """As published: see the drawing above. `now_s` is monotonic time."""
        if self.done:
            return "done"
        if self.trouble:
            return "failing"
        oldest_s = [lane.oldest_s for lane in self.lanes.values() if lane.oldest_s is not None]
        return "behind" if oldest_s and now_s - min(oldest_s) > BEHIND_AFTER_S else "recording"

    def is_complete(self, last_sequence: int | None, now_s: float, *, hopes: bool) -> bool:
        """Nothing more will come: all is written, and the last part is there or overdue.

        `hopes` says that the bus may still fill a hole.
        """
        if self.ended_since_s is None or self.waiting_parts:
            return False
        if now_s - self.ended_since_s > END_PATIENCE_S:
            return True
        if hopes:
            return False
        renditions = [self.lanes.get(rendition) for rendition in Rendition]
        return last_sequence is not None and all(
            lane is not None and last_sequence in lane.parts for lane in renditions
        )

    def holes(self, newest_parts: int, last_sequence: int | None) -> list[Range]:
        """What is missing among the newest parts of its renditions; of an ended Space, up to its last."""
        found: list[Range] = []
        known = [lane.parts for name, lane in self.lanes.items() if name in list(Rendition)]
        newest = max((parts.last for parts in known if parts.last is not None), default=None)
        if newest is None:
            return []
        end = newest - SETTLED_PARTS
        if self.ended_since_s is not None and last_sequence is not None:
            end = last_sequence
        for parts in known:
            if parts.first is not None:
                found += parts.missing(max(parts.first, newest - newest_parts), end)
        return found

    def message(self, now_s: float) -> ArchiveMessage:
        """What the bus is told."""
        recorded = lost = 0
        for rendition in Rendition:
            lane = self.lanes.get(rendition)
            if lane is None:
                continue
            parts = lane.parts
            recorded = max(recorded, len(parts))
            if parts.first is not None and parts.last is not None:
                holes = parts.missing(parts.first, parts.last)
                lost = max(lost, sum(last - first + 1 for first, last in holes))
        return ArchiveMessage(
            self.space, self.state(now_s), recorded, lost, self.waiting_parts, detail=self.trouble
        )
