"""Monitors: accounts that the host lets listen at stage delay, without a seat.

- The host names them by their handles, at most `MONITORS_MAX`. They need not be on stage.
- A suspended account stays on the list, and may do nothing meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parvis.errors import UserError
from parvis.spaces.seat import Person

MONITORS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Monitor:
    """An account that may listen; `suspended` says that it may do nothing now."""

    person: Person
    suspended: bool = False


def check_monitor_handles(handles: tuple[str, ...]) -> None:
    """Raises `UserError` `input-invalid`."""
    if len(handles) > MONITORS_MAX or len(set(handles)) < len(handles):
        raise UserError("input-invalid", f"monitors: at most {MONITORS_MAX} different handles.")
