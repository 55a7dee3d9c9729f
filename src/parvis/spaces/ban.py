"""A ban: one account may not raise a hand, write, or take a seat in one Space any more. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from parvis.errors import NotFound, Refused


@dataclass(frozen=True, slots=True)
class Ban:
    """Who, why, by whom (a handle), when (Unix milliseconds)."""

    space_id: str
    account_id: str
    handle: str
    display_name: str
    reason: str
    by: str
    at_ms: int

    def refusal(self) -> Refused:
        """What the banned one is told."""
        return Refused("banned", f"You are banned from this Space: {self.reason}")


def unknown() -> NotFound:
    """Nobody of that handle is banned here."""
    return NotFound("ban-unknown", "Nobody of this handle is banned from this Space.")
