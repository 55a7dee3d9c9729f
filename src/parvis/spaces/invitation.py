"""Invitations: a secret code that is worth a seat, a number of times, for a time.

- Only a hash of the code is kept.
- It counts while its Space is open, its time has not come and it has uses left. To the holder all other
  reasons look alike: `invitation-invalid`.
- Who was removed from the stage does not come back with an invitation from before that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from parvis.errors import Refused, UserError
from parvis.spaces.seat import Role
from parvis.spaces.space import Space

USES_MAX: Final = 100
EXPIRES_MIN_S: Final = 60
EXPIRES_MAX_S: Final = 2_592_000
DEFAULT_EXPIRES_S: Final = 604_800


@dataclass(frozen=True, slots=True)
class Invitation:
    """One invitation as it is kept. Times are Unix milliseconds."""

    id: str
    space_id: str
    code_hash: str
    role: Role
    uses_left: int
    created_at_ms: int
    expires_at_ms: int
    created_by: str

    def spend(self, space: Space, account_id: str, now_ms: int) -> Invitation:
        """The invitation with one use less. Raises `Refused` `invitation-invalid`."""
        removed_at_ms = next(
            (s.left_at_ms for s in space.seats if s.person.account_id == account_id and s.removed), None
        )
        if (
            self.space_id != space.id
            or self.uses_left < 1
            or now_ms >= self.expires_at_ms
            or (removed_at_ms is not None and self.created_at_ms <= removed_at_ms)
        ):
            raise invalid()
        return replace(self, uses_left=self.uses_left - 1)


def invalid() -> Refused:
    """The one error for every invitation that does not count."""
    return Refused("invitation-invalid", "This invitation is not valid, or no longer.")


def check_terms(role: Role, uses: int, expires_in_s: int) -> None:
    """Raises `UserError` `input-invalid`."""
    if role is Role.HOST:
        raise UserError("input-invalid", "role: one can be invited as speaker or co-host.")
    if not 1 <= uses <= USES_MAX:
        raise UserError("input-invalid", f"uses: 1 to {USES_MAX} are allowed.")
    if not EXPIRES_MIN_S <= expires_in_s <= EXPIRES_MAX_S:
        raise UserError("input-invalid", f"expires_in_s: {EXPIRES_MIN_S} to {EXPIRES_MAX_S} are allowed.")
