"""What listeners are told beside the sound: the events of docs/protocol.md §3, part by part.

Rules:

- State and speakers are said on change and each 32 parts, counts at most each 6 parts, levels in each part in
  which somebody is heard and once after.
- What belongs to the green room stays there: before the stage is on air, nobody is told who is connected, nor
  how loud.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parvis.bus.messages import SpaceMessage
from parvis.media.events import Event

EVENT_PERIOD_PARTS: Final = 32
"""State and speakers are said again this often, for listeners who missed the change."""
COUNTS_PERIOD_PARTS: Final = 6


class Bulletin:
    """What has been said in one program. Owned by one room."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[Event, int]] = {}
        self._quiet = True

    def begin(self) -> None:
        """A program begins: nobody has heard anything yet."""
        self._said.clear()

    def events(
        self,
        sequence: int,
        *,
        state: Event,
        speakers: list[dict[str, object]],
        listeners: int,
        levels: Mapping[str, int],
        active: str | None,
    ) -> list[Event]:
        """The events of part `sequence`. `levels` are 0…100 by handle, `active` the active speaker."""
        new = [*self._again(sequence, state), *self._again(sequence, Event.of("stage", speakers=speakers))]
        if sequence % COUNTS_PERIOD_PARTS == 0:
            new += self._again(sequence, Event.of("counts", listeners=listeners))
        heard = {handle: level for handle, level in levels.items() if level > 0}
        if heard or not self._quiet:
            new.append(Event.of("levels", levels=heard, active=active if heard else None))
        self._quiet = not heard
        return new

    def _again(self, sequence: int, event: Event) -> list[Event]:
        before = self._said.get(event.type)
        if before is not None and before[0] == event and sequence - before[1] < EVENT_PERIOD_PARTS:
            return []
        self._said[event.type] = event, sequence
        return [event]


def state_event(wanted: SpaceMessage, state: str, reason: str | None) -> Event:
    """How the Space is now; `reason` is a code of docs/protocol.md §3 or None."""
    # An edge that restarts while control is away knows by this whether a pass is needed.
    shown = {"visibility": wanted.visibility} if wanted.visibility == "members" else {}
    return Event.of(
        "state", state=state, title=wanted.title, reason=reason, starts_at=wanted.starts_at, **shown
    )
