"""When everything happens, in seconds after the first listener came. Pure arithmetic.

::

    0          live            full                                     ends
    │ green room │ they come     │ calm │ fault ─ fault ─ … ─ fault │ calm │
    └ three fifths arrive ┘ └ the rest ┘

A fault gets at least the room that it needs (`ROOM_S`); what is left over is spread between them. A fault
with a second of its own comes then, or when the one before it is over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from parvis.errors import UserError
from parvis.storm.rehearsal.script import Act, Fault

TURN_S: Final = 3.0
"""How long a speaker speaks before the next."""
GREEN_ROOM_S: Final = 8.0
"""Beside a turn for each speaker."""
EARLY_SHARE: Final = 0.6
"""Of the crowd, who is there before it begins."""
CALM_S: Final = 5.0
ROUNDING_S: Final = 1e-6
DEFAULT_MINUTES: Final = 2.0
MOST_MINUTES: Final = 24 * 60.0

ROOM_S: Final = {
    Act.HOST_DROPS: 8.0,
    Act.SUCCESSION: 15.0,
    Act.STAGE_KILLED: 12.0,
    Act.STAGES_KILLED: 18.0,
    Act.EDGE_KILLED: 10.0,
    Act.CONTROL_KILLED: 10.0,
    Act.HERD: 8.0,
    Act.HANDOFF: 14.0,
}


@dataclass(frozen=True, slots=True)
class Timeline:
    """`faults` have their seconds; `full_s` is when everybody has come."""

    live_s: float
    full_s: float
    faults: tuple[tuple[float, Fault], ...]
    ends_s: float

    @property
    def arrive(self) -> str:
        """When the crowd comes, as `Curve.parse` reads it."""
        return f"0:0,{self.live_s:g}:{EARLY_SHARE},{self.full_s:g}:1"

    @classmethod
    def of(cls, faults: tuple[Fault, ...], speakers: int, minutes: float | None) -> Timeline:
        """Plans so many minutes; without, `DEFAULT_MINUTES`, or as many as the faults need.

        Raises `UserError` `rehearsal-too-short` or `rehearsal-too-long`.
        """
        live_s = GREEN_ROOM_S + TURN_S * speakers
        seconds = DEFAULT_MINUTES * 60 if minutes is None else minutes * 60
        if seconds > MOST_MINUTES * 60:
            raise UserError("rehearsal-too-long", f"a rehearsal takes at most {MOST_MINUTES:,.0f} minutes")
        least_s = _least_s(faults, live_s, seconds)
        if least_s > seconds and minutes is not None:
            least = math.ceil(least_s / 6) / 10
            raise UserError(
                "rehearsal-too-short", f"this takes {least:g} minutes at least; say --minutes {least:g}"
            )
        seconds = max(seconds, least_s)
        full_s = _full_s(live_s, seconds)
        own_times = any(fault.at_s is not None for fault in faults)  # who names them knows what comes when
        spare_s = (seconds - least_s) / len(faults) if faults and not own_times else 0.0
        return cls(live_s, full_s, tuple(_place(faults, full_s + CALM_S, live_s, spare_s)[0]), seconds)


def _full_s(live_s: float, seconds: float) -> float:
    """When the last of the crowd comes."""
    return live_s + min(max(seconds / 10, 2.0), 300.0)


def _least_s(faults: tuple[Fault, ...], live_s: float, seconds: float) -> float:
    """How long these faults take in a rehearsal of so many seconds, or of so many more as they take then."""
    while True:
        need_s = _place(faults, _full_s(live_s, seconds) + CALM_S, live_s, 0.0)[1] + CALM_S
        if need_s <= seconds + ROUNDING_S:
            return need_s
        seconds = need_s


def _place(
    faults: tuple[Fault, ...], begin_s: float, live_s: float, spare_s: float
) -> tuple[list[tuple[float, Fault]], float]:
    """((when, what) of each fault, when the last one has had its room)."""
    placed, at_s = [], begin_s
    for fault in faults:
        if fault.at_s is not None:
            at_s = max(at_s, live_s + fault.at_s)
        placed.append((at_s, fault))
        at_s += ROOM_S[fault.act] + spare_s
    return placed, at_s
