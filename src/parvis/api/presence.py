"""A few of those who chose to be seen, by what edges say, under the names that they have now.

- Edges tell ids of accounts, a sample of each (`bus/audience.py`). Of all these a sample is named, and looked
  up at most every 2 s a Space, however many ask.
- Whoever is suspended, deleted or banned is not named, though a stream may still be on its way out.
- An edge that has been silent for 5 s is gone, and so are its listeners.
"""

from __future__ import annotations

import random
from typing import Final

from parvis.api.live import FRESH_S
from parvis.bus.audience import SAMPLE, AudienceMessage
from parvis.clock import Clock
from parvis.people.account import Account
from parvis.store.database import Database

LOOK_S: Final = 2.0


class Presence:
    """Owned by control's loop."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._said: dict[str, tuple[AudienceMessage, float]] = {}
        """By edge, with the monotonic time at which it was said."""
        self._named: dict[str, tuple[float, list[Account]]] = {}

    def hear(self, payload: bytes) -> None:
        """What an edge says. Raises `RemoteProtocolError`."""
        said = AudienceMessage.decode(payload)
        self._said[said.edge] = said, self._clock.monotonic_s()

    def count(self, space_id: str) -> int:
        """Accounts that chose to be seen; who is at two edges counts twice."""
        return sum(said.present[space_id].count for said in self._fresh() if space_id in said.present)

    async def of(self, space_id: str) -> list[Account]:
        """At most `SAMPLE` of them, by handle."""
        now_s = self._clock.monotonic_s()
        at_s, named = self._named.get(space_id, (float("-inf"), []))
        if now_s - at_s < LOOK_S:
            return named
        ids = {
            account_id
            for said in self._fresh()
            if space_id in said.present
            for account_id in said.present[space_id].sample
        }
        kept = [account.id for account in named if account.id in ids]
        others = sorted(ids.difference(kept))
        chosen = kept + random.sample(others, min(SAMPLE - len(kept), len(others)))
        async with self._database.read_spaces() as records:
            found = await records.present(space_id, chosen) if chosen else []
        self._named = {s: kept for s, kept in self._named.items() if now_s - kept[0] < LOOK_S}
        self._named[space_id] = now_s, found
        return found

    def _fresh(self) -> list[AudienceMessage]:
        now_s = self._clock.monotonic_s()
        self._said = {edge: (m, at_s) for edge, (m, at_s) in self._said.items() if now_s - at_s <= FRESH_S}
        return [said for said, _ in self._said.values()]
