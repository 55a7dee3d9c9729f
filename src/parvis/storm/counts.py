"""What a worker tells its parent twice a second: totals since the start, the present, and histograms.

Messages are whole, not differences: one that is lost costs nothing, and the parent adds up the last of each
worker.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Final

from parvis.errors import RemoteProtocolError
from parvis.storm.histogram import Histogram


@dataclass(slots=True)
class Counts:
    """Whole numbers. Steady listeners are those who are not hampered: neither slow nor lossy."""

    arrived: int = 0
    """Listeners who have tried."""
    connected: int = 0
    """Connections that get sound, now."""
    joining: int = 0
    """Connections that have not got an answer, now."""
    waiting: int = 0
    """Listeners who come back later, now."""
    dry: int = 0
    """Steady listeners whose player has nothing to play, now."""
    hls: int = 0
    """Those of them who listen by HLS."""
    admitted: int = 0
    """Listeners who got a stream at least once."""
    refused: int = 0
    """Answers `503` and `409`."""
    appointments_given: int = 0
    appointments_kept: int = 0
    """Streams that were given for an appointment."""
    gave_up: int = 0
    """Listeners who were refused too often."""
    rejected: int = 0
    """Any other answer than a stream: 404, 410, 400 …"""
    unanswered: int = 0
    """Connections that failed, or got no answer in time."""
    ended: int = 0
    """Streams that ended with their last chunk: the Space is over."""
    dropped: int = 0
    """Streams of steady listeners that ended in any other way."""
    cut: int = 0
    """Streams that were broken off on purpose: those of lossy listeners, and of all in a herd."""
    returned: int = 0
    """Streams that were taken up again after a break."""
    malformed: int = 0
    """Streams that broke the protocol."""
    bursts: int = 0
    parts: int = 0
    bytes: int = 0
    stalls: int = 0
    """Times that a steady listener's player ran dry."""
    gaps: int = 0
    missing_parts: int = 0
    repeats: int = 0
    """Parts that a steady listener got twice."""
    stalled_listeners: int = 0
    gapped_listeners: int = 0
    dropped_listeners: int = 0
    hampered: int = 0
    """Admitted listeners who read slowly or break off on purpose."""
    hampered_stalls: int = 0
    hampered_missing_parts: int = 0
    hampered_dropped: int = 0
    """Streams of slow listeners that the edge ended."""
    paced: int = 0
    """Times that a listener was told of another stretch."""
    listener_ms: int = 0
    """Time connected, of all listeners together."""
    cpu_us: int = 0
    rss_bytes: int = 0
    """Memory of the worker above what it had before its first listener."""

    def add(self, other: Counts) -> None:
        """Adds each field."""
        for name in _NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_NAMES: Final = tuple(entry.name for entry in fields(Counts))
_COUNTS: Final = struct.Struct(f"<B{len(_NAMES)}q")
_values = attrgetter(*_NAMES)


@dataclass(slots=True)
class Report:
    """Everything a worker has counted. `final` says that it is its last."""

    counts: Counts = field(default_factory=Counts)
    delay: Histogram = field(default_factory=Histogram)
    """Arrival of a burst, after the end of the newest sound in it, in ms."""
    behind: Histogram = field(default_factory=Histogram)
    """What listeners hear, after it was said, sampled every 2 s, in ms."""
    join: Histogram = field(default_factory=Histogram)
    """First part whole, after connecting began, in ms."""
    stall: Histogram = field(default_factory=Histogram)
    """Length of silences, in ms."""
    look: Histogram = field(default_factory=Histogram)
    """How long sound may have lain unread because a worker did not look, in ms: the storm's own lateness."""
    notes: list[str] = field(default_factory=list)
    """The first of what went wrong, in words."""
    final: bool = False

    def add(self, other: Report) -> None:
        """Adds another worker's."""
        self.counts.add(other.counts)
        self.delay.merge(other.delay)
        self.behind.merge(other.behind)
        self.join.merge(other.join)
        self.stall.merge(other.stall)
        self.look.merge(other.look)
        self.notes += [note for note in other.notes if note not in self.notes]

    def encode(self) -> bytes:
        """As bytes, at most some 31 KB."""
        pieces = [_COUNTS.pack(self.final, *_values(self.counts))]
        histograms = (self.delay, self.behind, self.join, self.stall, self.look)
        pieces += [histogram.encode() for histogram in histograms]
        return b"".join([*pieces, "\n".join(self.notes).encode()])

    @classmethod
    def decode(cls, data: bytes) -> Report:
        """Reads what `encode` wrote. Raises `RemoteProtocolError` `report-malformed`."""
        try:
            final, *counts = _COUNTS.unpack_from(data)
            delay, offset = Histogram.decode(data, _COUNTS.size)
            behind, offset = Histogram.decode(data, offset)
            join, offset = Histogram.decode(data, offset)
            stall, offset = Histogram.decode(data, offset)
            look, offset = Histogram.decode(data, offset)
        except (struct.error, ValueError) as error:
            raise RemoteProtocolError("report-malformed", f"a worker's report is broken: {error}") from error
        notes = data[offset:].decode()
        return cls(
            Counts(*counts), delay, behind, join, stall, look, notes.split("\n") if notes else [], bool(final)
        )
