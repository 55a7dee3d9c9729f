"""The use cases of invitations that are out: who is invited reads and declines them, hosts take them back.

Making one and spending it is in `service.py`, for that changes seats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from parvis.spaces import invitation as rules
from parvis.spaces.changes import Changes, found
from parvis.spaces.invitation import Sent, Waiting
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.port import SpaceRecords
from parvis.spaces.seat import Person, Role
from parvis.spaces.space import Space

_MOST: Final = 100


class Invitations(Changes):
    """`asker` is the person who asks, already known to be who it says."""

    async def mine(self, asker: Person) -> list[Waiting]:
        """What the asker is invited to, the newest first."""
        async with self._store.read_spaces() as records:
            waiting = await records.waiting(asker.account_id, self._now_ms(), _MOST)
        return [one for one in waiting if _is_worth_something(one, asker)]

    async def decline(self, invitation_id: str, asker: Person) -> None:
        """The asker does not come. Raises `NotFound` `invitation-unknown`."""
        async with self._store.write_spaces() as records:
            waiting = await records.waiting(asker.account_id, self._now_ms(), _MOST)
            if invitation_id not in {one.invitation.id for one in waiting}:
                raise rules.unknown()
            await records.drop_invitation(invitation_id)

    async def sent(self, space_id: str, asker: Person) -> list[Sent]:
        """Those of a Space that still count. Raises `Refused`, `NotFound` `space-unknown`."""
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            check_may(space.standing_of(asker.account_id), Act.INVITE)
            return await records.sent(space_id, self._now_ms(), _MOST)

    async def revoke(self, space_id: str, invitation_id: str, asker: Person) -> None:
        """It counts no more. Raises `Refused`, `NotFound` `space-unknown`, `invitation-unknown`."""

        async def work(records: SpaceRecords) -> tuple[None, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.INVITE)
            sent = await records.sent(space_id, self._now_ms(), _MOST)
            one = next((one for one in sent if one.invitation.id == invitation_id), None)
            if one is None:
                raise rules.unknown()
            await records.drop_invitation(invitation_id)
            whom = one.to.handle if one.to is not None else None
            await records.add_entry(self._entry(space_id, asker, "invitation-revoked", whom))
            return None, ()

        await self._transact(work)


def _is_worth_something(waiting: Waiting, asker: Person) -> bool:
    """Not to somebody who has come to as good a seat by another way."""
    seat = waiting.space.seat_of(asker.account_id)
    return seat is None or (seat.role is Role.SPEAKER and waiting.invitation.role is not Role.SPEAKER)
