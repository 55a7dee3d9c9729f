"""Who speaks, for receivers that are told by one line of text (`StreamTitle` of ICY).

Rules:

- The line is `Names - Title`: receivers take what stands before the hyphen for the artist. While nobody
  speaks it is the title alone.
- Named are those who were the active speaker within the last `KEPT_PARTS`, in the order in which they began,
  `NAMES_MAX` at most: who only breathes in between does not take the line from anybody.
- An edge knows both from the events in the parts (`stage`, `levels`), and asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from parvis.media.events import Event

KEPT_PARTS: Final = 16
"""5.12 s."""
NAMES_MAX: Final = 3


class Speaking:
    """One Space's."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._active: dict[str, int] = {}
        """By handle: the last part in which it was the active speaker. In the order in which they began."""

    def hear(self, sequence: int, events: Iterable[Event]) -> None:
        """The events of a part, which may be none: who spoke long ago is forgotten."""
        for event in events:
            if event.type not in ("stage", "levels"):
                continue
            fields = event.fields()
            if event.type == "stage":
                self._names = {
                    str(one.get("handle")): str(one.get("display_name") or one.get("handle"))
                    for one in fields.get("speakers", ())
                }
            elif event.type == "levels" and fields.get("active") is not None:
                self._active[str(fields["active"])] = sequence
        self._active = {who: last for who, last in self._active.items() if sequence - last < KEPT_PARTS}

    def line(self, title: str) -> str:
        """What is on."""
        names = [self._names[handle] for handle in self._active if handle in self._names]
        return f"{', '.join(names[:NAMES_MAX])} - {title}" if names else title
