"""Invitations: a secret code that is worth a seat, a number of times, for a time.

- Only a hash of the code is kept.
- One to a handle is worth a seat to that account alone, and once. Its code is its id: it need be no secret.
- It counts while its Space is open, its time has not come and it has uses left. To the holder all other
  reasons look alike: `invitation-invalid`.
- Who was removed from the stage does not come back with an invitation from before that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from parvis.errors import NotFound, Refused, UserError
from parvis.spaces.seat import Person, Role
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
    for_account: str | None = None
    """Who alone may spend it; None: whoever has the code."""

    def spend(self, space: Space, account_id: str, now_ms: int) -> Invitation:
        """The invitation with one use less. Raises `Refused` `invitation-invalid`."""
        removed_at_ms = next(
            (s.left_at_ms for s in space.seats if s.person.account_id == account_id and s.removed), None
        )
        if (
            self.space_id != space.id
            or self.uses_left < 1
            or self.for_account not in (None, account_id)
            or now_ms >= self.expires_at_ms
            or (removed_at_ms is not None and self.created_at_ms <= removed_at_ms)
        ):
            raise invalid()
        return replace(self, uses_left=self.uses_left - 1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An invitation to a handle that has not been answered, as the invited person sees it."""

    invitation: Invitation
    space: Space
    by: Person


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation that still counts, as those see it who may take it back. `to` None: it is a link."""

    invitation: Invitation
    by: Person
    to: Person | None


def mark(space_id: str, handle: str) -> str:
    """Two hexadecimal digits, by FNV-1a, that the invited person knows, and one in 256 of all others: the
    crowd is told that somebody is invited, and not who."""
    found = 0x811C9DC5
    for byte in f"{space_id}:{handle}".encode():
        found = ((found ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{(found ^ found >> 16) & 0xFF:02x}"


def unknown() -> NotFound:
    """There is no such invitation, or not to whom asks."""
    return NotFound("invitation-unknown", "There is no such invitation.")


def invalid() -> Refused:
    """The one error for every invitation that does not count."""
    return Refused("invitation-invalid", "This invitation is not valid, or no longer.")


def check_terms(role: Role, uses: int, expires_in_s: int, *, named: bool = False) -> None:
    """Raises `UserError` `input-invalid`."""
    if role is Role.HOST:
        raise UserError("input-invalid", "role: one can be invited as speaker or co-host.")
    if not 1 <= uses <= USES_MAX:
        raise UserError("input-invalid", f"uses: 1 to {USES_MAX} are allowed.")
    if named and uses != 1:
        raise UserError("input-invalid", "uses: an invitation to a handle is for one use.")
    if not EXPIRES_MIN_S <= expires_in_s <= EXPIRES_MAX_S:
        raise UserError("input-invalid", f"expires_in_s: {EXPIRES_MIN_S} to {EXPIRES_MAX_S} are allowed.")
