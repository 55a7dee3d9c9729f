"""The use case of badges: who is signed in gets one for a Space, to show to an edge (`badge.py`)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis.clock import Clock
from parvis.errors import Refused
from parvis.spaces import badge, pass_text
from parvis.spaces.badge import Badge
from parvis.spaces.changes import found
from parvis.spaces.hands import check_not_banned
from parvis.spaces.port import SpaceStore
from parvis.spaces.seat import Person


class Badges:
    """`asker` is the person who asks, already known to be who it says, and to may be in the Space."""

    def __init__(self, store: SpaceStore, clock: Clock, key: Ed25519PrivateKey) -> None:
        self._store = store
        self._clock = clock
        self._key = key

    async def give(self, space_id: str, asker: Person, *, seen: bool, shown_pass: str) -> tuple[str, int]:
        """The text of a badge and when it expires (Unix seconds). A pass for one listener that is shown
        beside it is the asker's from now on.

        Raises `NotFound` `space-unknown`, `UserError` `space-ended`, `Refused` `banned`.
        """
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            await check_not_banned(records, space_id, asker)
        space.check_open()
        if shown_pass:
            await self._hold(space_id, asker, shown_pass)
        expires_at_s = int(self._clock.wall_s()) + badge.LASTS_S
        return badge.sign(Badge(asker.account_id, space_id, seen, expires_at_s), self._key), expires_at_s

    async def _hold(self, space_id: str, asker: Person, shown_pass: str) -> None:
        try:
            claims = pass_text.read(shown_pass, self._key.public_key())
        except Refused:
            return
        if claims.uses != 1 or claims.space_id != space_id:
            return
        async with self._store.write_spaces() as records:
            await check_not_banned(records, space_id, asker)
            await records.hold_pass(claims.pass_id, asker.account_id)
