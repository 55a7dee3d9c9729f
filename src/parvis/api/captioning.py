"""Captions between control and the bus: lines of people to the stages, and which captioners are there."""

from __future__ import annotations

from parvis.api.live import FRESH_S
from parvis.bus.captions import CAPTIONS_RETAINED, CaptionerMessage, CaptionMessage
from parvis.bus.port import Publisher
from parvis.clock import Clock
from parvis.spaces.caption import Caption


class BusCaptions:
    """Implements `parvis.spaces.captions.CaptionSink`."""

    def __init__(self, bus: Publisher, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._captioners: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._captioned: set[str] = set()
        """Spaces of which lines are retained on the bus."""

    def caption(self, caption: Caption) -> None:
        """One line, for the program."""
        message = CaptionMessage(
            space=caption.space_id,
            id=caption.id,
            start_ms=caption.start_ms,
            end_ms=caption.end_ms,
            text=caption.text,
            lang=caption.language,
            by=caption.by,
        )
        self._captioned.add(caption.space_id)
        self._bus.publish(message.subject, message.encode(), retain=CAPTIONS_RETAINED)

    def hear(self, payload: bytes) -> None:
        """A captioner is there. Raises `RemoteProtocolError`."""
        message = CaptionerMessage.decode(payload)
        self._captioners[message.name] = self._clock.monotonic_s(), message.languages

    @property
    def languages(self) -> list[str]:
        """Those that can be captioned by a machine now, in order."""
        oldest_s = self._clock.monotonic_s() - FRESH_S
        return sorted({one for at_s, known in self._captioners.values() if at_s >= oldest_s for one in known})

    def keep_only(self, space_ids: frozenset[str]) -> None:
        """Forgets what concerns other Spaces, here and on the bus."""
        for space_id in self._captioned - space_ids:
            self._bus.forget(f"caption.{space_id}")
        self._captioned &= space_ids
