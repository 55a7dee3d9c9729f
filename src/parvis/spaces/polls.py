"""The use cases of polls: opening, closing, and keeping what the edges counted.

While a poll is open its counts are kept, but change no Space: the stage counts for itself. Closed, it is
announced with what control has heard, and again if more comes in the seconds after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from parvis.errors import Conflict
from parvis.spaces import poll as rules
from parvis.spaces.changes import Changes, found
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.poll import Poll
from parvis.spaces.port import SpaceRecords
from parvis.spaces.seat import Person
from parvis.spaces.space import Space, State

LISTED_MAX: Final = 50

Sources = Mapping[str, Sequence[int]]
"""Votes for each choice, by who counted them."""


class Polls(Changes):
    """`asker` is the person who asks, already known to be who it says."""

    async def open(
        self, space_id: str, question: str, choices: Sequence[str], for_s: int | None, asker: Person
    ) -> Poll:
        """Asks everybody. Raises `UserError` `input-invalid`, `Refused`, `NotFound` `space-unknown`,
        `Conflict` `space-ended`, `poll-running`."""
        poll = rules.new_poll(question, choices, for_s, self._now_ms())

        async def change(space: Space, records: SpaceRecords) -> Space:
            check_may(space.standing_of(asker.account_id), Act.POLL)
            space.check_open()
            running = space.poll
            if running is not None and running.is_open:
                if not running.is_due(self._now_ms()):
                    raise Conflict("poll-running", "Another poll is open: close it first.")
                await records.save_poll(running.close(self._now_ms()))
            await records.add_poll(space_id, poll)
            entry = self._entry(space_id, asker, "poll-opened")
            await records.add_entry(replace(entry, details={"poll": poll.id, "question": poll.question}))
            return space.with_poll(poll)

        await self._change_with(space_id, change)
        return poll

    async def close(self, space_id: str, poll_id: str, asker: Person, sources: Sources) -> Poll:
        """Nobody votes any more; closed already: as it was.

        Raises `Refused`, `NotFound` `space-unknown`, `poll-unknown`.
        """

        async def work(records: SpaceRecords) -> tuple[Poll, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.POLL)
            poll = await _known(records, space_id, poll_id)
            if not poll.is_open:
                return poll, ()
            await records.add_entry(
                replace(self._entry(space_id, asker, "poll-closed"), details={"poll": poll_id})
            )
            return await self._closed(records, space, poll, sources)

        return await self._transact(work)

    async def close_due(self, space_id: str, poll_id: str, sources: Sources) -> Poll:
        """Closes a poll whose time, or whose Space, is over. Raises `NotFound` `poll-unknown`."""

        async def work(records: SpaceRecords) -> tuple[Poll, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            poll = await _known(records, space_id, poll_id)
            if not (poll.is_due(self._now_ms()) or (poll.is_open and space.state is State.ENDED)):
                return poll, ()
            return await self._closed(records, space, poll, sources)

        return await self._transact(work)

    async def keep_counts(self, space_id: str, poll_id: str, sources: Sources) -> None:
        """Keeps what was counted so far, and announces it if the poll is closed. Raises `NotFound`
        `poll-unknown`."""

        async def work(records: SpaceRecords) -> tuple[None, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            poll = (await _known(records, space_id, poll_id)).counted(summed(sources))
            await records.save_poll(poll, sources)
            changed = space
            if not poll.is_open and space.poll is not None and space.poll.id == poll_id:
                changed = space.with_poll(poll)
            if changed is not space:
                await records.save(changed)
            return None, (changed,) if changed is not space else ()

        await self._transact(work)

    async def all(self, space_id: str) -> list[Poll]:
        """The polls of a Space, newest first. Raises `NotFound` `space-unknown`."""
        async with self._store.read_spaces() as records:
            await found(records, space_id)
            return await records.polls(space_id, LISTED_MAX)

    async def open_ones(self) -> Mapping[str, tuple[str, Poll, Sources]]:
        """Space, poll and counts by source of every open poll, by its id."""
        async with self._store.read_spaces() as records:
            return await records.open_polls()

    async def _closed(
        self, records: SpaceRecords, space: Space, poll: Poll, sources: Sources
    ) -> tuple[Poll, Sequence[Space]]:
        closed = poll.counted(summed(sources)).close(self._now_ms())
        await records.save_poll(closed, sources)
        changed = space
        if space.poll is not None and space.poll.id == poll.id:
            changed = space.with_poll(closed)
            await records.save(changed)
        return closed, (changed,) if changed is not space else ()


def summed(sources: Sources) -> Sequence[int]:
    """Votes for each choice, over all who counted; nothing when nobody did."""
    return [sum(counts) for counts in zip(*sources.values(), strict=True)] if sources else ()


async def _known(records: SpaceRecords, space_id: str, poll_id: str) -> Poll:
    poll = await records.poll(space_id, poll_id)
    if poll is None:
        raise rules.unknown()
    return poll
