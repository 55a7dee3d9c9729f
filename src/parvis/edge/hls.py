"""Low-Latency HLS of a Space at an edge: what its playlists show, and what lies behind their addresses.

Rules:

- A *line* is what one address plays. It begins with the program of its Space and is led over with the
  audience, like a cohort (`onward.py`): the numbers run on, the init segment is the same, so players notice
  nothing. Who plays the address of A counts as one who came from A, and a return takes it along.
- Playlists, parts and segments are built once, whoever asks.
- A segment can be had for as long after it left the playlist as the standard asks (RFC 8216bis §6.2.2), at
  every edge, whether or not somebody has played there: it is made of parts, and those every edge holds for
  a minute (`ring.py`).
- Nobody has a session. A listener takes one second of sound each second, so listeners are counted by the
  sound that was sent: an estimate, and behind a cache that of the cache.

Times are monotonic seconds.
"""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from parvis.bus.messages import Handoff
from parvis.clock import PART_MS, PARTS_PER_SEGMENT, sequence_at
from parvis.edge.bursts import ByteCache
from parvis.edge.captions import captions_segment
from parvis.edge.onward import Onward, Parts
from parvis.edge.ring import HELD_PARTS
from parvis.edge.spaces import SpaceRecord, Spaces
from parvis.edge.view import handoff_event
from parvis.media.events import Event
from parvis.media.playlist import (
    Mark,
    Offer,
    View,
    first_segment,
    media_playlist,
    segment_parts,
    subtitles_playlist,
)
from parvis.media.rendition import Rendition

IDLE_S: Final = 90.0
"""After which a line that nobody asks for is forgotten."""
COUNTED_PARTS: Final = 30
"""Listeners are counted over so many parts: 9.6 s."""


class _Leg:
    """A Space through which a line leads, from part `start` on, and what was told there."""

    __slots__ = ("event", "record", "start")

    def __init__(self, record: SpaceRecord, start: int = 0, event: Event | None = None) -> None:
        self.record = record
        self.start = start
        self.event = event


