"""Who of the listeners showed who they are: let go when banned, and some of them seen (docs/protocol.md §8).

Rules:

- Without a badge (`spaces/badge.py`) one listens anonymously; with one that is old, forged or of another
  Space, too: a badge lets nobody in and keeps nobody out.
- Who is banned is refused with it (`banned`), and its streams end when control says so.
- Of those who may be seen a few are told to control, once a second, by the ids of their accounts: chosen by
  chance, kept while they are here. Who asks for them is signed in, and never gets all (`SAMPLE`).
- A badge is shown by a header only: what is in an address ends up in logs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from parvis.bus.audience import SAMPLE, AudienceMessage, Present
from parvis.clock import Clock
from parvis.edge.http import Request
from parvis.edge.spaces import SpaceRecord
from parvis.errors import Refused

if TYPE_CHECKING:
    from parvis.spaces.badge import Badge

HEADER: Final = b"x-parvis-badge"

Verify = Callable[[str, Callable[[str, Any], Any]], Any]
"""Reads a signed text by a function of the text and the key; None for what is not good (`passes.py`)."""


class Badges:
    """Owned by the edge's loop."""

    def __init__(self, verify: Verify, clock: Clock) -> None:
        self.told = False
        """Control was told of somebody."""
        self._verify = verify
        self._clock = clock
        self._badge_of: dict[int, Badge] = {}
        self._fds: dict[tuple[str, str], set[int]] = {}
        """Descriptors by Space and account."""
        self._seen: dict[str, dict[str, int]] = {}
        """Accounts that may be seen, by Space, with the number of their streams."""
        self._sample: dict[str, list[str]] = {}

    def read(self, record: SpaceRecord, request: Request) -> Badge | None:
        """The badge that a request shows, if it is good for this Space. Raises `Refused` `banned`."""
        text = request.header(HEADER)
        if not text:
            return None
        from parvis.spaces import badge

        shown: Badge | None = self._verify(text, badge.read)
        if shown is None or shown.space_id != record.id or shown.expires_at_s <= self._clock.wall_s():
            return None
        if shown.account_id in record.banned:
            raise Refused("banned", "You are banned from this Space.")
        return shown

    def enter(self, fd: int, shown: Badge) -> None:
        """A descriptor is joined, and its owner showed this."""
        self._badge_of[fd] = shown
        self._fds.setdefault((shown.space_id, shown.account_id), set()).add(fd)
        if shown.seen:
            streams = self._seen.setdefault(shown.space_id, {})
            streams[shown.account_id] = streams.get(shown.account_id, 0) + 1

    def leave(self, fd: int) -> None:
        """A descriptor is closed."""
        shown = self._badge_of.pop(fd, None)
        if shown is None:
            return
        key = shown.space_id, shown.account_id
        fds = self._fds[key]
        fds.discard(fd)
        if not fds:
            del self._fds[key]
        if shown.seen:
            streams = self._seen[shown.space_id]
            streams[shown.account_id] -= 1
            if not streams[shown.account_id]:
                del streams[shown.account_id]
            if not streams:
                del self._seen[shown.space_id]

    def banned(self, records: Iterable[SpaceRecord]) -> list[int]:
        """Descriptors of who is banned from these Spaces."""
        return [
            fd
            for record in records
            for account_id in record.banned
            for fd in self._fds.get((record.id, account_id), ())
        ]

    def message(self, edge: str) -> AudienceMessage | None:
        """What to tell control once a second; None when there is nobody, and it knows that."""
        present = {space: self._present(space, streams) for space, streams in self._seen.items()}
        self._sample = {space: list(told.sample) for space, told in present.items()}
        if not present and not self.told:
            return None
        self.told = bool(present)
        return AudienceMessage(edge, present)

    def _present(self, space: str, streams: dict[str, int]) -> Present:
        kept = [account_id for account_id in self._sample.get(space, ()) if account_id in streams]
        if len(kept) < min(SAMPLE, len(streams)):
            others = [account_id for account_id in streams if account_id not in set(kept)]
            kept += random.sample(others, min(SAMPLE - len(kept), len(others)))
        return Present(len(streams), tuple(kept))
