"""How every change of a Space is made: load and lock, ask the rules, keep, announce.

- A change that has begun is finished even if the asker goes away meanwhile: what is kept is always announced.
- Changes are announced in the order in which they were kept.
- Spaces that change together are locked in the order of their ids, so that two such changes never wait for
  each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from parvis.clock import Clock
from parvis.errors import NotFound
from parvis.spaces import words
from parvis.spaces.log import Entry
from parvis.spaces.port import Announcer, SpaceRecords, SpaceStore
from parvis.spaces.seat import Person
from parvis.spaces.space import Space

Result = TypeVar("Result")


class Changes:
    """Base of the use cases of Spaces."""

    def __init__(self, store: SpaceStore, announcer: Announcer, clock: Clock) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._unfinished: set[asyncio.Task[Any]] = set()

    async def _change(
        self, space_id: str, change: Callable[[Space], Space], entry: Entry | None = None
    ) -> Space:
        """Changes one Space by a rule; `entry` is kept if something has changed.

        Raises `NotFound` `space-unknown` and what the rule raises.
        """

        async def with_records(space: Space, records: SpaceRecords) -> Space:
            changed = change(space)
            if changed is not space and entry is not None:
                await records.add_entry(entry)
            return changed

        return await self._change_with(space_id, with_records)

    async def _change_with(
        self, space_id: str, change: Callable[[Space, SpaceRecords], Awaitable[Space]]
    ) -> Space:
        """The same for a rule that keeps more than the Space."""

        async def work(records: SpaceRecords) -> tuple[Space, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            changed = await change(space, records)
            if changed is not space:
                await records.save(changed)
            return changed, (changed,) if changed is not space else ()

        return await self._transact(work)

    async def _transact(
        self,
        work: Callable[[SpaceRecords], Awaitable[tuple[Result, Sequence[Space]]]],
        *,
        tell: Callable[[Result], None] = lambda _: None,
    ) -> Result:
        """Runs `work` in one transaction and announces the Spaces that it gives, which it has kept. `tell` is
        called with its result after that, for what else is to be said."""

        async def run() -> Result:
            async with self._store.write_spaces() as records:
                result, changed = await work(records)
            # No await between the commit and this: changes are announced in the order they were kept.
            for space in changed:
                self._announcer.announce(space)
            tell(result)
            return result

        task = asyncio.create_task(run())
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return await asyncio.shield(task)

    def _entry(
        self,
        space_id: str | None,
        asker: Person,
        act: str,
        whom: str | None = None,
        reason: str | None = None,
    ) -> Entry:
        """What the log will say."""
        return Entry(space_id, self._now_ms(), asker.handle, act, whom, reason)

    def _now_ms(self) -> int:
        """Unix milliseconds."""
        return int(self._clock.wall_s() * 1000)


async def found(records: SpaceRecords, space_id: str, *, lock: bool = False) -> Space:
    """Raises `NotFound` `space-unknown`."""
    space = await records.get(space_id, lock=lock) if words.is_space_id(space_id) else None
    if space is None:
        raise NotFound("space-unknown", "There is no such Space.")
    return space


async def found_together(records: SpaceRecords, *space_ids: str) -> list[Space]:
    """Several Spaces, locked, in the order asked for. Raises `NotFound` `space-unknown`."""
    by_id = {space_id: await found(records, space_id, lock=True) for space_id in sorted(set(space_ids))}
    return [by_id[space_id] for space_id in space_ids]
