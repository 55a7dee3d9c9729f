"""What is written, on its way into the parts of one program (docs/protocol.md §8).

Rules:

- A part takes at most `EVENTS_PER_PART` events and `BYTES_PER_PART`; one event may be larger, alone. So what
  a chat costs each listener is bounded, however much is written.
- What has waited for more than `WAIT_PARTS` is left out, the oldest first, and counted: `chat-more` says how
  many. A chat that is read half a minute late is about something else.
- What was taken away is never left out, and goes first. If it has not been told yet, it never is.
- Before the program begins nothing is told; what was written in the seconds before it begins, or before
  another stage took it over, still is. Who hears a message twice knows it by its id.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from parvis.bus.manners import TalkMessage
from parvis.media.events import Event

EVENTS_PER_PART: Final = 4
BYTES_PER_PART: Final = 2_048
WAIT_PARTS: Final = 8
FRESH_PARTS: Final = 16
"""What was written so long before the program begins is still told: 5 s."""
GONE_MAX: Final = 256


class Conversation:
    """Owned by one room. `sequence` is always the part of that moment."""

    def __init__(self) -> None:
        self.left_out = 0
        """Messages that no part had room for, since the start."""
        self._written: deque[tuple[int, Mapping[str, Any], Event]] = deque()
        self._gone: deque[tuple[int, Event]] = deque(maxlen=GONE_MAX)
        self._running = False
        self._heard = 0

    def begin(self, sequence: int) -> None:
        """The program begins with this part."""
        self._running = True
        self._prune(sequence)
        self._written = deque((sequence, fields, event) for _, fields, event in self._written)
        while self._gone and sequence - self._gone[0][0] > FRESH_PARTS:
            self._gone.popleft()

    def hear(self, message: TalkMessage, sequence: int) -> None:
        """One event of control. What was heard before, or is none of ours, changes nothing."""
        if message.number <= self._heard:
            return
        self._heard = message.number
        fields = dict(message.event)
        self._prune(sequence)  # of a program that is another stage's now, nobody takes
        if fields["type"] in ("chat", "chat-back", "invited"):
            self._written.append((sequence, fields, Event.of(**fields)))
        elif fields["type"] == "chat-gone":
            self._take_away(fields, sequence)

    def take(self, sequence: int) -> list[Event]:
        """What part `sequence` tells."""
        missed = 0
        while self._written and sequence - self._written[0][0] > WAIT_PARTS:
            self._written.popleft()
            missed += 1
        told: list[Event] = []
        size = 0
        while len(told) < EVENTS_PER_PART and (self._gone or self._written):
            event = self._gone[0][1] if self._gone else self._written[0][2]
            if told and size + len(event.body) > BYTES_PER_PART:
                break
            size += len(event.body)
            told.append(event)
            if self._gone:
                self._gone.popleft()
            else:
                self._written.popleft()
        self.left_out += missed
        return [*told, Event.of("chat-more", missed=missed)] if missed else told

    def end(self) -> None:
        """The program is over, or another stage's."""
        self._running = False

    def _prune(self, sequence: int) -> None:
        while self._written and sequence - self._written[0][0] > FRESH_PARTS:
            self._written.popleft()

    def _take_away(self, fields: Mapping[str, Any], sequence: int) -> None:
        gone, by = fields.get("id"), fields.get("by")
        before = len(self._written)
        self._written = deque(
            item
            for item in self._written
            if (item[1].get("by") != by if gone is None else item[1].get("id") != gone)
        )
        untold = self._running and gone is not None and len(self._written) < before
        if not untold:
            self._gone.append((sequence, Event.of(**fields)))
