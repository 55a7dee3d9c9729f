"""What waits to be recognised: one short queue a Space, and turns among them. Pure.

Rules:

- A Space has at most `MOST_WAITING_MS` of sound here. What is too much goes, the oldest first: a caption that
  comes half a minute late is of no use. What comes next is marked, so that readers see that words are
  missing.
- Spaces take turns, whatever they have waiting: one that never pauses does not silence the others.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import replace
from typing import Final

from parvis.captions.utterances import Utterance

MOST_WAITING_MS: Final = 15_000


class Desk:
    """Utterances by Space. Owned by one loop."""

    def __init__(self) -> None:
        self.skipped_ms = 0
        """Sound left out since the start."""
        self._queues: OrderedDict[str, deque[Utterance]] = OrderedDict()

    @property
    def waiting_ms(self) -> int:
        """Sound that waits now, of all Spaces."""
        return sum(utterance.duration_ms for queue in self._queues.values() for utterance in queue)

    def put(self, space: str, utterance: Utterance) -> int:
        """Takes an utterance; how many milliseconds were left out for it."""
        queue = self._queues.setdefault(space, deque())
        queue.append(utterance)
        skipped_ms = 0
        while len(queue) > 1 and sum(waiting.duration_ms for waiting in queue) > MOST_WAITING_MS:
            skipped_ms += queue.popleft().duration_ms
            queue[0] = replace(queue[0], skipped=True)
        self.skipped_ms += skipped_ms
        return skipped_ms

    def take(self) -> tuple[str, Utterance] | None:
        """The next one, of the Space whose turn it is; None when nothing waits."""
        if not self._queues:
            return None
        space, queue = self._queues.popitem(last=False)
        utterance = queue.popleft()
        if queue:
            self._queues[space] = queue
        return space, utterance

    def drop(self, space: str) -> None:
        """Nothing of this Space is wanted any more."""
        self._queues.pop(space, None)
