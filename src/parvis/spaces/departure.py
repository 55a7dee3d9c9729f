"""When somebody's name changes, or an account goes: what its Spaces do.

- A new name is told in every open Space where the account has a seat.
- Who goes leaves every stage, and is no Space's successor, captioner or monitor any more. A Space that it
  hosts goes on with whoever is there: the first co-host, else a speaker (`succession.candidates`), on air
  only one who is connected; if nobody is there, it ends.
- All in one transaction: there is no account without an owner and no Space without a host in between.
- An operator can't go: that role is taken away first, on the machine itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

from parvis.clock import Clock
from parvis.errors import Refused
from parvis.people.account import DELETED, Account
from parvis.spaces import succession
from parvis.spaces.changes import Changes, found
from parvis.spaces.log import Entry
from parvis.spaces.port import Announcer, SpaceRecords, SpaceStore
from parvis.spaces.seat import Role
from parvis.spaces.seen import Seen
from parvis.spaces.space import Space, State

_SHELL: Final = "gone_"


class Departures(Changes):
    """`seen` tells what the stage says of a Space now, `peak` how many listened at most."""

    def __init__(
        self,
        store: SpaceStore,
        announcer: Announcer,
        clock: Clock,
        seen: Callable[[str], Seen],
        peak: Callable[[str], int],
    ) -> None:
        super().__init__(store, announcer, clock)
        self._seen = seen
        self._peak = peak

    async def tell_again(self, account_id: str) -> None:
        """The name or the picture of somebody has changed: its open Spaces say so."""

        async def work(records: SpaceRecords) -> tuple[None, list[Space]]:
            told = [space.told_again() for space in await records.open_with_seat(account_id)]
            for space in told:
                await records.save(space)
            return None, told

        await self._transact(work)

    async def export(self, account: Account) -> dict[str, list[dict[str, Any]]]:
        """Everything that is kept about an account, by table."""
        async with self._store.read_spaces() as records:
            return await records.everything_about(account)

    async def depart(self, account: Account) -> None:
        """The account goes, for good. Raises `Refused` `forbidden` for operators."""
        if account.operator:
            raise Refused("forbidden", "An operator can't go; that role is taken away first.")

        async def work(records: SpaceRecords) -> tuple[None, list[Space]]:
            now_ms = self._now_ms()
            concerned = await records.ended_with_seat(account.id)
            for space in await records.open_with_seat(account.id):
                concerned.append(space.id)
                await self._leave(records, space, account, now_ms)
            for space_id in await records.naming(account.handle):
                concerned.append(space_id)
                await found(records, space_id, lock=True)
            await records.close_account(account, _SHELL + secrets.token_hex(6), now_ms)
            told = []
            for space_id in sorted(set(concerned)):
                # Read anew: it is called otherwise now.
                space = (await found(records, space_id, lock=True)).told_again()
                await records.save(space)
                told.append(space)
            await records.add_entry(Entry(None, now_ms, DELETED, "account-deleted"))
            return None, told

        await self._transact(work)

    async def _leave(self, records: SpaceRecords, space: Space, account: Account, now_ms: int) -> None:
        space = space.with_monitors(tuple(m for m in space.monitors if m.person.account_id != account.id))
        seat = space.seat_of(account.id)
        if seat is None:
            await records.save(space)
            return
        seen = self._seen(space.id)
        if seat.role is not Role.HOST:
            left = succession.step(space.unseat(seat, now_ms, removed=False), seen, now_ms)
            entry = Entry(space.id, now_ms, account.handle, "left", account.handle)
        elif followers := succession.candidates(space, seen):
            left = space.pass_on(followers[0], now_ms, removed=False)
            entry = Entry(space.id, now_ms, account.handle, "host-passed-on", left.host.person.handle)
        else:
            left = space.end(now_ms, self._peak(space.id))
            entry = Entry(space.id, now_ms, account.handle, "ended")
        if left.state is State.ENDED:
            await records.drop_invitations(space.id)
        await records.save(left)
        await records.add_entry(entry)
