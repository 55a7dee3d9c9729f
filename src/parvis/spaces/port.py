"""What the domain needs kept and told: declared here, implemented in `parvis.store` and `parvis.api`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from parvis.spaces.invitation import Invitation
from parvis.spaces.space import Space, State


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ended: the newest come first, by `created_at_ms`, then by id."""

    created_at_ms: int
    space_id: str


class SpaceRecords(Protocol):
    """Spaces and invitations inside one transaction."""

    async def add(self, space: Space) -> None: ...

    async def get(self, space_id: str, *, lock: bool = False) -> Space | None:
        """The Space with all its seats. With `lock` nobody else changes it until the transaction ends."""

    async def save(self, space: Space) -> None:
        """Writes what a Space and its seats have become."""

    async def page(
        self, states: Sequence[State], seated_account_id: str | None, after: Place | None, limit: int
    ) -> list[Space]:
        """At most `limit` Spaces after a place; with an account only those where it has a seat."""

    async def to_publish(self, ended_since_ms: int) -> list[Space]:
        """All Spaces that are not over, and those that have been since a time."""

    async def note_peak(self, space_id: str, peak_listeners: int) -> None:
        """Raises the peak of a Space, never lowers it."""

    async def count_by_state(self) -> dict[State, int]: ...

    async def add_invitation(self, invitation: Invitation) -> None: ...

    async def invitation(self, code_hash: str) -> Invitation | None: ...

    async def set_uses(self, invitation_id: str, uses_left: int) -> None: ...

    async def drop_invitations(self, space_id: str) -> None: ...


class SpaceStore(Protocol):
    """Opens transactions: what was done in a `write` is kept when its block ends well, else undone."""

    def read_spaces(self) -> AbstractAsyncContextManager[SpaceRecords]: ...

    def write_spaces(self) -> AbstractAsyncContextManager[SpaceRecords]: ...


class Announcer(Protocol):
    """Told of every change once it is kept, in order."""

    def announce(self, space: Space) -> None: ...
