"""What is counted of the crowd: reactions by edges, votes by control, for the rooms of one stage.

- Reactions are told once: what comes is added until a room takes it. A message that is replayed or old adds
  nothing.
- Votes are what control said last (`bus/votes.py`), of all Spaces, so that a stage which takes a Space over
  knows how its poll stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from parvis.bus.manners import CrowdMessage
from parvis.bus.messages import PollState
from parvis.bus.votes import CountedMessage

FRESH_PARTS: Final = 12
"""How old reactions may be when they come."""
POLLS_MAX: Final = 1_024
EMOJI_MAX: Final = 16


class Crowd:
    """All rooms of one stage. `is_ours` says whether a Space has a room here."""

    def __init__(self, is_ours: Callable[[str], bool]) -> None:
        self._is_ours = is_ours
        self._reactions: dict[str, Counter[str]] = {}
        self._counts: dict[str, tuple[int, ...]] = {}
        self._latest: dict[str, int] = {}

    def hear(self, message: CrowdMessage, sequence: int) -> None:
        """What an edge counted; `sequence` is the part of this moment."""
        if self._latest.get(message.source, -1) < message.sequence:
            self._latest[message.source] = message.sequence
            if sequence - message.sequence <= FRESH_PARTS:
                self._add_reactions(message.reactions)
        while len(self._latest) > POLLS_MAX:
            del self._latest[next(iter(self._latest))]

    def take_reactions(self, space: str) -> Mapping[str, int]:
        """What came since this was last asked."""
        return self._reactions.pop(space, {})

    def hear_counted(self, message: CountedMessage) -> None:
        """How a poll stands."""
        self._counts[message.poll] = message.counts
        while len(self._counts) > POLLS_MAX:
            del self._counts[next(iter(self._counts))]

    def counts(self, poll: PollState) -> tuple[int, ...]:
        """Votes for each choice: what control said last, by whichever way."""
        counts = self._counts.get(poll.id)
        if counts is None or poll.state == "closed" or len(counts) != len(poll.choices):
            return poll.counts
        return counts

    def _add_reactions(self, reactions: Mapping[str, Mapping[str, int]]) -> None:
        for space, counts in reactions.items():
            if self._is_ours(space):
                sums = self._reactions.setdefault(space, Counter())
                sums.update({e: n for e, n in counts.items() if e in sums or len(sums) < EMOJI_MAX})
