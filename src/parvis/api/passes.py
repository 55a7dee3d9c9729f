"""Which passes are good, and how many listen by each: told by edges, decided here, told to edges.

- Edges verify a pass by themselves, and count who listens by it; once a second they say so. What a single
  edge can't see is added here: a pass by which as many listen as it is for is *full*, and lets nobody else
  in until somebody leaves.
- More than that, by all edges together, for `OVER_FOR_S`: it is void (`entry_pass.py`), for it is shared
  further than it was meant to be.
- Void passes are published for each Space (`PassesMessage`, retained), at once; edges then end their streams.
- Counts that are older than `FRESH_S` are of an edge that is gone, and so are its listeners.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import structlog

from parvis.api.live import FRESH_S
from parvis.bus.messages import PassesMessage, PassUseMessage
from parvis.bus.port import Publisher
from parvis.clock import Clock
from parvis.errors import Overloaded
from parvis.spaces.entry_pass import OVER_FOR_S, Pass
from parvis.spaces.passes import Passes
from parvis.spaces.port import SpaceStore

log = structlog.get_logger(__name__)

_SUBJECT: Final = "passes.{}"


class PassBoard:
    """All passes of Spaces that are not over. Implements `parvis.spaces.passes.PassAnnouncer`."""

    def __init__(self, bus: Publisher, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._passes: dict[str, dict[str, Pass]] = {}
        """By Space, by id."""
        self._used: dict[str, tuple[PassUseMessage, float]] = {}
        """By edge, with the monotonic time at which it was said."""
        self._over_since_s: dict[str, float] = {}
        self._said: dict[str, PassesMessage] = {}
        self._revision = int(clock.wall_s() * 1000)
        """Grows over restarts: edges ignore what is older."""

    async def restore(self, store: SpaceStore) -> None:
        """Publishes what edges must know, at start."""
        async with store.read_spaces() as records:
            passes = await records.open_passes()
        for one in passes:
            self._passes.setdefault(one.space_id, {})[one.id] = one
        for space_id in self._passes:
            self._publish(space_id)

    def announce_pass(self, told: Pass) -> None:
        """A pass was made, or is void."""
        self._passes.setdefault(told.space_id, {})[told.id] = told
        self._over_since_s.pop(told.id, None)
        self._publish(told.space_id)

    def forget(self, space_id: str) -> None:
        """A Space is over: nobody comes in any more."""
        if self._passes.pop(space_id, None) is not None:
            self._said.pop(space_id, None)
            self._bus.forget(_SUBJECT.format(space_id))

    def known(self) -> list[str]:
        """Spaces with passes."""
        return list(self._passes)

    def hear(self, payload: bytes) -> None:
        """What an edge says. Raises `RemoteProtocolError`, `TypeError`, `ValueError` for what is none."""
        said = PassUseMessage.decode(payload)
        used = {pass_id: int(count) for pass_id, count in said.used.items()}
        self._used[said.edge] = PassUseMessage(said.edge, used), self._clock.monotonic_s()

    def used(self, pass_id: str) -> int:
        """How many listen by a pass now, by all edges together."""
        return self._counts()[pass_id]

    async def look(self, passes: Passes) -> None:
        """Once a second: what is full, and what has been used by too many for too long."""
        now_s = self._clock.monotonic_s()
        counts = self._counts()
        for space_id, by_id in list(self._passes.items()):
            for one in list(by_id.values()):
                if one.is_void or counts[one.id] <= one.uses:
                    self._over_since_s.pop(one.id, None)
                elif now_s - self._over_since_s.setdefault(one.id, now_s) >= OVER_FOR_S:
                    log.info("pass is void", space=space_id, listeners=counts[one.id], uses=one.uses)
                    await self._void(passes, one, counts[one.id])
            self._publish(space_id, counts)

    async def _void(self, passes: Passes, one: Pass, listeners: int) -> None:
        try:
            await passes.void_shared(one.space_id, one.id, listeners)
        except Overloaded as error:  # it is tried again in a second
            log.warning("pass not voided", space=one.space_id, error=str(error))

    def _counts(self) -> Counter[str]:
        now_s = self._clock.monotonic_s()
        self._used = {edge: (m, at_s) for edge, (m, at_s) in self._used.items() if now_s - at_s <= FRESH_S}
        counts: Counter[str] = Counter()
        for message, _ in self._used.values():
            counts.update(message.used)
        return counts

    def _publish(self, space_id: str, counts: Counter[str] | None = None) -> None:
        counts = self._counts() if counts is None else counts
        passes = self._passes.get(space_id, {}).values()
        void = tuple(sorted(one.id for one in passes if one.is_void))
        full = tuple(sorted(one.id for one in passes if not one.is_void and counts[one.id] >= one.uses))
        before = self._said.get(space_id)
        if before is not None and (before.void, before.full) == (void, full):
            return
        self._revision += 1
        message = self._said[space_id] = PassesMessage(space_id, self._revision, void, full)
        self._bus.publish(message.subject, message.encode(), retain=1)
