"""One track a speaker, beside the program, for Spaces whose recording asks for it.

Rules:

- A track is Opus parts as the program's (docs/protocol.md §3) without events, on `track.{space}.{handle}`.
- It is cut at the same samples as the program, so tracks and program lie under each other by number alone.
- A track has parts only while its seat is heard. Who comes in the middle of a part is silent before; who goes
  is silent to the end of it, and the encoder is let go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from parvis.bus.messages import PartMessage
from parvis.clock import TICK_SAMPLES, TICKS_PER_PART
from parvis.media.part import build_part
from parvis.media.rendition import Rendition
from parvis.program.encoders import Encoder, Samples

_SILENCE: Final = np.zeros(TICK_SAMPLES, np.int16)


class Tracks:
    """All tracks of one program. One owner."""

    def __init__(self, space: str) -> None:
        self._space = space
        self._tracks: dict[str, _Track] = {}
        self._next_tick: int | None = None

    def push(self, tick: int, heard: Mapping[str, Samples]) -> dict[str, list[PartMessage]]:
        """Tick number `tick` of program time: `int16[960]` of each seat that is heard, by handle.

        Returns the parts that are complete, by handle. After a tick that was left out all begin anew.
        """
        parts = self.flush() if tick != self._next_tick else {}
        self._next_tick = tick + 1
        for handle in heard.keys() - self._tracks.keys():
            self._tracks[handle] = _Track(self._space, tick)
        for handle, track in list(self._tracks.items()):
            found = track.push(heard.get(handle, _SILENCE), is_heard=handle in heard)
            if track.is_over:
                del self._tracks[handle]
            if found:
                parts[handle] = parts.get(handle, []) + found
        return parts

    def flush(self) -> dict[str, list[PartMessage]]:
        """Ends all: the parts that were begun, with silence to their ends."""
        parts = {handle: track.flush() for handle, track in self._tracks.items()}
        self._tracks.clear()
        return {handle: found for handle, found in parts.items() if found}


class _Track:
    """One seat's sound from a part's beginning on."""

    def __init__(self, space: str, tick: int) -> None:
        self._space = space
        self._encoder = Encoder(Rendition.OPUS)
        self._units: list[bytes] = []
        self._sequence, missed = divmod(tick, TICKS_PER_PART)
        self._pushed = missed
        self._heard_parts = self._sequence
        self._first = self._sequence
        self._units += self._encoder.encode(np.zeros(missed * TICK_SAMPLES, np.int16))

    @property
    def is_over(self) -> bool:
        """Every part in which the seat was heard is out."""
        return self._sequence > self._heard_parts

    def push(self, samples: Samples, *, is_heard: bool) -> list[PartMessage]:
        """The next tick. Silence makes no parts of its own, only completes those begun."""
        if is_heard:
            self._heard_parts = self._first + self._pushed // TICKS_PER_PART
        self._pushed += 1
        self._units += self._encoder.encode(samples)
        parts = []
        while len(self._units) >= TICKS_PER_PART and not self.is_over:
            units, self._units = self._units[:TICKS_PER_PART], self._units[TICKS_PER_PART:]
            body = build_part(Rendition.OPUS, self._sequence, units)
            parts.append(PartMessage(self._space, Rendition.OPUS, self._sequence, body))
            self._sequence += 1
        return parts

    def flush(self) -> list[PartMessage]:
        """All that is left, completed by silence."""
        parts: list[PartMessage] = []
        while not self.is_over:
            parts += self.push(_SILENCE, is_heard=False)
        return parts
