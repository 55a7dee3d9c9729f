"""What a program tells of its audience: chat, the pinned message, the poll, reactions (docs/protocol.md §8).

Pin and poll are what control wants said; they are said again every 32 parts, for those who came since. Votes
and reactions come from the edges and are added up here: control is not needed for them.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

from parvis.bus.manners import TalkMessage
from parvis.bus.messages import PollState, SpaceMessage
from parvis.clock import part_start_s
from parvis.media.events import Event
from parvis.stage.conversation import Conversation
from parvis.stage.crowd import Crowd

AGAIN_PARTS: Final = 32
COUNTED_PARTS: Final = 3
"""Votes and reactions are told this often at most."""


class Manners:
    """One Space's, on every stage: whoever takes it over knows what was said last. Told by one room."""

    def __init__(self, space: str, crowd: Crowd) -> None:
        self.conversation = Conversation()
        self._space = space
        self._crowd = crowd
        self._pin: Event | None = None
        self._poll: Event | None = None
        self._poll_id = ""
        self._pinned_at = self._polled_at = 0

    def begin(self, sequence: int) -> None:
        """The program begins with this part: nobody has heard anything yet."""
        self.conversation.begin(sequence)
        self._pin = self._poll = None
        self._poll_id = ""
        self._crowd.take_reactions(self._space)

    def end(self) -> None:
        """The program is over, or another stage's."""
        self.conversation.end()

    def hear(self, message: TalkMessage, sequence: int) -> None:
        """One event of control; `sequence` is the part of this moment."""
        self.conversation.hear(message, sequence)

    def events(self, sequence: int, wanted: SpaceMessage) -> list[Event]:
        """What part `sequence` tells."""
        told = [*self.conversation.take(sequence), *self._pinned(sequence, wanted)]
        if wanted.poll is not None:
            told += self._polled(sequence, wanted.poll)
        if sequence % COUNTED_PARTS == 0:
            reactions = self._crowd.take_reactions(self._space)
            if reactions:
                told.append(Event.of("reactions", counts=dict(reactions)))
        return told

    def _pinned(self, sequence: int, wanted: SpaceMessage) -> list[Event]:
        pinned = wanted.pinned
        event = Event.of("pin", **asdict(pinned)) if pinned is not None else Event.of("pin", id=None)
        if self._pin is None and pinned is None:
            return []
        due = pinned is not None and sequence - self._pinned_at >= AGAIN_PARTS
        if event == self._pin and not due:
            return []
        self._pin, self._pinned_at = event, sequence
        return [event]

    def _polled(self, sequence: int, poll: PollState) -> list[Event]:
        state = "closed" if poll.state == "closed" or _is_over(poll, sequence) else "open"
        if state == "closed" and self._poll_id != poll.id:
            return []  # over before this program began: nobody waits for it
        counts = self._crowd.counts(poll)
        event = Event.of(
            "poll",
            id=poll.id,
            question=poll.question,
            choices=list(poll.choices),
            counts=list(counts),
            votes=sum(counts),
            state=state,
            closes_at=poll.closes_at,
        )
        new = self._poll_id != poll.id
        changed = event != self._poll and sequence - self._polled_at >= COUNTED_PARTS
        due = state == "open" and sequence - self._polled_at >= AGAIN_PARTS
        if not (new or changed or due):
            return []
        self._poll, self._poll_id, self._polled_at = event, poll.id, sequence
        return [event]


def _is_over(poll: PollState, sequence: int) -> bool:
    if poll.closes_at is None:
        return False
    return part_start_s(sequence) >= datetime.fromisoformat(poll.closes_at).timestamp()
