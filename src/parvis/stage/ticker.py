"""The mixer clock: one call every 20 ms of program time, numbered since the Unix epoch.

Rules:

- Tick n is due at n × 20 ms. It neither drifts (each is due by the clock, not by the one before) nor bursts
  (nothing is called before it is due).
- Nobody who wants ticks: none are called, and nothing wakes up for them.
- A tick that is late is made up for at once, for the sound must be whole; after a stall of more than
  `SKIP_AFTER_TICKS` what was missed is skipped, and the next number is the clock's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from parvis.clock import TICK_MS, Clock

log = structlog.get_logger(__name__)

SKIP_AFTER_TICKS = 25
"""500 ms: an edge waits 1 s for a part before it fills in, and inputs hold no more than this."""


class Ticker:
    """Calls `on_tick(number)` until cancelled. `on_tick` must return in well under 20 ms and not raise."""

    def __init__(self, clock: Clock, on_tick: Callable[[int], None]) -> None:
        self._clock = clock
        self._on_tick = on_tick
        self.ticks = 0
        self.skipped_ticks = 0
        self.worst_lateness_ms = 0.0
        self.late_ticks = 0
        """Ticks that began more than 20 ms after they were due."""
        self._wanted = asyncio.Event()

    def wanted(self, yes: bool) -> None:
        """Whether ticks are wanted from now on; at first they are not."""
        if yes:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def run(self) -> None:
        """Runs for ever."""
        while True:
            await self._wanted.wait()
            number = self.number_at(self._clock.program_s()) + 1
            while self._wanted.is_set():
                wait_s = number * TICK_MS / 1000 - self._clock.program_s()
                await asyncio.sleep(max(wait_s, 0))
                number = self.step(number)

    def step(self, number: int) -> int:
        """Runs tick `number`, or skips when the clock is far ahead, and gives the next number."""
        late_ms = self._clock.program_s() * 1000 - number * TICK_MS
        if late_ms > SKIP_AFTER_TICKS * TICK_MS:
            now = self.number_at(self._clock.program_s())
            log.warning("the mixer was stopped", skipped_ticks=now - number)
            self.skipped_ticks += now - number
            number = now
        self.worst_lateness_ms = max(self.worst_lateness_ms, late_ms)
        self.late_ticks += late_ms > TICK_MS
        self.ticks += 1
        self._on_tick(number)
        return number + 1

    def take_worst_lateness_ms(self) -> float:
        """The worst since the last call."""
        worst, self.worst_lateness_ms = self.worst_lateness_ms, 0.0
        return worst

    @staticmethod
    def number_at(program_s: float) -> int:
        """Number of the tick that holds this moment."""
        return int(program_s * 1000) // TICK_MS
