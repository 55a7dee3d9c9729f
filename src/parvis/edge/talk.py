"""What was written lately, for those who come: the last messages that an edge heard in the parts.

A newcomer without an account asks its edge, never control: the crowd touches edges only. What was deleted is
not told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from parvis.media.events import Event

KEPT_MESSAGES: Final = 50
TYPES: Final = frozenset(("chat", "chat-back", "chat-gone"))


class RecentTalk:
    """One Space's, oldest first."""

    def __init__(self) -> None:
        self._messages: dict[str, Mapping[str, Any]] = {}

    def hear(self, events: Iterable[Event]) -> bool:
        """The events of a part; whether something has changed."""
        changed = False
        for event in events:
            if event.type in TYPES:
                self._take(event.type, event.fields())
                changed = True
        return changed

    def messages(self) -> list[Mapping[str, Any]]:
        """At most `KEPT_MESSAGES`, as they were told."""
        return list(self._messages.values())

    def _take(self, type: str, fields: Mapping[str, Any]) -> None:
        if type != "chat-gone":
            key = str(fields.get("id"))
            back = type == "chat-back" and key not in self._messages
            self._messages[key] = {name: value for name, value in fields.items() if name != "type"}
            if back:  # where it was: ids grow with time
                self._messages = dict(sorted(self._messages.items(), key=lambda item: _order(item[0])))
            while len(self._messages) > KEPT_MESSAGES:
                del self._messages[next(iter(self._messages))]
        elif fields.get("id") is not None:
            self._messages.pop(str(fields["id"]), None)
        else:
            by = fields.get("by")
            self._messages = {key: one for key, one in self._messages.items() if one.get("by") != by}


def _order(key: str) -> tuple[int, str]:
    return (int(key) if key.isascii() and key.isdigit() else 0), key
