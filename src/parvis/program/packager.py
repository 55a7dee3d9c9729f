"""Cuts one program into numbered parts of both renditions (docs/protocol.md §1, §3). No I/O, no clock.

Rules:

- Ticks are contiguous: the first one pushed begins at program sample `first_sequence × 15,360`. Who has no
  sound for a tick pushes silence.
- A part comes as soon as its last access unit does: in Opus with the first tick of the next part, in AAC
  with the third.
- An event goes into the next part that nobody has seen yet, and into the same part in both renditions. So
  what is told between the last tick of a part and the first of the next rides with the part it is about.
- `flush` completes the part that was begun, with silence, and marks it the last. A program has one part at
  least.
"""

from __future__ import annotations

import numpy as np

from parvis.bus.messages import PartMessage, ProgramRendition
from parvis.clock import TICK_SAMPLES, TICKS_PER_PART
from parvis.errors import LocalProtocolError
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.part import build_part
from parvis.media.rendition import Rendition
from parvis.program.encoders import Encoder, Samples


class ProgramEncoder:
    """All encoders of one program, in step. One owner."""

    def __init__(self, space: str, first_sequence: int, opus_bps: int | None = None) -> None:
        """`opus_bps` is the rendition's own bitrate unless given."""
        self._space = space
        self._first_sequence = first_sequence
        bitrates = {Rendition.OPUS: opus_bps}
        self._cutters = [
            _Cutter(Encoder(rendition, bitrates.get(rendition)), first_sequence) for rendition in Rendition
        ]
        self._ticks = 0
        self._waiting: list[Event] = []
        self._sealed: dict[int, tuple[Event, ...]] = {}
        self._over = False

    @property
    def renditions(self) -> tuple[ProgramRendition, ...]:
        """What an edge must know before the first part."""
        return tuple(
            ProgramRendition(cutter.rendition, init_segment(cutter.rendition), cutter.encoder.silence)
            for cutter in self._cutters
        )

    @property
    def last_sequence(self) -> int:
        """The part that the newest tick belongs to."""
        return self._first_sequence + max(0, self._ticks - 1) // TICKS_PER_PART

    def add_event(self, event: Event) -> None:
        """The event rides in the next part that is completed, in both renditions."""
        self._waiting.append(event)

    def push(self, tick: Samples) -> list[PartMessage]:
        """Takes the next tick, `int16[960]`, and returns the parts that it completes, none to two.

        Raises `LocalProtocolError`: `tick-invalid` for another shape or type, `program-over` after `flush`.
        """
        if tick.shape != (TICK_SAMPLES,) or tick.dtype != np.int16:
            raise LocalProtocolError("tick-invalid", f"{tick.dtype}{list(tick.shape)} is not int16[960]")
        if self._over:
            raise LocalProtocolError("program-over", "the last part of this program has been cut")
        self._ticks += 1
        return self._encode(tick)

    def flush(self) -> list[PartMessage]:
        """Ends the program: the parts that are still to come, the last of each rendition marked so. A second
        call gives none."""
        if self._over:
            return []
        self._over = True
        self._ticks = max(1, self._ticks)
        silence = np.zeros(TICK_SAMPLES, np.int16)
        last, parts = self.last_sequence, list[PartMessage]()
        while any(cutter.sequence <= last for cutter in self._cutters):
            parts += self._encode(silence)
        return [part for part in parts if part.sequence <= last]

    def _encode(self, tick: Samples) -> list[PartMessage]:
        parts = []
        for cutter in self._cutters:
            sequence = cutter.sequence
            access_units = cutter.cut(tick)
            if access_units is None:
                continue
            events = self._events_of(sequence)
            body = build_part(cutter.rendition, sequence, access_units, events)
            last = self._over and sequence == self.last_sequence
            parts.append(PartMessage(self._space, cutter.rendition, sequence, body, events, last))
        return parts

    def _events_of(self, sequence: int) -> tuple[Event, ...]:
        """The first rendition that completes a part decides what rides in it; the last one clears up."""
        if sequence not in self._sealed:
            self._sealed[sequence] = tuple(self._waiting)
            self._waiting.clear()
        events = self._sealed[sequence]
        if all(cutter.sequence > sequence for cutter in self._cutters):
            del self._sealed[sequence]
        return events


class _Cutter:
    """Gathers the access units of one rendition. `sequence` is the part being filled."""

    def __init__(self, encoder: Encoder, first_sequence: int) -> None:
        self.encoder = encoder
        self.rendition = encoder.rendition
        self.sequence = first_sequence
        self._units: list[bytes] = []

    def cut(self, tick: Samples) -> list[bytes] | None:
        """The access units of the part that this tick completes, if it does. A tick is shorter than a part,
        so there is never more than one."""
        self._units += self.encoder.encode(tick)
        count = self.rendition.frames_per_part
        if len(self._units) < count:
            return None
        units, self._units = self._units[:count], self._units[count:]
        self.sequence += 1
        return units
