"""Whoever a host has blocked asks and writes nothing where that person is host.

Not a ban: it is the host's own affair, is in no log, and goes with the host: where somebody else is host, it
means nothing. Who has a seat there was invited, and may write.
"""

from __future__ import annotations

from parvis.errors import Refused
from parvis.spaces.port import SpaceRecords
from parvis.spaces.seat import Person
from parvis.spaces.space import Space


async def check_not_blocked(records: SpaceRecords, space: Space, asker: Person) -> None:
    """Raises `Refused` `blocked`."""
    if space.seat_of(asker.account_id) is not None:
        return
    if await records.has_blocked(space.host.person.account_id, asker.account_id):
        raise Refused("blocked", "The host of this Space has blocked you.")
