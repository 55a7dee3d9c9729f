"""The most listeners of each Space at once, over all edges, though edges die and their listeners come back.

An edge that died counts until it has been silent for a while, and by then its listeners are counted at other
edges, too: for some seconds the sum says more than there ever were. So:

- Counts are taken in rounds: one begins when an edge speaks again that has spoken in it.
- Of an edge that does not speak after a round, and speaks no more, its count is taken only if nobody in that
  round spoke later than it: who spoke later may have got its listeners. One that has been started anew is
  another edge.
- A round is final when whoever is alive has spoken since. Until then whoever spoke lately counts as alive, so
  that a peak shows at once.

Times are monotonic seconds. Pure.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

FINAL_AFTER_S: Final = 5.0
ALIVE_S: Final = 2.0
"""Edges speak once a second."""
TOGETHER_S: Final = 0.1
"""Within so short a time no listener comes back elsewhere."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one edge said: `life` tells one run of it from the next."""

    edge: str
    life: str
    at_s: float
    listeners: Mapping[str, int]


class Peaks:
    """Owned by who hears the edges."""

    def __init__(self) -> None:
        self._latest: dict[str, Said] = {}
        self._spoken: set[str] = set()
        self._rounds: deque[tuple[float, tuple[Said, ...]]] = deque()
        """When each ended, and what all had said last."""
        self._final: dict[str, int] = {}

    def hear(self, said: Said) -> None:
        """An edge speaks."""
        if said.edge in self._spoken:
            self._rounds.append((said.at_s, tuple(self._latest.values())))
            self._spoken.clear()
        self._latest[said.edge] = said
        self._spoken.add(said.edge)
        self._settle(said.at_s)

    def peak(self, space_id: str, now_s: float) -> int:
        """The most at once, as far as is known now."""
        self._settle(now_s)
        open_rounds = (*self._rounds, (now_s, tuple(self._latest.values())))
        sums = (
            sum(said.listeners.get(space_id, 0) for said in self._counting(ended_s, saids, now_s))
            for ended_s, saids in open_rounds
        )
        return max(self._final.get(space_id, 0), *sums)

    def final(self, now_s: float) -> Mapping[str, int]:
        """All peaks that nothing changes any more but a higher one, by Space."""
        self._settle(now_s)
        return dict(self._final)

    def keep_only(self, space_ids: frozenset[str]) -> None:
        """Forgets other Spaces."""
        self._final = {space_id: count for space_id, count in self._final.items() if space_id in space_ids}

    def _settle(self, now_s: float) -> None:
        silent_since_s = max((said.at_s for said in self._latest.values()), default=now_s)
        if self._spoken and now_s - silent_since_s > FINAL_AFTER_S:
            self._rounds.append((silent_since_s, tuple(self._latest.values())))
            self._spoken.clear()
        while self._rounds and now_s - self._rounds[0][0] > FINAL_AFTER_S:
            ended_s, saids = self._rounds.popleft()
            sums: Counter[str] = Counter()
            for said in self._counting(ended_s, saids, now_s):
                sums.update(said.listeners)
            for space_id, count in sums.items():
                if count > self._final.get(space_id, 0):
                    self._final[space_id] = count
        self._latest = {e: said for e, said in self._latest.items() if now_s - said.at_s <= 2 * FINAL_AFTER_S}

    def _counting(self, ended_s: float, saids: Collection[Said], now_s: float) -> Iterator[Said]:
        newest_s = max((said.at_s for said in saids), default=0.0)
        for said in saids:
            if newest_s - said.at_s <= TOGETHER_S or self._lived_on(said, ended_s, now_s):
                yield said

    def _lived_on(self, said: Said, ended_s: float, now_s: float) -> bool:
        latest = self._latest.get(said.edge)
        if latest is None or latest.life != said.life:
            return False
        return latest.at_s >= ended_s or now_s - latest.at_s <= ALIVE_S
