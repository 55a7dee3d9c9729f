"""What strangers find: the lists of public Spaces, and search in them.

- Only public Spaces are listed. A Space that was called off is in calendars (they must follow), not in lists.
- *Live* are those on air, the newest first; *upcoming* those announced, the next first; *past* those that
  were on air, the newest first. A Space without an announced time is in no list before it is live.
- Search looks in title, description, topics, and the host's name and handle (`folding.py`): first what is
  live, then what is upcoming, then what is past; among these the newest first.
- A page ends at a `ListPlace`; what changes meanwhile neither repeats nor hides what did not.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from parvis.spaces.folding import asked_words, fold_all
from parvis.spaces.space import Space, State
from parvis.spaces.visibility import Visibility


class Phase(StrEnum):
    """In which list a public Space stands. `none`: in none, but it is found at its host's."""

    LIVE = "live"
    UPCOMING = "upcoming"
    PAST = "past"
    CANCELLED = "cancelled"
    NONE = "none"


SHOWN: Final = (Phase.LIVE, Phase.UPCOMING, Phase.PAST)


@dataclass(frozen=True, slots=True)
class Listed:
    """A Space in a list. Times are Unix milliseconds. `number` grows with each Space that is listed."""

    number: int
    phase: Phase
    at_ms: int
    space_id: str
    title: str
    description: str
    language: str
    state: State
    handle: str
    display_name: str
    topics: tuple[str, ...]
    cover: str
    starts_at_ms: int | None
    started_at_ms: int | None
    ended_at_ms: int | None
    recorded: bool


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where a page ended. In a search `at_ms` means nothing."""

    phase: Phase
    at_ms: int
    number: int


@dataclass(frozen=True, slots=True)
class Entry:
    """How a Space is to be found: `words` are folded. None stands for one that is not listed."""

    phase: Phase
    at_ms: int
    host_id: str
    words: str


class ListingRecords(Protocol):
    """Listed Spaces inside one transaction."""

    async def listed(
        self, phase: Phase, after: ListPlace | None, limit: int, *, host_id: str | None = None
    ) -> list[Listed]:
        """At most `limit` of a phase after a place, of one host or of all."""

    async def found(self, words: list[str], after: ListPlace | None, limit: int) -> list[Listed]:
        """At most `limit` that have all of these words, or words that begin so."""

    async def relist_host(self, account_id: str) -> None:
        """The host has another name: its Spaces are found by that from now on."""


class ListingStore(Protocol):
    """Opens transactions that read lists."""

    def read_listings(self) -> AbstractAsyncContextManager[ListingRecords]: ...


class Listings:
    """Lists for whoever asks."""

    def __init__(self, store: ListingStore) -> None:
        self._store = store

    async def page(
        self, phase: Phase, after: ListPlace | None, limit: int, *, host_id: str | None = None
    ) -> list[Listed]:
        """At most `limit` of a phase."""
        async with self._store.read_listings() as records:
            return await records.listed(phase, after, limit, host_id=host_id)

    async def search(self, query: str, after: ListPlace | None, limit: int) -> list[Listed]:
        """At most `limit` that fit; none for a query without a word."""
        words = asked_words(query)
        if not words:
            return []
        async with self._store.read_listings() as records:
            return await records.found(words, after, limit)


def entry_of(space: Space) -> Entry | None:
    """How a Space is found now, if it is."""
    if space.listing.visibility is not Visibility.PUBLIC:
        return None
    host = space.host.person
    texts = (space.title, *space.listing.topics, host.display_name, host.handle, space.description)
    phase, at_ms = _phase(space)
    return Entry(phase, at_ms, host.account_id, fold_all(texts))


def _phase(space: Space) -> tuple[Phase, int]:
    if space.is_on_air:
        return Phase.LIVE, space.started_at_ms or space.created_at_ms
    if space.state is State.ENDED:
        ended_at_ms = space.ended_at_ms or space.created_at_ms
        return (Phase.CANCELLED if space.started_at_ms is None else Phase.PAST), ended_at_ms
    if space.starts_at_ms is None:
        return Phase.NONE, space.created_at_ms
    return Phase.UPCOMING, space.starts_at_ms