class Line:
    """What one address plays, in all renditions. `space` is the Space that is heard there now, `via` as in
    `cohorts.Key`. There is something to play when it has `sources`."""

    def __init__(self, record: SpaceRecord) -> None:
        self.space = record.id
        self.via: tuple[str, ...] = ()
        self.used_at_s = float("-inf")
        self.sources: dict[Rendition, Parts] = _begun(record)
        self.sent_parts = 0
        """Parts that somebody took, be it in segments."""
        self._legs = [_Leg(record)]
        self._offers: dict[Rendition, tuple[int, Offer]] = {}
        self._texts = ByteCache(limit_bytes=256 << 10)
        self._segments = ByteCache(limit_bytes=256 << 10)
        self._sent: deque[tuple[float, int]] = deque()

    def newest(self, rendition: Rendition) -> int:
        """The last part that can be had."""
        return self.sources[rendition].newest

    def over(self, rendition: Rendition) -> bool:
        """Nothing comes any more."""
        return self.sources[rendition].over

    def has(self, rendition: Rendition, sequence: int) -> bool:
        """Whether a part can be had now."""
        return self.sources[rendition].holds(sequence)

    def ready_from(self, rendition: Rendition) -> int:
        """The first part with which there is a segment to play."""
        source = self.sources[rendition]
        return (first_segment(source.unbroken_from, source.newest) + 1) * PARTS_PER_SEGMENT - 1

    def playlist(self, rendition: Rendition, *, skip: bool, packed: bool) -> bytes:
        """The playlist as it is now, gzipped if `packed`."""
        source = self.sources[rendition]
        first = first_segment(source.unbroken_from, source.newest)
        marks = tuple(self._marks(first * PARTS_PER_SEGMENT, source.newest))
        others = tuple((other, self.newest(other)) for other in self.sources if other is not rendition)
        view = View(rendition, first, source.newest, source.over, marks, others)
        text = self._texts.get((view, skip), lambda: media_playlist(view, skip=skip))
        if not packed:
            return text
        return self._texts.get((view, skip, "gzip"), lambda: gzip.compress(text, 6, mtime=0))

    def part(self, rendition: Rendition, sequence: int) -> bytes | None:
        """A part, or None if it is gone or was never there."""
        return self.sources[rendition].part(sequence) if self.has(rendition, sequence) else None

    def segment(self, rendition: Rendition, segment: int) -> bytes | None:
        """A segment that is whole, or the last; None if it is gone or not there yet."""
        source = self.sources[rendition]
        parts = segment_parts(segment, source.newest)
        if not parts or not (len(parts) == PARTS_PER_SEGMENT or source.over):
            return None
        if not all(map(source.holds, parts)):
            return None
        return self._segments.get((rendition, parts), lambda: b"".join(map(source.part, parts)))

    def lead_over(self, record: SpaceRecord, start: int, handoff: Handoff, event: Event) -> None:
        """From part `start` on it plays another Space; or, where that is its own, only tells that the
        audience goes elsewhere. Something must have begun there."""
        if handoff.to:
            self.via = self.via[:-1] if handoff.only_from else (*self.via, self.space)
            self.space = record.id
        there = _begun(record)
        if not self.sources:
            self.sources, self._legs = {**there}, [_Leg(record)]
            return
        for rendition, before in self.sources.items():
            if rendition in there:
                seam = Onward(before, there[rendition], start, event)
                self.sources[rendition], start = seam, seam.start
        self._legs.append(_Leg(record, start, event))

    def look(self) -> None:
        """Forgets what nobody can ask for any more. Call it when parts have come."""
        oldest = min((source.newest for source in self.sources.values()), default=0) - HELD_PARTS
        for rendition, source in self.sources.items():
            if isinstance(source, Onward) and source.start < oldest:
                self.sources[rendition] = source.after
        while len(self._legs) > 1 and self._legs[1].start < oldest:
            del self._legs[0]

    def offer(self, rendition: Rendition) -> Offer:
        """What it takes to play a rendition."""
        source = self.sources[rendition]
        end = (source.newest + 1) // PARTS_PER_SEGMENT
        kept = self._offers.get(rendition)
        if kept is None or kept[0] != end:
            segments = range(first_segment(source.unbroken_from, source.newest), end)
            sizes = [
                sum(len(source.part(part)) for part in segment_parts(segment, source.newest))
                for segment in segments
            ]
            kept = self._offers[rendition] = end, Offer.of(rendition, sizes)
        return kept[1]

    def sent(self, parts: int, now_s: float) -> None:
        """So many parts of sound were sent, to whomever."""
        self.sent_parts += parts
        if self._sent and self._sent[-1][0] == now_s:
            parts += self._sent.pop()[1]
        self._sent.append((now_s, parts))

    def listeners(self, now_s: float) -> int:
        """How many take a second of sound each second, by what was sent of late."""
        while self._sent and self._sent[0][0] <= now_s - COUNTED_PARTS * PART_MS / 1000:
            self._sent.popleft()
        return round(sum(parts for _, parts in self._sent) / COUNTED_PARTS)

    @property
    def captions_language(self) -> str | None:
        """The language in which what is heard now is captioned; None when nobody does."""
        record = self._legs[-1].record
        message = record.message
        if record.captioned_by == "off" and not any(leg.record.captions for leg in self._legs):
            return None
        return message.language if message is not None else "und"

    @property
    def captions_follow(self) -> Rendition:
        """The rendition by whose segments captions are cut."""
        return next(iter(self.sources)) if Rendition.AAC not in self.sources else Rendition.AAC

    def captions_playlist(self) -> bytes:
        """The playlist of the subtitles rendition as it is now."""
        source = self.sources[self.captions_follow]
        first = first_segment(source.unbroken_from, source.newest)
        view = View(self.captions_follow, first, source.newest, source.over)
        return self._texts.get((view, "captions"), lambda: subtitles_playlist(view))

    def captions_segment(self, segment: int) -> bytes | None:
        """A segment of it, for as long as that of the sound can be had."""
        if self.segment(self.captions_follow, segment) is None:
            return None
        ends = [leg.start for leg in self._legs[1:]] + [(segment + 1) * PARTS_PER_SEGMENT]
        marks = [
            mark
            for leg, end in zip(self._legs, ends, strict=True)
            for mark in tuple(leg.record.captions)
            if leg.start <= mark.sequence < end
        ]
        return self._texts.get(("captions", segment), lambda: captions_segment(marks, segment))

    def _marks(self, first: int, newest: int) -> Iterator[Mark]:
        """What is to be told of parts `first` to `newest`, and the state in which they begin."""
        ends = [leg.start for leg in self._legs[1:]] + [newest + 1]
        told: list[Mark] = []
        for leg, end in zip(self._legs, ends, strict=True):
            if leg.event is not None and leg.start <= newest:
                told.append(Mark(leg.start, leg.event))
            told += (mark for mark in leg.record.marks if leg.start <= mark.sequence < end)
        before = [mark for mark in told if mark.sequence < first and mark.event.type == "state"]
        yield from before[-1:]
        yield from (mark for mark in told if mark.sequence >= first)


