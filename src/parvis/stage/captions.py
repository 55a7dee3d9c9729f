"""Captions on their way into the program, Space by Space (docs/protocol.md §9). No I/O.

Rules:

- Only what the Space asks for now: a machine's words under `automatic`, people's under `human`.
- A part holds at most `EACH_PART` of them. A later one of the same id takes the place of the one before, and
  what has been said already is not said again.
- Words are never ahead of their sound: what claims to begin later than the part in which it rides, begins
  there.
- Words that are `TOO_LATE_MS` old help nobody who listens now and are left out; so is what does not fit,
  the oldest first. Both are counted.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from parvis.bus.captions import CaptionMessage
from parvis.bus.messages import SpaceMessage
from parvis.clock import PART_MS
from parvis.media.events import Event

EACH_PART: Final = 4
MOST_WAITING: Final = 32
MOST_SAID: Final = 64
TOO_LATE_MS: Final = 30_000


class Captions:
    """Those of one Space. Owned by the stage's loop."""

    def __init__(self) -> None:
        self.left_out = 0
        self._waiting: OrderedDict[str, CaptionMessage] = OrderedDict()
        self._said: OrderedDict[str, CaptionMessage] = OrderedDict()

    def take(self, message: CaptionMessage) -> None:
        """One of the bus; it may come twice."""
        if self._said.get(message.id) == message:
            return
        self._waiting[message.id] = message
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
            self.left_out += 1

    def events(self, sequence: int, wanted: SpaceMessage) -> list[Event]:
        """Those that ride in part `sequence`, oldest first."""
        end_ms = (sequence + 1) * PART_MS
        events: list[Event] = []
        while self._waiting and len(events) < EACH_PART:
            _, message = self._waiting.popitem(last=False)
            if message.end_ms < end_ms - TOO_LATE_MS or not _is_wanted(message, wanted):
                self.left_out += 1
                continue
            self._said[message.id] = message
            while len(self._said) > MOST_SAID:
                self._said.popitem(last=False)
            events.append(_event(message, end_ms - PART_MS))
        return events


def _is_wanted(message: CaptionMessage, wanted: SpaceMessage) -> bool:
    return wanted.captions == ("human" if message.by else "automatic")


def _event(message: CaptionMessage, part_start_ms: int) -> Event:
    start_ms = min(message.start_ms, part_start_ms)
    return Event.of(
        "caption",
        id=message.id,
        start_ms=start_ms,
        end_ms=start_ms + (message.end_ms - message.start_ms),
        text=message.text,
        final=message.final,
        lang=message.lang,
        by=message.by or None,
    )
