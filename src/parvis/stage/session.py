"""One seat's sound: a WebRTC session, its jitter buffer and what the transport tells of it.

Rules:

- A session is *heard* from its first packet until packets stop for `SILENT_AFTER_S`; the seat stays.
- A session is over when its transport failed, or has not been connected for `GONE_AFTER_S`. One that is
  connected and says nothing goes on: its owner still listens.
- Loss is of the last second, not of the whole session: a network that got better says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from parvis.audio import Int16
from parvis.audio.jitter import TickBuffer
from parvis.clock import Clock
from parvis.stage.ice import IceSession
from parvis.stage.peer import Peer, PeerSettings, PeerStats

SILENT_AFTER_S = 1.5
GONE_AFTER_S = 20.0


class Session:
    """The sound of one seat. Owned by its room. `finish` gives an answer its last touches."""

    def __init__(
        self, handle: str, row: int, settings: PeerSettings, clock: Clock, finish: Callable[[str], str]
    ) -> None:
        self.handle = handle
        self.row = row
        self.id = secrets.token_urlsafe(24)
        self._clock = clock
        self._connected_s = clock.monotonic_s()
        self._last_packet_s: float | None = None
        self._stats = PeerStats()
        self._loss_percent: float | None = None
        self.buffer = TickBuffer()
        self.peer = Peer(settings)
        self.ice = IceSession(self.peer, finish)

    def pull(self) -> Int16:
        """The next tick of sound, int16[960]; silence while there is none."""
        for frame in self.peer.take():
            self.buffer.push(frame)
        return self.buffer.tick()

    @property
    def is_heard(self) -> bool:
        """Packets come."""
        if self._last_packet_s is None or self.peer.state in ("failed", "closed"):
            return False
        return self._clock.monotonic_s() - self._last_packet_s < SILENT_AFTER_S

    @property
    def is_over(self) -> bool:
        """Nothing more can be expected of it."""
        if self.peer.state in ("failed", "closed"):
            return True
        return self._clock.monotonic_s() - self._connected_s > GONE_AFTER_S

    @property
    def quality(self) -> tuple[float | None, float | None, float | None]:
        """Loss in per cent over the last look, round trip in ms, jitter in ms; None: not known yet."""
        return self._loss_percent, self._stats.rtt_ms, self._stats.jitter_ms

    async def look(self) -> None:
        """Reads what the transport measured. Call it about twice a second."""
        if self.peer.state == "connected":
            self._connected_s = self._clock.monotonic_s()
        stats = await self.peer.stats()
        received = stats.packets_received - self._stats.packets_received
        lost = max(stats.packets_lost - self._stats.packets_lost, 0)
        if received > 0:
            self._last_packet_s = self._clock.monotonic_s()
            recent = 100 * lost / (received + lost)
            before = recent if self._loss_percent is None else self._loss_percent
            self._loss_percent = round(0.5 * before + 0.5 * recent, 1)
        self._stats = stats