class Lines:
    """The lines of an edge, by the Space in their address. `edge_origin` is ours, for links."""

    def __init__(self, spaces: Spaces, edge_origin: str) -> None:
        self._spaces = spaces
        self._edge_origin = edge_origin
        self._lines: dict[str, Line] = {}
        self._sent_by_gone = 0

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    @property
    def sent_parts(self) -> int:
        """Of all lines, since the start."""
        return self._sent_by_gone + sum(line.sent_parts for line in self)

    def get(self, record: SpaceRecord, now_s: float) -> Line | None:
        """The line at the address of a Space, made now if there is none; None when there is nothing to
        play."""
        line = self._lines.get(record.id)
        if line is None:
            line = self._open(record)
            if not line.sources:
                return None
            self._lines[record.id] = line
        line.used_at_s = now_s
        return line

    def lead_over(self, space: str, record: SpaceRecord, handoff: Handoff, event: Event) -> None:
        """The audience of `space` goes over into `record`'s."""
        for line in self._lines.values():
            came = not handoff.only_from or line.via[-1:] == (handoff.only_from,)
            if line.space == space and came and _begun(record):
                start = max(source.newest for source in line.sources.values()) + 1
                line.lead_over(record, max(start, _announced(handoff)), handoff, event)

    def look(self, now_s: float) -> None:
        """Call it when parts have come."""
        for address, line in list(self._lines.items()):
            if now_s - line.used_at_s >= IDLE_S:
                self._sent_by_gone += line.sent_parts
                del self._lines[address]
            else:
                line.look()

    def listeners(self, now_s: float) -> dict[str, int]:
        """An estimate of those who listen, by the Space that they hear."""
        counts: dict[str, int] = {}
        for line in self._lines.values():
            counts[line.space] = counts.get(line.space, 0) + line.listeners(now_s)
        return {space: count for space, count in counts.items() if count}

    def _open(self, record: SpaceRecord) -> Line:
        """A line as it would be if it had been there all along."""
        line, been = Line(record), {record.id}
        while (handoff := record.handed) is not None and handoff.to not in {"", *been}:
            target = self._spaces.get(handoff.to)
            if target is None or not (target.running or (target.handed and _begun(target))):
                break
            event = handoff_event(record.id, handoff, self._edge_origin)
            line.lead_over(target, _announced(handoff), handoff, event)
            record = target
            been.add(target.id)
        line.look()
        return line


def _begun(record: SpaceRecord) -> dict[Rendition, Parts]:
    return {
        rendition: feed for rendition in Rendition if (feed := record.feeds.get(rendition)) and feed.begun
    }


def _announced(handoff: Handoff) -> int:
    return sequence_at(datetime.fromisoformat(handoff.at).timestamp())
