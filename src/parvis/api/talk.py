"""What is told of hands, chat and bans once it is kept: to the stages by the bus, and to open studios.

- Numbers grow over restarts, for they begin with the time: a stage can tell old from new.
- A studio gets the last events of a Space whole, and knows by their numbers which it has seen. They are kept
  in memory only: what was said before is in the database.
- How many hands are raised is asked of the database when somebody wants to know, at most once after each
  change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from parvis.api.live import LiveState
from parvis.api.times import rfc3339
from parvis.bus.manners import TALK_RETAINED, BanMessage, TalkMessage
from parvis.bus.port import Publisher
from parvis.clock import Clock

STUDIO_EVENTS: Final = 20


class BusTalk:
    """Implements `parvis.spaces.port_manners.Talk`."""

    def __init__(self, bus: Publisher, live: LiveState, clock: Clock) -> None:
        self._bus = bus
        self._live = live
        self._clock = clock
        self._number = 0
        self._recent: dict[str, deque[dict[str, Any]]] = {}
        self._hands_version: dict[str, int] = {}
        self._banned: set[str] = set()
        """Spaces of which bans are retained on the bus."""

    def say(self, space_id: str, type: str, **fields: object) -> None:
        """One event, for the program and the studio. `at_ms` among the fields is shown as `at`."""
        now_ms = int(self._clock.wall_s() * 1000)
        self._number = max(self._number + 1, now_ms * 1000)
        at_ms = fields.pop("at_ms", None)
        event = {"type": type, **fields}
        if isinstance(at_ms, int):
            event["at"] = rfc3339(at_ms)
        message = TalkMessage(space_id, self._number, now_ms, event)
        self._bus.publish(message.subject, message.encode(), retain=TALK_RETAINED)
        recent = self._recent.setdefault(space_id, deque(maxlen=STUDIO_EVENTS))
        recent.append({"number": self._number, **event})
        self._live.wake(space_id)

    def hands_changed(self, space_id: str) -> None:
        """Somebody raised or lowered a hand."""
        self._hands_version[space_id] = self._hands_version.get(space_id, 0) + 1
        self._live.wake(space_id)

    def bans_changed(self, space_id: str, account_ids: frozenset[str]) -> None:
        """All who are banned now."""
        self._banned.add(space_id)
        message = BanMessage(space_id, tuple(sorted(account_ids)))
        self._bus.publish(message.subject, message.encode(), retain=1)

    def recent(self, space_id: str) -> list[Mapping[str, Any]]:
        """The last events, oldest first, each with its `number`."""
        return list(self._recent.get(space_id, ()))

    def hands_version(self, space_id: str) -> int:
        """Grows with each change of a line."""
        return self._hands_version.get(space_id, 0)

    def keep_only(self, space_ids: frozenset[str]) -> None:
        """Forgets what concerns other Spaces, here and on the bus."""
        for space_id in [s for s in self._recent if s not in space_ids]:
            del self._recent[space_id]
            self._bus.forget(f"talk.{space_id}")
        for space_id in [s for s in self._banned if s not in space_ids]:
            self._banned.discard(space_id)
            self._bus.forget(f"ban.{space_id}")
        self._hands_version = {s: n for s, n in self._hands_version.items() if s in space_ids}
