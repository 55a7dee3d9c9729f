"""Who follows whom, and who has blocked whom.

- A block ends the follows between two accounts, both ways; who is blocked can't follow (`403 blocked`).
- Whoever has blocked a person is that person's host nowhere: `is_blocked` is asked where somebody raises a
  hand or writes in a Space.
- Nobody is told that they are blocked but by what is refused.
- Who is suspended is unknown to others, as they are in lists: no profile, and nobody to follow. What one had
  to do with them can still be undone.
"""

from __future__ import annotations

from dataclasses import dataclass

from parvis.clock import Clock
from parvis.errors import NotFound, Refused, UserError
from parvis.people.account import Account, is_handle
from parvis.people.port import Counts, PeopleRecords, PeopleStore, Relation


@dataclass(frozen=True, slots=True)
class Profile:
    """An account as somebody else, or nobody, sees it."""

    account: Account
    counts: Counts
    followed: bool
    blocked: bool


class Relations:
    """`asker_id` is the account who asks."""

    def __init__(self, store: PeopleStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def profile(self, handle: str, asker_id: str | None) -> Profile:
        """Raises `NotFound` `account-unknown`."""
        async with self._store.read_people() as people:
            account = await _shown(people, handle)
            counts = await people.counts(account.id)
            if asker_id is None:
                return Profile(account, counts, followed=False, blocked=False)
            followed = await people.follows(asker_id, account.id)
            blocked = await people.blocks(asker_id, account.id)
        return Profile(account, counts, followed, blocked)

    async def follow(self, asker_id: str, handle: str) -> None:
        """Raises `NotFound` `account-unknown`, `Refused` `blocked`, `UserError` `input-invalid`."""
        async with self._store.write_people() as people:
            other = await _other(people, asker_id, handle)
            await _shown(people, handle)
            if await people.blocks(other.id, asker_id):
                raise Refused("blocked", "You can't follow this account.")
            await people.follow(asker_id, other.id, self._now_ms())

    async def unfollow(self, asker_id: str, handle: str) -> None:
        """Raises `NotFound` `account-unknown`."""
        async with self._store.write_people() as people:
            await people.unfollow(asker_id, (await _named(people, handle)).id)

    async def following(self, asker_id: str) -> list[Relation]:
        """Whom one follows, the newest first; nobody who is suspended."""
        async with self._store.read_people() as people:
            return await people.following(asker_id)

    async def block(self, asker_id: str, handle: str) -> None:
        """Raises `NotFound` `account-unknown`, `UserError` `input-invalid`."""
        async with self._store.write_people() as people:
            other = await _other(people, asker_id, handle)
            await people.block(asker_id, other.id, self._now_ms())
            await people.unfollow(asker_id, other.id)
            await people.unfollow(other.id, asker_id)

    async def unblock(self, asker_id: str, handle: str) -> None:
        """Raises `NotFound` `account-unknown`."""
        async with self._store.write_people() as people:
            await people.unblock(asker_id, (await _named(people, handle)).id)

    async def blocked(self, asker_id: str) -> list[Relation]:
        """Whom one has blocked, the newest first."""
        async with self._store.read_people() as people:
            return await people.blocked_by(asker_id)

    async def is_blocked(self, blocker_id: str, other_id: str) -> bool:
        """Whether an account has blocked another, both by their ids."""
        async with self._store.read_people() as people:
            return await people.blocks(blocker_id, other_id)

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)


async def _named(people: PeopleRecords, handle: str) -> Account:
    account = await people.account_named(handle) if is_handle(handle) else None
    if account is None:
        raise _unknown()
    return account


def _unknown() -> NotFound:
    return NotFound("account-unknown", "Nobody has this handle.")


async def _shown(people: PeopleRecords, handle: str) -> Account:
    """Raises `NotFound` `account-unknown`, for who is suspended, too."""
    account = await _named(people, handle)
    if account.suspension is not None:
        raise _unknown()
    return account


async def _other(people: PeopleRecords, asker_id: str, handle: str) -> Account:
    account = await _named(people, handle)
    if account.id == asker_id:
        raise UserError("input-invalid", "handle: this is your own account.")
    return account
