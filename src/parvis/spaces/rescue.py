"""Suspending an account, and what its Spaces do then: they go on.

- A suspended account's seats are off the stage at once, in all its open Spaces; where it was host, somebody
  acts as host in the same transaction.
- *Rescue*: a co-host or acting host of a Space whose host is suspended becomes host for good, or hands the
  audience off. One act; the audience stays where it is, or goes where it is led.
- An operator can't be suspended: that role is taken away first, on the machine itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parvis.clock import Clock
from parvis.errors import Conflict, NotFound, Refused
from parvis.people.account import Account, Suspension, is_handle
from parvis.spaces import succession
from parvis.spaces.changes import Changes, found
from parvis.spaces.handoff import Handoff
from parvis.spaces.handoffs import Handoffs, Wish
from parvis.spaces.log import Entry, check_reason
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.port import Announcer, SpaceRecords, SpaceStore
from parvis.spaces.seat import Person
from parvis.spaces.seen import Seen
from parvis.spaces.space import Space

RESCUED: Final = "The host can't go on."


@dataclass(frozen=True, slots=True)
class Rescued:
    """What a rescue led to: the Space, and the handoff if there is one."""

    space: Space
    handoff: Handoff | None


class Rescues(Changes):
    """`seen` tells what the stage says of a Space now."""

    def __init__(
        self,
        store: SpaceStore,
        announcer: Announcer,
        clock: Clock,
        handoffs: Handoffs,
        seen: Callable[[str], Seen],
    ) -> None:
        super().__init__(store, announcer, clock)
        self._handoffs = handoffs
        self._seen = seen

    async def suspend(self, handle: str, reason: str, asker: Person) -> Suspension:
        """The account can't sign in or act. Raises `Refused` `forbidden`, `NotFound` `account-unknown`,
        `UserError` `input-invalid`. Suspended twice, the first reason stands."""
        reason = check_reason(reason)
        _check_operator(asker)

        async def work(records: SpaceRecords) -> tuple[Suspension, list[Space]]:
            account = await _account(records, handle)
            if account.operator:
                raise Refused("forbidden", "An operator can't be suspended; that role is taken away first.")
            if account.suspension is not None:
                return account.suspension, []
            suspension = Suspension(reason, self._now_ms(), asker.handle)
            await records.set_suspension(account.id, suspension)
            entry = self._entry(None, asker, "account-suspended", handle, reason)
            return suspension, await self._told(records, account.id, entry)

        return await self._transact(work)

    async def lift(self, handle: str, asker: Person) -> None:
        """The account may do again what it might. Raises `Refused`, `NotFound` `account-unknown`."""
        _check_operator(asker)

        async def work(records: SpaceRecords) -> tuple[None, list[Space]]:
            account = await _account(records, handle)
            if account.suspension is None:
                return None, []
            await records.set_suspension(account.id, None)
            entry = self._entry(None, asker, "suspension-lifted", handle)
            return None, await self._told(records, account.id, entry)

        return await self._transact(work)

    async def rescue(self, space_id: str, asker: Person, wish: Wish | None) -> Rescued:
        """The asker is host for good, or with a wish the audience is handed off.

        Raises `Refused`, `Conflict` `space-ended`, `host-not-suspended`, and what a handoff raises.
        """

        async def work(records: SpaceRecords) -> tuple[Rescued, list[Space]]:
            if wish is not None:
                _check_rescue(await found(records, space_id), asker)
                handoff, changed = await self._handoffs.hand_off_within(records, space_id, wish, asker)
                return Rescued(changed[0], handoff), changed
            space = await found(records, space_id, lock=True)
            _check_rescue(space, asker)
            old = space.host.person.handle
            mine = space.seat_named(asker.handle)
            changed_space = space.pass_on(mine, self._now_ms(), removed=True)
            await records.save(changed_space)
            await records.add_entry(self._entry(space_id, asker, "rescued", old, RESCUED))
            return Rescued(changed_space, None), [changed_space]

        return await self._transact(work)

    async def _told(self, records: SpaceRecords, account_id: str, entry: Entry) -> list[Space]:
        """Every open Space in which the account has a seat, as it is now; kept, with the entry in its log."""
        told = []
        for space in await records.open_with_seat(account_id):
            now = succession.step(space.told_again().checked_acting(), self._seen(space.id), self._now_ms())
            await records.save(now)
            told.append(now)
        for space_id in (None, *(space.id for space in told)):
            await records.add_entry(
                Entry(space_id, entry.at_ms, entry.by, entry.act, entry.whom, entry.reason)
            )
        return told


async def _account(records: SpaceRecords, handle: str) -> Account:
    account = await records.account(handle) if is_handle(handle) else None
    if account is None:
        raise NotFound("account-unknown", "Nobody has this handle.")
    return account


def _check_operator(asker: Person) -> None:
    if not asker.operator:
        raise Refused("forbidden", "Only an operator may do this.")


def _check_rescue(space: Space, asker: Person) -> None:
    check_may(space.standing_of(asker.account_id), Act.RESCUE)
    space.check_open()
    if not space.host.suspended:
        raise Conflict("host-not-suspended", "The host of this Space is not suspended.")
