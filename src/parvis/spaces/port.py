"""What the domain needs kept and told: declared here, implemented in `parvis.store` and `parvis.api`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from parvis.people.account import Account, Suspension
from parvis.spaces.entry_pass import Pass, VoidReason
from parvis.spaces.handoff import HandoffCode
from parvis.spaces.invitation import Invitation, Sent, Waiting
from parvis.spaces.log import Entry
from parvis.spaces.monitor import Monitor
from parvis.spaces.port_manners import MannersRecords
from parvis.spaces.space import Space, State


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ended: the newest come first, by `created_at_ms`, then by id."""

    created_at_ms: int
    space_id: str


class SpaceRecords(MannersRecords, Protocol):
    """Spaces and invitations inside one transaction."""

    async def add(self, space: Space) -> None: ...

    async def get(self, space_id: str, *, lock: bool = False) -> Space | None:
        """The Space with all its seats. With `lock` nobody else changes it until the transaction ends."""

    async def save(self, space: Space) -> None:
        """Writes what a Space, its seats and its handoffs have become."""

    async def page(
        self, states: Sequence[State], seated_account_id: str | None, after: Place | None, limit: int
    ) -> list[Space]:
        """At most `limit` Spaces after a place; with an account those where it has a seat, else public."""

    async def count_open(self, account_id: str) -> int:
        """Of how many Spaces that are not over an account is host."""

    async def of_host(self, account_id: str, since_ms: int, limit: int) -> list[Space]:
        """At most `limit` Spaces of a host that were announced for a time since `since_ms`, last first."""

    async def relist_host(self, account_id: str) -> None:
        """The host has another name: its Spaces are found by that from now on."""

    async def to_publish(self, ended_since_ms: int) -> list[Space]:
        """All Spaces that are not over, those that have been since a time, and those handed off for good."""

    async def note_peak(self, space_id: str, peak_listeners: int) -> None:
        """Raises the peak of a Space, never lowers it."""

    async def note_joined(self, space_id: str, joined: Mapping[str, int]) -> None:
        """How many have begun to listen, by who counted them; the total is their sum."""

    async def joined(self) -> Mapping[str, Mapping[str, int]]:
        """The same by Space, of those that are not over."""

    async def count_by_state(self) -> dict[State, int]: ...

    async def add_invitation(self, invitation: Invitation) -> None: ...

    async def invitation(self, code_hash: str) -> Invitation | None: ...

    async def set_uses(self, invitation_id: str, uses_left: int) -> None: ...

    async def drop_invitations(self, space_id: str) -> None: ...

    async def drop_invitation(self, invitation_id: str) -> None: ...

    async def drop_invitations_to(self, space_id: str, account_id: str) -> None:
        """Those that name an account."""

    async def waiting(self, account_id: str, now_ms: int, limit: int) -> list[Waiting]:
        """Invitations to an account that still count, the newest first; none by whom it has blocked."""

    async def sent(self, space_id: str, now_ms: int, limit: int) -> list[Sent]:
        """Invitations of a Space that still count, the newest first."""

    async def handoff_from(self, handoff_id: str) -> str | None:
        """The Space that a handoff leads away from."""

    async def add_handoff_code(self, code: HandoffCode) -> None: ...

    async def handoff_code(self, code_hash: str) -> HandoffCode | None: ...

    async def set_handoff_code_used(self, code_id: str, used_at_ms: int) -> None: ...

    async def add_entry(self, entry: Entry) -> None:
        """Writes an entry of the log; its `id` is given here."""

    async def entries(self, space_id: str | None, before_id: int | None, limit: int) -> list[Entry]:
        """At most `limit` entries of a Space's log, or of what concerns none, that are older than an id,
        newest first."""

    async def add_pass(self, made: Pass) -> None: ...

    async def count_passes(self, space_id: str) -> int: ...

    async def passes(self, space_id: str) -> list[Pass]:
        """All of a Space, the newest first."""

    async def open_passes(self) -> list[Pass]:
        """All passes of Spaces that are not over."""

    async def pass_(self, pass_id: str) -> Pass | None: ...

    async def hold_pass(self, pass_id: str, account_id: str) -> None:
        """It is this account's from now on, unless it is somebody's."""

    async def held_passes(self, space_id: str, account_id: str) -> list[Pass]:
        """Those of one account in a Space that are not void."""

    async def set_pass_void(self, pass_id: str, void_at_ms: int, reason: VoidReason) -> None: ...

    async def account(self, handle: str) -> Account | None: ...

    async def unknown_handles(self, handles: Sequence[str]) -> list[str]:
        """Those of `handles` that nobody has."""

    async def monitors_named(self, handles: Sequence[str]) -> list[Monitor]:
        """Those of `handles` that somebody has, as monitors, in that order."""

    async def set_suspension(self, account_id: str, suspension: Suspension | None) -> None: ...

    async def open_with_seat(self, account_id: str) -> list[Space]:
        """All Spaces that are not over in which an account has a seat or is a monitor, locked."""

    async def has_blocked(self, blocker_id: str, other_id: str) -> bool:
        """Whether an account has blocked another."""

    # An account as a whole (`departure.py`).

    async def cover_used(self, cover: str) -> bool:
        """Whether any Space, over or not, shows this picture."""

    async def hosted(self, account_id: str, limit: int) -> list[Space]:
        """The public Spaces of a host, the newest first."""

    async def everything_about(self, account: Account) -> dict[str, list[dict[str, Any]]]:
        """Every row that refers to an account, by table, without secrets."""

    async def naming(self, handle: str) -> list[str]:
        """The ids of all Spaces that name somebody as successor or captioner, or show a message of theirs."""

    async def ended_with_seat(self, account_id: str) -> list[str]:
        """The ids of all ended Spaces in which an account had a seat."""

    async def close_account(self, account: Account, shell: str, now_ms: int) -> None:
        """Leaves of an account its id, under the handle `shell`."""


class SpaceStore(Protocol):
    """Opens transactions: what was done in a `write` is kept when its block ends well, else undone."""

    def read_spaces(self) -> AbstractAsyncContextManager[SpaceRecords]: ...

    def write_spaces(self) -> AbstractAsyncContextManager[SpaceRecords]: ...


class Announcer(Protocol):
    """Told of every change once it is kept, in order."""

    def announce(self, space: Space) -> None: ...
