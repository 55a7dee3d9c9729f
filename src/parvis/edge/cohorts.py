"""Who listens: bare descriptors in flat arrays, one array for all who get the same bytes at the same time.

A listener is four bytes in its cohort, four in the table that finds its place there, and a pointer to the
cohort: no object, no task, no copy. Rules:

- A cohort stands at a `position`: the last part whose burst has begun. Who joins has got everything up to
  there and is written to from the next burst on, so nobody gets a part twice or misses one.
- While a burst is being written (`cursor` to `end`), nobody may change place below `end`: who leaves there
  leaves a hole. Otherwise the last listener takes the place of who leaves. Both are O(1).
- A burst of stretch k and phase p covers sequences from one that is p modulo k. Newcomers take the emptiest
  of the phases whose burst is a quarter of a stretch old at most: so writes spread over time, and nobody
  stands much further behind the stage than it must.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from parvis.edge.bursts import MAX_STRETCH, Framing
from parvis.edge.shared import NONE, unshare
from parvis.media.events import Event

EVENTS = "events"
"""Source name of the event cohorts, beside the names of renditions."""

HOLE = -1
PHASES_BEHIND = 4
"""Newcomers are spread over one part in so many of a stretch."""
CHOICE_GOOD_FOR = 16
"""Newcomers for whom the emptiest phase is looked for once."""


class Source(Protocol):
    """What a cohort is fed from: consecutive numbers, bytes for each."""

    @property
    def newest(self) -> int: ...

    @property
    def oldest(self) -> int: ...

    @property
    def over(self) -> bool: ...

    def burst(self, first: int, count: int, framing: Framing, event: Event | None = None) -> bytes:
        """As one write; `event` is told at its head."""


class Key(NamedTuple):
    """What makes listeners the same. `source` is a rendition's name or `EVENTS`."""

    space: str
    source: str
    framing: Framing
    stretch: int = 1
    phase: int = 0
    via: tuple[str, ...] = ()
    """From which Spaces they were carried here, the first first."""
    lot: int = 0
    """Tells apart cohorts that were carried here and stand at different parts."""


@dataclass(slots=True)
class Move:
    """What a cohort was told: to bursts of `stretch` parts from `from_sequence` on, a share at each of its
    boundaries."""

    stretch: int
    from_sequence: int
    shares: int
    """Boundaries that are left."""
    done_at: int = -1
    """Position at which the last share moved."""


class Cohort:
    """Listeners who get the same bytes at the same time."""

    __slots__ = (
        "also_fed_by",
        "before",
        "began_s",
        "burst",
        "closing",
        "cursor",
        "end",
        "fds",
        "gone",
        "holes",
        "key",
        "laggards",
        "move",
        "position",
        "shared",
        "source",
    )

    def __init__(self, key: Key, source: Source) -> None:
        assert 1 <= key.stretch <= MAX_STRETCH, key
        assert 0 <= key.phase < key.stretch, key
        self.key = key
        self.source = source
        self.also_fed_by: list[str] = []
        """Spaces whose parts it still waits for, though it is counted in another."""
        self.fds = array("i")
        self.holes: list[int] = []
        self.position = source.newest - (source.newest + 1 - key.phase) % key.stretch
        self.before = self.position
        self.burst: bytes | None = None
        self.shared = NONE
        """The file that holds the burst while it is written, or none (`shared.py`)."""
        self.cursor = 0
        self.end = 0
        self.began_s = 0.0
        self.closing = False
        self.gone = False
        """Discarded: nobody may be placed here."""
        self.move: Move | None = None
        self.laggards = 0
        """Listeners of this cohort who are not here now, for their sockets are full."""

    def __len__(self) -> int:
        return len(self.fds) - len(self.holes)

    @property
    def stretch(self) -> int:
        """Parts in a burst, as far as listeners must be prepared for: a longer one may have been told."""
        return self.key.stretch if self.move is None else max(self.key.stretch, self.move.stretch)

    @property
    def writing(self) -> bool:
        """A burst is under way."""
        return self.burst is not None

    def begin(self, burst: bytes, position: int, now_s: float) -> None:
        """Whoever is here now is to get `burst`, after which all have everything up to `position`."""
        assert self.burst is None
        self.before, self.position = self.position, position
        self.burst, self.began_s = burst, now_s
        self.cursor, self.end = 0, len(self.fds)


