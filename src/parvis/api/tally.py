"""Votes of one poll, each voter once over all edges. Pure.

- A voter is a hash, a source is one run of one edge. Votes of a source come in order; what comes twice is
  known by its offset, what comes too early waits for what was lost.
- Counts by source are what the database keeps, voters are not. After a restart a source that is still there
  tells all its votes again, and from when it has, what it tells replaces what was kept of it. Of an edge that
  is gone what was kept is all there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parvis.bus.votes import Votes


class Tally:
    """`kept` is what was counted before control started, by source."""

    def __init__(self, choices: int, kept: Mapping[str, Sequence[int]] | None = None) -> None:
        self.taken: dict[str, int] = {}
        """Votes of each source that were looked at, counted or not."""
        self._choices = choices
        self._voters: set[int] = set()
        self._counts: dict[str, list[int]] = {}
        self._kept = {source: tuple(counts) for source, counts in (kept or {}).items()}

    @property
    def sources(self) -> Mapping[str, Sequence[int]]:
        """Votes for each choice, by source."""
        return {source: tuple(counts) for source, counts in self._counts.items()} | self._kept

    @property
    def counts(self) -> tuple[int, ...]:
        """Votes for each choice."""
        totals = [sum(counts) for counts in zip(*self.sources.values(), strict=True)]
        return tuple(totals) or (0,) * self._choices

    def take(self, source: str, votes: Votes) -> bool:
        """What a source tells; whether something was new about it."""
        taken = self.taken.get(source, 0)
        end = votes.offset + len(votes.choices)
        if votes.offset > taken or end <= taken:
            return False
        if max(votes.choices, default=0) >= self._choices:
            return False
        counts = self._counts.setdefault(source, [0] * self._choices)
        skip = taken - votes.offset
        for voter, choice in zip(votes.voters[skip:], votes.choices[skip:], strict=True):
            if voter not in self._voters:
                self._voters.add(voter)
                counts[choice] += 1
        self.taken[source] = end
        if end >= votes.total:
            self._kept.pop(source, None)
        return True
