"""The bytes that listeners get, built once and shared by all who get the same.

Rules:

- A burst is a run of consecutive parts with their transfer coding included: one chunk in HTTP/1.1 (RFC 9112
  §7.1), bare in HTTP/1.0, which ends by closing.
- A join is what a newcomer gets at once: response head, init segment and the parts until where its cohort
  stands. In a storm thousands ask for the same join, so it is kept like a burst.
- What is kept is bounded in bytes; the oldest is dropped first, for bursts go out of use in the order in
  which they came.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from enum import Enum
from typing import Final

from parvis.media.boxes import box_header
from parvis.media.events import Event
from parvis.media.part import event_box

MAX_STRETCH: Final = 64
"""Most parts in one burst: 20.48 s. The ring then still holds the 4 s in which a lost listener comes back."""


OWN_EVENT_INDEX: Final = 255
"""Of an edge's own event among those of its part: no stage sends so many."""


class Framing(Enum):
    """How a body without a known length is carried."""

    CHUNKED = "chunked"
    RAW = "raw"

    __hash__ = object.__hash__  # part of every cohort's key: Enum's own is written in Python


FINAL: Final = {Framing.CHUNKED: b"0\r\n\r\n", Framing.RAW: b""}
"""What ends a body, before the connection is closed."""


def frame(pieces: Iterable[bytes], framing: Framing) -> bytes:
    """One chunk, or the bare bytes. Nothing at all is b"": an empty chunk would end the body."""
    body = b"".join(pieces)
    if framing is Framing.RAW or not body:
        return body
    return b"%x\r\n%b\r\n" % (len(body), body)


def with_event(part: bytes, sequence: int, event: Event, index: int = OWN_EVENT_INDEX) -> bytes:
    """The part with one more event, after its `prft` (docs/protocol.md §3). `index` tells it from others of
    the same part."""
    _, size = box_header(part)
    return b"".join((part[:size], event_box(sequence, index, event), part[size:]))


CACHE_BYTES: Final = 1 << 20
"""Of bursts, and of joins, of each rendition of each Space: what all share who come or are written to within
a second. What is pushed of the ring is a third of it: more would only keep what nobody can ask for."""


KEPT_PARTS: Final = 16
"""For so long what ends with a part is asked for again; later only by who has fallen behind."""


class ByteCache:
    """Bytes by key, at most `limit_bytes` in all, the oldest dropped first. The newest is always kept."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._entries: dict[Hashable, tuple[bytes, int]] = {}
        self.size_bytes = 0

    def get(self, key: Hashable, build: Callable[[], bytes], last: int = 0) -> bytes:
        """What is kept under `key`, built now if need be. `last` is the part with which it ends: what ends
        `KEPT_PARTS` before it is dropped, so that a quiet evening does not fill the cache in an hour."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = (build(), last)
            self.size_bytes += len(entry[0])
            while len(self._entries) > 1:
                oldest = next(iter(self._entries))
                data, ended = self._entries[oldest]
                if self.size_bytes <= self._limit_bytes and ended >= last - KEPT_PARTS:
                    break
                self.size_bytes -= len(data)
                del self._entries[oldest]
        return entry[0]

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self.size_bytes = 0


class Bursts:
    """Bursts and joins of one rendition.

    `part` gives a part's bytes by sequence; it must have every part from the first that is asked for to the
    last.
    """

    def __init__(self, part: Callable[[int], bytes]) -> None:
        self._part = part
        self._bursts = ByteCache(limit_bytes=CACHE_BYTES)
        self._joins = ByteCache(limit_bytes=CACHE_BYTES)

    def burst(self, first: int, count: int, framing: Framing, event: Event | None = None) -> bytes:
        """Parts `first` to `first + count - 1` as one write, `event` in the first. `count` is 1 to 64."""
        assert 1 <= count <= MAX_STRETCH, count

        def build() -> bytes:
            parts = map(self._part, range(first, first + count))
            if event is None:
                return frame(parts, framing)
            return frame((with_event(next(parts), first, event), *parts), framing)

        return self._bursts.get((first, count, framing, event), build, first + count)

    def join(
        self,
        head: Callable[[], bytes],
        init: bytes,
        first: int,
        last: int,
        framing: Framing,
        stretch: int = 1,
    ) -> bytes:
        """Head, init segment and parts `first` to `last`, both included; none when `last < first`. The head
        must be the same for the same arguments."""

        def build() -> bytes:
            parts = (frame([self._part(sequence)], framing) for sequence in range(first, last + 1))
            return b"".join([head(), frame([init], framing), *parts])

        return self._joins.get((first, last, framing, init, stretch), build, last)

    def clear(self) -> None:
        """Forgets everything that was built."""
        self._bursts.clear()
        self._joins.clear()
