"""The go-live clock: whether a Space has a program now, and whether the stage is in it.

::

    green room ──5 min before──▶ waiting ──starts_at, and somebody there──▶ on air
         └───────────────── control says "live" ──────────────────────────────▲

- *Green room*: no program. All hear each other, nobody else hears anything.
- *Waiting*: the program runs with the standby sound, so that who comes early is connected. The stage is not
  in it.
- *On air*: the stage is in the program. It is never taken back, except by the end of the Space: nobody is cut
  off because control thought again, or does not answer.

At `starts_at` the stage opens by itself, in the tick of 20 ms that holds that moment, if the host (or who
acts as host) is connected. If not, `if_absent` says who else may open it, and when:

========== ================================================================================
hold       the host or a co-host, as soon as one is connected
acting     anybody with a seat, as soon as one is connected
postpone   nobody: it stays closed until control says another time, or "live"
========== ================================================================================

With `postpone`, a stage that was not there at `starts_at` still opens for a host: another stage may have
opened at that second, and control has not spoken since.

A Space that nobody comes to does not cost for ever: an hour after its time, with nobody connected and nobody
listening, its program ends. Whoever comes then begins a new one.

Everything is counted in ticks of program time, so it needs no clock and no control.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parvis.bus.messages import SpaceMessage
from parvis.clock import TICK_MS
from parvis.errors import RemoteProtocolError

LEAD_TICKS: Final = 5 * 60_000 // TICK_MS
"""How long before `starts_at` the program runs."""
PATIENCE_TICKS: Final = 60 * 60_000 // TICK_MS
"""How long after `starts_at` it waits when nobody is there at all."""


@dataclass(frozen=True, slots=True)
class Airing:
    """What is sent now. `has_program`: parts are made; `on_air`: the stage is in them. `reason` is a code of
    docs/protocol.md §3 for why a Space that is due waits, or None."""

    has_program: bool
    on_air: bool
    reason: str | None = None


GREEN_ROOM: Final = Airing(has_program=False, on_air=False)
ON_AIR: Final = Airing(has_program=True, on_air=True)


class GoLiveClock:
    """Decides tick by tick. Owned by one room. `on_air`: another stage had opened it already."""

    def __init__(self, *, on_air: bool = False) -> None:
        self._airing = ON_AIR if on_air else GREEN_ROOM
        self._last: int | None = None
        self._missed: int | None = None

    def at(
        self, number: int, wanted: SpaceMessage, connected: Mapping[str, str], listeners: Callable[[], int]
    ) -> Airing:
        """What is sent in tick `number`. `connected` are the handles that are, with their roles; `listeners`
        how many listen at all edges."""
        before, self._last = self._last, number
        self._airing = self._decide(number, before, wanted, connected, listeners)
        return self._airing

    def _decide(
        self,
        number: int,
        before: int | None,
        wanted: SpaceMessage,
        connected: Mapping[str, str],
        listeners: Callable[[], int],
    ) -> Airing:
        if wanted.state == "ended":
            return GREEN_ROOM
        if self._airing.on_air or wanted.state in ("live", "held"):
            return ON_AIR
        due = due_tick(wanted)
        if due is None or number < due - LEAD_TICKS:
            # Who waits already is not sent away because the time was moved.
            return Airing(self._airing.has_program and listeners() > 0, on_air=False)
        if number < due:
            return Airing(has_program=True, on_air=False)
        if self._may_open(number, due, before, wanted, connected):
            return ON_AIR
        forsaken = not connected and number >= due + PATIENCE_TICKS and not listeners()
        reason = "postponed" if wanted.if_absent == "postpone" else "waiting-for-host"
        return Airing(not forsaken, on_air=False, reason=reason)

    def _may_open(
        self, number: int, due: int, before: int | None, wanted: SpaceMessage, connected: Mapping[str, str]
    ) -> bool:
        present = "host" in connected.values() or wanted.acting_host in connected
        if wanted.if_absent == "postpone":
            if before is not None and before < due <= number and not present:
                self._missed = due
            return present and self._missed != due
        if wanted.if_absent == "acting":
            return bool(connected)
        return present or "co-host" in connected.values()


def due_tick(wanted: SpaceMessage) -> int | None:
    """The tick that holds `starts_at`, if the Space shall open by itself.

    Raises `RemoteProtocolError` `bus-payload` when `starts_at` is no time.
    """
    if not wanted.auto_start or wanted.starts_at is None:
        return None
    try:
        return round(datetime.fromisoformat(wanted.starts_at).timestamp() * 1000) // TICK_MS
    except ValueError as error:
        raise RemoteProtocolError("bus-payload", f"starts_at: {error}") from error