@dataclass(slots=True)
class _Choice:
    """A cohort for so many newcomers more, as long as `following` is the part that comes next."""

    cohort: Cohort
    following: int
    left: int


class Cohorts:
    """All listeners of a process. Pure memory: it neither writes nor closes."""

    def __init__(self) -> None:
        self._cohorts: dict[Key, Cohort] = {}
        self._fed_by: dict[tuple[str, str], list[Cohort]] = {}
        self._chosen: dict[Key, _Choice] = {}
        self._cohort_of: list[Cohort | None] = []
        self._place_of = array("i")

    def __iter__(self) -> Iterator[Cohort]:
        return iter(self._cohorts.values())

    def get(self, key: Key, source: Source) -> Cohort:
        """The cohort of `key`, made now if there is none."""
        cohort = self._cohorts.get(key)
        if cohort is None:
            cohort = self._cohorts[key] = Cohort(key, source)
            self._fed_by.setdefault((key.space, key.source), []).append(cohort)
        return cohort

    def fed_by(self, space: str, name: str) -> list[Cohort]:
        """All cohorts of one source, as they are now."""
        return list(self._fed_by.get((space, name), ()))

    def choose(
        self,
        space: str,
        name: str,
        framing: Framing,
        stretch: int,
        source: Source,
        *,
        spread: bool = True,
        via: tuple[str, ...] = (),
    ) -> Cohort:
        """The cohort for a newcomer: the emptiest phase of that stretch whose burst is not old. Without
        `spread` the one that has the newest part."""
        following = source.newest + 1
        choice = Key(space, name, framing, stretch, via=via)
        if spread:
            kept = self._chosen.get(choice)
            if kept and kept.left and kept.following == following and not kept.cohort.gone:
                kept.left -= 1
                return kept.cohort
        best, fewest = choice._replace(phase=following % stretch), -1
        for behind in range(1 + stretch // PHASES_BEHIND if spread else 1):
            key = choice._replace(phase=(following - behind) % stretch)
            there = self._cohorts.get(key)
            count = 0 if there is None else len(there)
            if fewest < 0 or count < fewest:
                best, fewest = key, count
        chosen = self.get(best, source)
        if spread and stretch >= PHASES_BEHIND:
            self._chosen[choice] = _Choice(chosen, following, CHOICE_GOOD_FOR - 1)
        return chosen

    def of(self, fd: int) -> Cohort | None:
        """Where a descriptor listens, or None."""
        return self._cohort_of[fd] if fd < len(self._cohort_of) else None

    def add(self, cohort: Cohort, fd: int) -> None:
        """Places a descriptor that has got everything up to the cohort's position. It may be nowhere yet."""
        missing = fd + 1 - len(self._cohort_of)
        if missing > 0:
            self._cohort_of.extend([None] * missing)
            self._place_of.extend([HOLE] * missing)
        assert self._cohort_of[fd] is None, fd
        self._cohort_of[fd] = cohort
        self._place_of[fd] = len(cohort.fds)
        cohort.fds.append(fd)

    def remove(self, fd: int) -> Cohort | None:
        """Takes a descriptor out of its cohort, which is returned; None when it was in none."""
        cohort = self.of(fd)
        if cohort is None:
            return None
        self._cohort_of[fd] = None
        place = self._place_of[fd]
        if cohort.writing and place < cohort.end:
            cohort.fds[place] = HOLE
            cohort.holes.append(place)
        else:
            self._fill(cohort, place)
        return cohort

    def settle(self, cohort: Cohort) -> None:
        """The cohort's burst is written: closes the holes that were left meanwhile."""
        cohort.burst = None
        unshare(cohort.shared)
        cohort.shared = NONE
        # From the highest down, for then the last place is never itself a hole.
        for place in sorted(cohort.holes, reverse=True):
            self._fill(cohort, place)
        cohort.holes.clear()

    def restretch(self, cohort: Cohort, stretch: int, limit: int) -> int:
        """Moves up to `limit` listeners to another stretch, at the phase whose burst begins where they stand.

        Returns how many were moved. None are while either cohort is writing or the two stand at different
        parts; both end by themselves with the next bursts. To spread a crowd over all phases, move a share
        at each boundary.
        """
        key = cohort.key._replace(stretch=stretch, phase=(cohort.position + 1) % stretch)
        target = self.get(key, cohort.source)
        while target.move is not None:  # those there were told of yet another stretch: these were not
            key = key._replace(lot=key.lot + 1)
            target = self.get(key, cohort.source)
        if stretch > cohort.key.stretch and not (len(target) or target.laggards or target.writing):
            # Nobody stands there, so it may stand at any part of its phase. A crowd that has fallen behind
            # the newest part, and so needs longer bursts most, would never find it there.
            target.position = cohort.position
        if target is cohort or cohort.writing or target.writing or target.position != cohort.position:
            return 0
        count = min(limit, len(cohort.fds))
        for fd in cohort.fds[len(cohort.fds) - count :]:
            self.remove(fd)
            self.add(target, fd)
        return count

    def of_space(self, space: str, name: str) -> list[Cohort]:
        """All cohorts of one source that are counted in its Space and have listeners, as they are now."""
        return [
            cohort
            for cohort in self.fed_by(space, name)
            if cohort.key.space == space and (len(cohort) or cohort.laggards)
        ]

    def carry(self, cohort: Cohort, space: str, via: tuple[str, ...], source: Source) -> None:
        """Makes a cohort one of another Space, whatever it is doing. Until `arrive` the Space that it leaves
        feeds it, too. `source` must go on where the cohort stands."""
        cohort.source = source
        before = cohort.key
        if (space, via) == (before.space, before.via):
            return
        key = before._replace(space=space, via=via)
        while key in self._cohorts:
            key = key._replace(lot=key.lot + 1)
        del self._cohorts[before]
        cohort.key = key
        self._cohorts[key] = cohort
        cohort.also_fed_by.append(before.space)
        siblings = self._fed_by.setdefault((space, key.source), [])
        if cohort not in siblings:
            siblings.append(cohort)

    def arrive(self, cohort: Cohort) -> None:
        """The cohort needs nothing more from where it came."""
        for space in {*cohort.also_fed_by} - {cohort.key.space}:
            self._feed_no_more(cohort, space)
        cohort.also_fed_by.clear()

    def discard(self, cohort: Cohort) -> None:
        """Forgets an empty cohort."""
        assert len(cohort) == 0
        cohort.gone = True
        del self._cohorts[cohort.key]
        for space in {*cohort.also_fed_by, cohort.key.space}:
            self._feed_no_more(cohort, space)

    def _feed_no_more(self, cohort: Cohort, space: str) -> None:
        siblings = self._fed_by[space, cohort.key.source]
        siblings.remove(cohort)
        if not siblings:
            del self._fed_by[space, cohort.key.source]

    def followed(self) -> list[str]:
        """Spaces whose events somebody follows."""
        return [space for space, name in self._fed_by if name == EVENTS]

    def listeners(self) -> dict[str, int]:
        """Listeners to sound, by Space; those who only follow events are not counted."""
        counts: dict[str, int] = {}
        for cohort in self._cohorts.values():
            if cohort.key.source != EVENTS and len(cohort):
                counts[cohort.key.space] = counts.get(cohort.key.space, 0) + len(cohort)
        return counts

    def _fill(self, cohort: Cohort, place: int) -> None:
        last = cohort.fds.pop()
        if place < len(cohort.fds):
            cohort.fds[place] = last
            self._place_of[last] = place
