"""A seat: one account's place on the stage of one Space, its role and its mutes.

Two mutes that don't touch each other: the owner's own and the host's. Sound is heard when neither is set.

- The owner sets and clears its own. Nobody else can clear it: a host never opens another's microphone.
- A host or co-host sets and clears the host's. The owner can't, unless it is the host.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from parvis.errors import Refused


class Role(StrEnum):
    """What one may do in a Space; the rules are in `permissions.py`."""

    HOST = "host"
    CO_HOST = "co-host"
    SPEAKER = "speaker"


class MutedBy(StrEnum):
    """Whose mute keeps a seat silent; the host's comes first."""

    SELF = "self"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Person:
    """Who sits there, as others see it; `avatar` names their picture. `operator`, who runs this Parvis, is
    known only of who asks."""

    account_id: str
    handle: str
    display_name: str
    operator: bool = field(default=False, compare=False)
    avatar: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat. Times are Unix milliseconds; `removed` says that somebody else took the seat away,
    `suspended` that its owner's account is: the seat stays, but is not on stage meanwhile."""

    person: Person
    role: Role
    taken_at_ms: int
    muted_by_self: bool = False
    muted_by_host: bool = False
    left_at_ms: int | None = None
    removed: bool = False
    suspended: bool = False

    @property
    def muted_by(self) -> MutedBy | None:
        """Who keeps it silent, or None."""
        if self.muted_by_host:
            return MutedBy.HOST
        return MutedBy.SELF if self.muted_by_self else None

    def mute_own(self) -> Seat:
        """The owner is silent."""
        return replace(self, muted_by_self=True)

    def unmute_own(self, *, acts_as_host: bool = False) -> Seat:
        """The owner speaks again. Raises `Refused` `muted-by-host`."""
        if acts_as_host or self.role is Role.HOST:
            return replace(self, muted_by_self=False, muted_by_host=False)
        if self.muted_by_host:
            raise Refused("muted-by-host", "The host muted this seat; only the host can unmute it.")
        return replace(self, muted_by_self=False)

    def mute_by_host(self) -> Seat:
        """A host or co-host silences somebody else."""
        return replace(self, muted_by_host=True)

    def unmute_by_host(self) -> Seat:
        """A host or co-host takes its mute away. Raises `Refused` `muted-by-self`."""
        if not self.muted_by_host and self.muted_by_self:
            raise Refused("muted-by-self", "Its owner muted this seat; nobody else can open a microphone.")
        return replace(self, muted_by_host=False)
