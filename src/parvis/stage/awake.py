"""Which open Spaces need a stage now. The others are only known of: a Space that is announced costs nothing.

A Space needs a stage

- while it is live or held, or a stage has said that it is on air;
- from a minute before its program may begin until an hour after its time (`clockwork.py`), and as long after
  that as somebody listens;
- for a minute after somebody came for it: control called (`CallMessage`), or somebody has sound there.

Pure. Ticks are those of program time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from parvis.bus.messages import SpaceMessage
from parvis.clock import TICK_MS, Clock
from parvis.stage.clockwork import LEAD_TICKS, PATIENCE_TICKS, due_tick

AHEAD_TICKS: Final = LEAD_TICKS + 60_000 // TICK_MS
CALLED_FOR_S: Final = 60.0


class Awake:
    """What one stage knows of the need for one. `listeners` is how many listen to a Space at all edges."""

    def __init__(self, clock: Clock, listeners: Callable[[str], int]) -> None:
        self._clock = clock
        self._listeners = listeners
        self._due: dict[str, int] = {}
        """The tick at which a Space opens by itself."""
        self._coming: list[tuple[int, str]] = []
        """A heap of the ticks from which Spaces need a stage. Some are out of date."""
        self._called_s: dict[str, float] = {}
        self._on_air: set[str] = set()

    def know(self, message: SpaceMessage) -> None:
        """What control wants. Raises `RemoteProtocolError` `bus-payload`."""
        due = due_tick(message)
        if due is None:
            self._due.pop(message.id, None)
        elif self._due.get(message.id) != due:
            self._due[message.id] = due
            if due - AHEAD_TICKS > self._now():
                heapq.heappush(self._coming, (due - AHEAD_TICKS, message.id))

    def forget(self, space: str) -> None:
        """It is over."""
        self._due.pop(space, None)
        self._called_s.pop(space, None)
        self._on_air.discard(space)

    def call(self, space: str) -> None:
        """Somebody comes for it, or is there."""
        self._called_s[space] = self._clock.monotonic_s()

    def note_on_air(self, space: str) -> None:
        """A stage said so; control may not have heard it yet."""
        self._on_air.add(space)

    def is_on_air(self, space: str) -> bool:
        """Whether a stage said so."""
        return space in self._on_air

    def needs(self, message: SpaceMessage) -> bool:
        """Whether this Space needs a stage now."""
        if message.state in ("live", "held") or message.id in self._on_air:
            return True
        if self._clock.monotonic_s() - self._called_s.get(message.id, float("-inf")) < CALLED_FOR_S:
            return True
        due, now = self._due.get(message.id), self._now()
        if due is None or now < due - AHEAD_TICKS:
            return False
        return now < due + PATIENCE_TICKS or self._listeners(message.id) > 0

    def come(self) -> list[str]:
        """Spaces whose time has come near since this was asked last; perhaps some that were put off since.
        Forgets calls that are past."""
        now, now_s, found = self._now(), self._clock.monotonic_s(), []
        while self._coming and self._coming[0][0] <= now:
            found.append(heapq.heappop(self._coming)[1])
        self._called_s = {s: at_s for s, at_s in self._called_s.items() if now_s - at_s < CALLED_FOR_S}
        return found

    def _now(self) -> int:
        return int(self._clock.program_s() * 1000) // TICK_MS
