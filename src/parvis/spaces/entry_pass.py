"""A pass: what lets listeners into a Space for members.

- A host or co-host makes it. It is a link that may be passed on: `uses` is how many may listen by it at once.
- It is good until it expires, is revoked, or is void because more listened by it than it is for
  (`OVER_FOR_S` long, over all edges together). What is void stays void.
- Handed to one account, or made for one listener and shown by somebody who is signed in, it is *held* by that
  account, and void as soon as that is banned.
- What it says is in `pass_text.py`, signed; what became of it is in the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from parvis.errors import NotFound, UserError

USES_MAX: Final = 10_000
EXPIRES_MIN_S: Final = 60
EXPIRES_MAX_S: Final = 31_536_000
LABEL_MAX: Final = 60
PASSES_MAX: Final = 1_000
"""Of one Space."""
OVER_FOR_S: Final = 10.0
"""Who reconnects is counted twice for a moment: that voids no pass."""


class VoidReason(StrEnum):
    """Why a pass is good no more."""

    REVOKED = "revoked"
    SHARED = "shared"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Pass:
    """As above. Times are Unix milliseconds; `expires_at_ms` None: as long as the Space. `held_by` is the
    account to which it was handed, if that is known: who is banned takes it along."""

    id: str
    space_id: str
    label: str
    uses: int
    created_at_ms: int
    expires_at_ms: int | None
    created_by: str
    void_at_ms: int | None = None
    void_reason: VoidReason | None = None
    held_by: str | None = None

    @property
    def is_void(self) -> bool:
        """Revoked, or shared too widely."""
        return self.void_at_ms is not None


def check_terms(uses: int, expires_in_s: int | None) -> None:
    """Raises `UserError` `input-invalid`."""
    if not 1 <= uses <= USES_MAX:
        raise UserError("input-invalid", f"uses: 1 to {USES_MAX} are allowed.")
    if expires_in_s is not None and not EXPIRES_MIN_S <= expires_in_s <= EXPIRES_MAX_S:
        raise UserError("input-invalid", f"expires_in_s: {EXPIRES_MIN_S} to {EXPIRES_MAX_S} are allowed.")


def unknown() -> NotFound:
    """There is no such pass in this Space."""
    return NotFound("pass-unknown", "This Space has no such pass.")
