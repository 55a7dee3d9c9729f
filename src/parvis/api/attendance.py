"""Tells edges what they can't know by themselves: the most who listened to a Space at once, and how many
have.

Once a second each Space that is not over and has changed, or has listeners, is looked at; what has changed is
told, retained, and stands as long as the Space is on the board.
"""

from __future__ import annotations

from collections.abc import Iterable

from parvis.api.live import LiveState
from parvis.api.views import counts_out
from parvis.bus.audience import AttendanceMessage
from parvis.bus.port import Publisher
from parvis.spaces.space import Space


class Attendance:
    """Owned by control's loop."""

    def __init__(self, bus: Publisher, live: LiveState) -> None:
        self._bus = bus
        self._live = live
        self._told: dict[str, AttendanceMessage] = {}

    def look(self, spaces: Iterable[Space]) -> None:
        """Tells what has changed of these Spaces."""
        for space in spaces:
            counts = counts_out(space, self._live)
            message = AttendanceMessage(space.id, counts.peak_listeners, counts.total_listeners)
            if counts.peak_listeners and message != self._told.get(space.id):
                self._told[space.id] = message
                self._bus.publish(message.subject, message.encode(), retain=1)

    def keep_only(self, space_ids: frozenset[str]) -> None:
        """Takes back what was told of others."""
        for space_id in [space_id for space_id in self._told if space_id not in space_ids]:
            del self._told[space_id]
            self._bus.forget(f"attendance.{space_id}")
