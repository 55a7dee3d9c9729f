"""What edges count of the crowd: reactions and votes, added up for the rooms of one stage.

- Reactions are told once: what comes is added until a room takes it. A message that is replayed or old adds
  nothing.
- Votes are totals by edge, added up over all (`bus/manners.py`). Every stage counts those of all Spaces, so
  that one which takes a Space over knows how its poll stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from parvis.bus.manners import Ballot, CrowdMessage
from parvis.bus.messages import PollState

FRESH_PARTS: Final = 12
"""How old reactions may be when they come."""
POLLS_MAX: Final = 1_024
EMOJI_MAX: Final = 16


class Crowd:
    """All rooms of one stage. `is_ours` says whether a Space has a room here."""

    def __init__(self, is_ours: Callable[[str], bool]) -> None:
        self._is_ours = is_ours
        self._reactions: dict[str, Counter[str]] = {}
        self._ballots: dict[str, Ballot] = {}
        self._latest: dict[str, int] = {}

    def hear(self, message: CrowdMessage, sequence: int) -> None:
        """What an edge counted; `sequence` is the part of this moment."""
        if self._latest.get(message.source, -1) < message.sequence:
            self._latest[message.source] = message.sequence
            if sequence - message.sequence <= FRESH_PARTS:
                self._add_reactions(message.reactions)
        for poll, counts in message.votes.items():
            ballot = self._ballots.get(poll)
            if ballot is None:
                ballot = self._ballots[poll] = Ballot(len(counts))
                while len(self._ballots) > POLLS_MAX:
                    del self._ballots[next(iter(self._ballots))]
            ballot.take(message.source, counts)
        while len(self._latest) > POLLS_MAX:
            del self._latest[next(iter(self._latest))]

    def take_reactions(self, space: str) -> Mapping[str, int]:
        """What came since this was last asked."""
        return self._reactions.pop(space, {})

    def counts(self, poll: PollState) -> tuple[int, ...]:
        """Votes for each choice: what edges say, and at least what control has kept."""
        ballot = self._ballots.get(poll.id)
        if ballot is None or len(ballot.counts) != len(poll.choices):
            return poll.counts
        return tuple(map(max, poll.counts, ballot.counts))

    def _add_reactions(self, reactions: Mapping[str, Mapping[str, int]]) -> None:
        for space, counts in reactions.items():
            if self._is_ours(space):
                sums = self._reactions.setdefault(space, Counter())
                sums.update({e: n for e, n in counts.items() if e in sums or len(sums) < EMOJI_MAX})
