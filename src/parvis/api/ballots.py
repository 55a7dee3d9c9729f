"""What edges took of polls, counted, said, kept and closed in time.

- Each voter counts once in a Space (`tally.py`). How a poll stands, and what was taken of whom, is told at
  most every `SAID_EVERY_S` (`bus/votes.py`): stages put it into the parts, edges go on where we stopped.
- Counts are kept every two seconds while they change: with the sources they came from, so that a control that
  is started again neither loses a vote nor counts one twice.
- A poll is closed when its time or its Space is over. For some seconds after that, what edges still had on
  the way is added.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from parvis.api.tally import Tally
from parvis.bus.port import Publisher
from parvis.bus.votes import CountedMessage, VotesMessage
from parvis.clock import Clock
from parvis.errors import NotFound, Overloaded
from parvis.spaces.poll import Poll
from parvis.spaces.polls import Polls
from parvis.spaces.space import Space, State

log = structlog.get_logger(__name__)

KEPT_EVERY_S: Final = 2.0
SAID_EVERY_S: Final = 0.3
LATE_VOTES_S: Final = 5.0
"""How long after its end votes still come in: an edge that was stopped in that moment goes on."""


@dataclass(slots=True)
class _Counted:
    space_id: str
    poll: Poll
    tally: Tally
    changed: bool = False
    kept_at_s: float = 0.0
    unsaid: bool = False
    said_at_s: float = 0.0
    closed_at_s: float | None = None


class Ballots:
    """Owned by control's loop. `space_of` gives a Space as it was last announced."""

    def __init__(
        self, polls: Polls, bus: Publisher, clock: Clock, space_of: Callable[[str], Space | None]
    ) -> None:
        self._polls = polls
        self._bus = bus
        self._life = secrets.token_hex(4)
        self._clock = clock
        self._space_of = space_of
        self._counted: dict[str, _Counted] = {}

    async def restore(self) -> None:
        """Takes up what is open, at start."""
        for poll_id, (space_id, poll, sources) in (await self._polls.open_ones()).items():
            counted = self._counted[poll_id] = _Counted(space_id, poll, Tally(len(poll.choices), sources))
            self._say(counted)

    def add(self, space_id: str, poll: Poll) -> None:
        """A poll was opened."""
        counted = self._counted[poll.id] = _Counted(space_id, poll, Tally(len(poll.choices)))
        self._say(counted)

    def closed(self, poll: Poll) -> None:
        """A poll was closed by somebody."""
        counted = self._counted.get(poll.id)
        if counted is not None and counted.closed_at_s is None:
            counted.poll = poll
            counted.closed_at_s = self._clock.monotonic_s()

    def sources(self, poll_id: str) -> Mapping[str, Sequence[int]]:
        """Counts of a poll by source; none when it is not counted any more."""
        counted = self._counted.get(poll_id)
        return dict(counted.tally.sources) if counted is not None else {}

    def counts(self, poll_id: str) -> Sequence[int]:
        """Votes for each choice; none when it is not counted any more."""
        counted = self._counted.get(poll_id)
        return counted.tally.counts if counted is not None else ()

    def hear(self, payload: bytes) -> None:
        """Takes in what an edge took. Raises `RemoteProtocolError`."""
        message = VotesMessage.decode(payload)
        for poll_id, votes in message.votes.items():
            counted = self._counted.get(poll_id)
            if counted is not None and counted.tally.take(message.source, votes):
                counted.changed = counted.unsaid = True
                if self._clock.monotonic_s() - counted.said_at_s >= SAID_EVERY_S:
                    self._say(counted)

    async def tick(self) -> None:
        """Keeps and closes what is due. Call it once a second."""
        for counted in list(self._counted.values()):
            try:
                await self._look_at(counted)
            except NotFound:  # its Space was deleted
                self._drop(counted.poll.id)
            except Overloaded as error:
                log.warning("votes not kept", poll=counted.poll.id, error=str(error))

    async def _look_at(self, counted: _Counted) -> None:
        now_s, poll = self._clock.monotonic_s(), counted.poll
        if counted.unsaid:
            self._say(counted)
        if counted.closed_at_s is None:
            space = self._space_of(counted.space_id)
            over = space is not None and space.state is State.ENDED
            if over or poll.is_due(int(self._clock.wall_s() * 1000)):
                closed = await self._polls.close_due(counted.space_id, poll.id, self.sources(poll.id))
                counted.changed = False
                if not closed.is_open:
                    self.closed(closed)
                return
        if counted.changed and now_s - counted.kept_at_s >= KEPT_EVERY_S:
            counted.changed = False
            counted.kept_at_s = now_s
            try:
                await self._polls.keep_counts(counted.space_id, poll.id, self.sources(poll.id))
            except Overloaded:
                counted.changed = True
                raise
        if counted.closed_at_s is not None and now_s - counted.closed_at_s >= LATE_VOTES_S:
            self._drop(poll.id)

    def _say(self, counted: _Counted) -> None:
        tally, poll_id = counted.tally, counted.poll.id
        counted.unsaid = False
        counted.said_at_s = self._clock.monotonic_s()
        message = CountedMessage(poll_id, self._life, tally.counts, tally.taken)
        self._bus.publish(message.subject, message.encode(), retain=1)

    def _drop(self, poll_id: str) -> None:
        self._counted.pop(poll_id, None)
        self._bus.forget(f"counted.{poll_id}")
