"""The board: the desired state of every Space that matters now, in memory and on the bus.

Control never commands: after each change it publishes what the Space should be, and stages and edges make it
so. Retained, so that who comes late needs nothing else. A Space that is over stays for a day, for edges must
say so to who comes late; then it is forgotten, unless its audience was handed off: its share link leads there
for ever.
"""

from __future__ import annotations

from typing import Final

from parvis.api.live import LiveState
from parvis.api.views import space_message
from parvis.bus.port import Publisher
from parvis.clock import Clock
from parvis.spaces.handoff import Handoff, HandoffState, in_force
from parvis.spaces.port import SpaceStore
from parvis.spaces.space import OPEN_STATES, Space

ENDED_KEPT_MS: Final = 86_400_000


class Board:
    """Implements `parvis.spaces.port.Announcer`."""

    def __init__(self, bus: Publisher, live: LiveState, clock: Clock) -> None:
        self._bus = bus
        self._live = live
        self._clock = clock
        self._spaces: dict[str, Space] = {}
        self._stirring: set[str] = set()
        self._changed: dict[str, Space] = {}
        self._coming: dict[str, dict[str, Handoff]] = {}
        """Handoffs into a Space, by their ids."""

    def announce(self, space: Space) -> None:
        """Publishes a Space, unless something newer has been."""
        current = self._spaces.get(space.id)
        if current is not None and current.revision >= space.revision:
            return
        self._spaces[space.id] = self._changed[space.id] = space
        (self._stirring.add if stirs(space) else self._stirring.discard)(space.id)
        message = space_message(space)
        self._bus.publish(message.subject, message.encode(), retain=1)
        self._live.wake(space.id)
        for handoff in space.handoffs:
            if handoff.to_id is not None:
                self._coming.setdefault(handoff.to_id, {})[handoff.id] = handoff
                self._live.wake(handoff.to_id)

    async def restore(self, store: SpaceStore) -> None:
        """Publishes all that matters, at start."""
        async with store.read_spaces() as records:
            spaces = await records.to_publish(self._now_ms() - ENDED_KEPT_MS)
        for space in spaces:
            self.announce(space)

    def get(self, space_id: str) -> Space | None:
        """The newest state of a Space, if it matters now."""
        return self._spaces.get(space_id)

    def handoffs_of(self, space_id: str) -> list[Handoff]:
        """All handoffs of a Space and into it, in the order in which they were asked for."""
        space = self._spaces.get(space_id)
        own = {handoff.id: handoff for handoff in space.handoffs} if space is not None else {}
        return sorted((own | self._coming.get(space_id, {})).values(), key=lambda h: (h.asked_at_ms, h.id))

    def title_of(self, space_id: str) -> str:
        """What a Space is called; its id when it has been forgotten."""
        space = self._spaces.get(space_id)
        return space.title if space is not None else space_id

    def open(self) -> list[Space]:
        """All Spaces that are not over."""
        return [space for space in self._spaces.values() if space.state in OPEN_STATES]

    def stirring(self) -> set[str]:
        """Ids of Spaces for which something may be due though no stage speaks of them."""
        return set(self._stirring)

    def take_changed(self) -> list[Space]:
        """Spaces that were announced since this was asked last."""
        changed, self._changed = self._changed, {}
        return list(changed.values())

    def all(self) -> list[Space]:
        """All Spaces on the board."""
        return list(self._spaces.values())

    def clear_old(self) -> None:
        """Forgets what has been over for a day, here and on the bus, unless it leads on or has a replay."""
        before_ms = self._now_ms() - ENDED_KEPT_MS
        for space in self.all():
            over = space.ended_at_ms is not None and space.ended_at_ms < before_ms
            if over and in_force(space) is None and not space.recorded:
                del self._spaces[space.id]
                self._coming.pop(space.id, None)
                self._bus.forget(f"space.{space.id}")
                self._bus.forget(f"standby.{space.id}")

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)


def stirs(space: Space) -> bool:
    """Whether something may be due for this Space without a word from a stage (`spaces/upkeep.py`): it is on
    air, ends by itself, or its host is asked for a handoff. What a plan asks for follows a stage's word."""
    if space.state not in OPEN_STATES:
        return False
    asked = any(handoff.state is HandoffState.ASKED for handoff in space.handoffs)
    return space.is_on_air or asked or space.ends_at_ms is not None or space.acting_id is not None
