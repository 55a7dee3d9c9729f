"""The use cases of bans. One transaction takes the seat, the hand, the messages, the passes and the way back.

Edges are told who is banned: they let go whoever showed them a badge of theirs (`badge.py`), or comes by a
pass that they hold. Who listens anonymously to a public Space can't be told from anybody else, and is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parvis.clock import Clock
from parvis.errors import Conflict, NotFound, UserError
from parvis.people.account import is_handle
from parvis.spaces import ban as rules
from parvis.spaces import succession
from parvis.spaces.ban import Ban
from parvis.spaces.changes import Changes, found
from parvis.spaces.entry_pass import Pass, VoidReason
from parvis.spaces.hands import check_not_banned
from parvis.spaces.log import check_reason
from parvis.spaces.passes import PassAnnouncer
from parvis.spaces.permissions import Act, check_may, check_may_take_away
from parvis.spaces.port import Announcer, SpaceRecords, SpaceStore
from parvis.spaces.port_manners import Talk
from parvis.spaces.seat import Person
from parvis.spaces.seen import UNSEEN, Seen
from parvis.spaces.space import Space


@dataclass(frozen=True, slots=True)
class Banned:
    """A ban; `new` says that it was not there before. `messages` were deleted with it, `passes` are void."""

    ban: Ban
    new: bool
    messages: int
    all_banned: frozenset[str]
    passes: tuple[Pass, ...] = ()


class Bans(Changes):
    """`asker` is the person who asks, already known to be who it says."""

    def __init__(
        self, store: SpaceStore, announcer: Announcer, clock: Clock, talk: Talk, passes: PassAnnouncer
    ) -> None:
        super().__init__(store, announcer, clock)
        self._talk = talk
        self._passes = passes

    async def ban(
        self, space_id: str, handle: str, reason: str, asker: Person, seen: Seen = UNSEEN
    ) -> Banned:
        """The account is out of this Space. Banned already, the first reason stands.

        Raises `UserError` `input-invalid`, `Refused`, `NotFound` `space-unknown`, `account-unknown`,
        `Conflict` `host-must-stay`, `space-ended`.
        """
        reason = check_reason(reason)

        async def work(records: SpaceRecords) -> tuple[Banned, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            mine = space.standing_of(asker.account_id)
            check_may(mine, Act.BAN)
            account = await records.account(handle) if is_handle(handle) else None
            if account is None:
                raise NotFound("account-unknown", "Nobody has this handle.")
            space.check_open()
            if account.id == space.host.person.account_id:
                raise Conflict("host-must-stay", "The host can't be banned from its own Space.")
            if account.id == asker.account_id:
                raise UserError("input-invalid", "handle: nobody bans themselves.")
            check_may_take_away(mine, space.standing_of(account.id))
            before = await records.ban_of(space_id, account.id)
            if before is not None:
                return Banned(before, False, 0, await _banned(records, space_id)), ()
            now_ms = self._now_ms()
            ban = Ban(space_id, account.id, handle, account.display_name, reason, asker.handle, now_ms)
            await records.add_ban(ban)
            await records.lower_hands(space_id, account.id)
            await records.drop_invitations_to(space_id, account.id)
            deleted = await records.delete_messages_of(space_id, account.id, now_ms, asker.account_id)
            void = [
                replace(held, void_at_ms=now_ms, void_reason=VoidReason.BANNED)
                for held in await records.held_passes(space_id, account.id)
            ]
            for held in void:
                await records.set_pass_void(held.id, now_ms, VoidReason.BANNED)
            await records.add_entry(self._entry(space_id, asker, "banned", handle, reason))
            changed = _without(space, account.id, handle, seen, now_ms)
            if changed is not space:
                await records.save(changed)
            banned = Banned(ban, True, deleted, await _banned(records, space_id), tuple(void))
            return banned, (changed,) if changed is not space else ()

        return await self._transact(work, tell=self._tell)

    async def lift(self, space_id: str, handle: str, asker: Person) -> None:
        """The account may come back as anybody may. Raises `Refused`, `NotFound` `space-unknown`,
        `ban-unknown`."""

        async def work(records: SpaceRecords) -> tuple[frozenset[str], Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.BAN)
            if not await records.drop_ban(space_id, handle):
                raise rules.unknown()
            await records.add_entry(self._entry(space_id, asker, "ban-lifted", handle))
            return await _banned(records, space_id), ()

        await self._transact(work, tell=lambda banned: self._talk.bans_changed(space_id, banned))

    async def all(self, space_id: str, asker: Person) -> list[Ban]:
        """Who is banned, newest first. Raises `Refused`, `NotFound` `space-unknown`."""
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            check_may(space.standing_of(asker.account_id), Act.BAN)
            return await records.bans(space_id)

    async def has(self, space_id: str, account_id: str) -> bool:
        """Whether an account is banned from a Space."""
        async with self._store.read_spaces() as records:
            return await records.ban_of(space_id, account_id) is not None

    async def check(self, space_id: str, asker: Person) -> None:
        """Raises `Refused` `banned`."""
        async with self._store.read_spaces() as records:
            await check_not_banned(records, space_id, asker)

    async def restore(self) -> None:
        """Says who is banned where, at start."""
        async with self._store.read_spaces() as records:
            banned = await records.banned_accounts()
        for space_id, account_ids in banned.items():
            self._talk.bans_changed(space_id, frozenset(account_ids))

    def _tell(self, banned: Banned) -> None:
        space_id = banned.ban.space_id
        self._talk.bans_changed(space_id, banned.all_banned)
        for held in banned.passes:
            self._passes.announce_pass(held)
        self._talk.hands_changed(space_id)
        if banned.messages:
            self._talk.say(space_id, "chat-gone", id=None, by=banned.ban.handle)


def _without(space: Space, account_id: str, handle: str, seen: Seen, now_ms: int) -> Space:
    """The Space without what an account had in it."""
    seat = next((seat for seat in space.taken if seat.person.account_id == account_id), None)
    if seat is not None:
        # Who acted as host and is gone is followed at once, not with the stage's next word.
        space = succession.step(space.unseat(seat, now_ms, removed=True), seen, now_ms)
    if space.pinned is not None and space.pinned.by == handle:
        space = space.pin(None)
    return space.with_monitors(tuple(m for m in space.monitors if m.person.account_id != account_id))


async def _banned(records: SpaceRecords, space_id: str) -> frozenset[str]:
    return frozenset(ban.account_id for ban in await records.bans(space_id))
