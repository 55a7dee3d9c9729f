"""The use cases of hands: raising, asking how it stands, lowering; screening, calling and declining.

A hand changes no Space until it is called, so fifty thousand of them lock and announce nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parvis.clock import Clock
from parvis.errors import Conflict
from parvis.spaces import hand as rules
from parvis.spaces.blocked import check_not_blocked
from parvis.spaces.changes import Changes, found
from parvis.spaces.hand import HandState, Line, Query, Standing
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.port import Announcer, SpaceRecords, SpaceStore
from parvis.spaces.port_manners import Talk
from parvis.spaces.seat import Person, Role
from parvis.spaces.space import Space
from parvis.spaces.terms import HandsMode


@dataclass(frozen=True, slots=True)
class Raised:
    """A hand in its line; `new` says that it was not raised before."""

    standing: Standing
    new: bool


class Hands(Changes):
    """`asker` is the person who asks, already known to be who it says."""

    def __init__(self, store: SpaceStore, announcer: Announcer, clock: Clock, talk: Talk) -> None:
        super().__init__(store, announcer, clock)
        self._talk = talk

    async def raise_hand(self, space_id: str, note: str, asker: Person) -> Raised:
        """A raised hand; raised already, it only says another note.

        Raises `UserError` `input-invalid`, `Refused` `banned`, `blocked`, `Conflict` `space-ended`,
        `already-seated`, `hands-closed`, `NotFound` `space-unknown`.
        """
        hand = rules.new_hand(space_id, asker, note, self._now_ms())

        async def work(records: SpaceRecords) -> tuple[Raised, Sequence[Space]]:
            space = await found(records, space_id)
            await records.account(asker.handle)  # held: the same account does not come in between
            await check_not_banned(records, space_id, asker)
            await check_not_blocked(records, space, asker)
            space.check_open()
            if space.seat_of(asker.account_id) is not None:
                raise Conflict("already-seated", "You have a seat: there is nothing to ask for.")
            before = await records.hand_of(space_id, asker.account_id)
            again = before is not None and before.is_raised
            if not again and space.terms.hands is HandsMode.CLOSED:
                raise Conflict("hands-closed", "No hands are taken now.")
            kept = replace(before, note=hand.note) if before is not None and again else hand
            await records.keep_hand(kept)
            return Raised(await records.standing(kept), not again), ()

        return await self._transact(work, tell=lambda _: self._talk.hands_changed(space_id))

    async def mine(self, space_id: str, asker: Person) -> Standing:
        """How the asker's hand stands.

        Raises `Refused` `banned`, `NotFound` `hand-unknown`, `space-unknown`.
        """
        async with self._store.read_spaces() as records:
            await check_not_banned(records, space_id, asker)
            hand = await records.hand_of(space_id, asker.account_id)
            if hand is None:
                await found(records, space_id)
                raise rules.unknown()
            return await records.standing(hand)

    async def lower_mine(self, space_id: str, asker: Person) -> None:
        """Not raised any more. Raises `NotFound` `hand-unknown`, `space-unknown`."""

        async def work(records: SpaceRecords) -> tuple[None, Sequence[Space]]:
            await found(records, space_id)
            if await records.hand_of(space_id, asker.account_id) is None:
                raise rules.unknown()
            await records.lower_hands(space_id, asker.account_id)
            return None, ()

        await self._transact(work, tell=lambda _: self._talk.hands_changed(space_id))

    async def line(self, space_id: str, query: Query, limit: int, asker: Person) -> Line:
        """A page of those that are raised. Raises `Refused`, `NotFound` `space-unknown`."""
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            check_may(space.standing_of(asker.account_id), Act.TAKE_HANDS)
            return await records.line(space_id, query, limit)

    async def decide(
        self, space_id: str, hand_id: str, asker: Person, *, screened: bool | None, state: HandState | None
    ) -> Standing:
        """Screens, declines, or calls: then its owner has a speaker's seat.

        Raises `Refused`, `NotFound` `hand-unknown`, `Conflict` `hand-over`, `stage-full`, `stage-locked`,
        `space-ended`.
        """

        async def work(records: SpaceRecords) -> tuple[Standing, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.TAKE_HANDS)
            hand = await records.hand(space_id, hand_id)
            if hand is None:
                raise rules.unknown()
            # Held, in the order in which whoever raises it does: its owner does not come in between.
            account = await records.account(hand.person.handle)
            hand = await records.hand(space_id, hand_id) or hand
            space.check_open()
            changed = space
            if screened is not None:
                hand = replace(hand, screened=screened)
            if state is not None:
                hand = hand.decide(state)
                if state is HandState.CALLED:
                    if account is None or account.suspension is not None:
                        raise Conflict("hand-over", "This account can't take a seat now.")
                    changed = space.seat_person(hand.person, Role.SPEAKER, self._now_ms())
                act = "hand-called" if state is HandState.CALLED else "hand-declined"
                await records.add_entry(self._entry(space_id, asker, act, hand.person.handle))
            await records.keep_hand(hand)
            if changed is not space:
                await records.save(changed)
            return await records.standing(hand), (changed,) if changed is not space else ()

        return await self._transact(work, tell=lambda _: self._talk.hands_changed(space_id))

    async def lower_all(self, space_id: str, asker: Person) -> int:
        """Empties the line; how many were in it. Raises `Refused`, `NotFound` `space-unknown`."""

        async def work(records: SpaceRecords) -> tuple[int, Sequence[Space]]:
            space = await found(records, space_id)
            check_may(space.standing_of(asker.account_id), Act.TAKE_HANDS)
            lowered = await records.lower_hands(space_id)
            if lowered:
                entry = self._entry(space_id, asker, "hands-lowered")
                await records.add_entry(replace(entry, details={"hands": lowered}))
            return lowered, ()

        return await self._transact(work, tell=lambda _: self._talk.hands_changed(space_id))

    async def counts(self, space_id: str) -> tuple[int, int]:
        """How many are raised, and how many of these are screened."""
        async with self._store.read_spaces() as records:
            return await records.hand_counts(space_id)


async def check_not_banned(records: SpaceRecords, space_id: str, asker: Person) -> None:
    """Raises `Refused` `banned`."""
    ban = await records.ban_of(space_id, asker.account_id)
    if ban is not None:
        raise ban.refusal()
