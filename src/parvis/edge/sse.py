"""Events for those who take no fMP4 (docs/protocol.md §2, `/events`; WHATWG HTML §9.2).

Rules:

- The events of one part are one text, built once, the same bytes for every reader.
- Both renditions carry the same events: whichever part of a sequence comes first counts.
- Texts are numbered from 1 by the edge itself, for most parts have no events; `id:` still names the part.
- When nothing was said for 15 s, a comment keeps connections and proxies awake.
- Not a line is kept for those who come: they get the latest of each lasting type instead.
- Under strain levels come with each fourth part only, then levels, counts and reactions not at all
  (`strain.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from parvis.edge.bursts import Framing, frame
from parvis.edge.strain import Quiet
from parvis.media.events import Event

COMMENT_AFTER_S: Final = 15.0
KEPT_TEXTS: Final = 94
THIN_PARTS: Final = 4
"""Of so many parts, one has its levels told when events are thinned."""
LASTING: Final = ("state", "stage", "counts", "pin", "poll")
"""Types whose latest is still true now, in the order in which a newcomer gets them."""

_COMMENT = b":\n\n"


def event_text(event: Event, sequence: int | None) -> bytes:
    """One event as it stands in the stream. The JSON of an event has no line breaks."""
    lines = [b"event: " + event.type.encode()]
    if sequence is not None:
        lines.append(b"id: %d" % sequence)
    lines.append(b"data: " + event.body)
    return b"\n".join(lines) + b"\n\n"


class EventFeed:
    """The events of one Space, in order. Times are monotonic seconds."""

    def __init__(self, now_s: float) -> None:
        self.newest = 0
        self.over = False
        self._said_at_s = now_s
        self._latest: dict[str, bytes] = {}

    @cached_property
    def _texts(self) -> deque[bytes]:
        return deque(maxlen=KEPT_TEXTS)

    @property
    def oldest(self) -> int:
        """The first text that is still held."""
        return self.newest - len(self._texts) + 1

    def say(
        self, events: Iterable[Event], sequence: int | None, now_s: float, quiet: Quiet = Quiet.FULL
    ) -> bool:
        """Takes the events of a part, or of no part at all. Whether there was anything to say."""
        texts = []
        for event in events:
            text = event_text(event, sequence)
            if is_past(event):
                self._latest.pop(event.type, None)
            elif event.type in LASTING:
                self._latest[event.type] = text
            if not _left_out(event.type, sequence, quiet):
                texts.append(text)
        if texts:
            self._push(b"".join(texts), now_s)
        return bool(texts)

    def keep_awake(self, now_s: float) -> bool:
        """Adds a comment when it is time; whether it was."""
        if self.over or now_s - self._said_at_s < COMMENT_AFTER_S:
            return False
        self._push(_COMMENT, now_s)
        return True

    def burst(self, first: int, count: int, framing: Framing, event: Event | None = None) -> bytes:
        """Texts `first` to `first + count - 1` as one write; they must be held."""
        assert event is None, "the pace of events changes by itself"
        start = first - self.oldest
        assert start >= 0, (first, self.oldest)
        return frame((self._texts[start + index] for index in range(count)), framing)

    def join(self, head: bytes, instead: Iterable[Event], framing: Framing) -> bytes:
        """What a newcomer gets at once: the latest of each lasting type, or `instead` where none was said."""
        spare = {event.type: event_text(event, None) for event in instead}
        known = {**spare, **self._latest}
        return head + frame([known.get(name, b"") for name in LASTING] + [_COMMENT], framing)

    def _push(self, text: bytes, now_s: float) -> None:
        self._texts.append(text)
        self.newest += 1
        self._said_at_s = now_s


def is_past(event: Event) -> bool:
    """Whether an event says that what was true is over: nothing is pinned any more, a poll is closed."""
    if event.type == "pin":
        return event.fields().get("id") is None
    return event.type == "poll" and event.fields().get("state") == "closed"


def _left_out(type: str, sequence: int | None, quiet: Quiet) -> bool:
    if type == "levels":
        return quiet is Quiet.STILL or (quiet is Quiet.THIN and (sequence or 0) % THIN_PARTS != 0)
    return type in ("counts", "reactions") and quiet is Quiet.STILL
