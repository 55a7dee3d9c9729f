"""Two who speak in turn, by WebRTC: a click each second, and the wall clock at which it was said."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from parvis.audio import Int16
from parvis.clock import SAMPLE_RATE_HZ, TICK_MS, TICK_SAMPLES, SystemClock
from parvis.errors import ParvisError
from parvis.stage import peer
from parvis.stage.kept_seat import KeptSeat
from tests.parvis import wait_until

CLICK_TICKS: Final = 1000 // TICK_MS
LATE_S: Final = 0.01
"""A click handed over later than this says more of the machine than of the clocks: it is not counted."""
_SILENCE = np.zeros(TICK_SAMPLES, np.int16)
_CLICK = _SILENCE.copy()
_CLICK[:96] = 20_000 * np.sin(2 * np.pi * 2_000 * np.arange(96) / SAMPLE_RATE_HZ)


class Mouths:
    """Whoever has a seat in a Space and a token, in a thread, until `close()`. `said` holds (Unix time,
    session) of each click that was handed over in time; a session is a name and how often it has entered."""

    def __init__(self, whip_url: str, tokens: Mapping[str, str], turn_s: float) -> None:
        peer.allow_loopback()
        self.said: list[tuple[float, str]] = []
        self.troubles: list[str] = []
        self.entries: dict[str, int] = {}
        self._whip_url, self._tokens, self._turn_s = whip_url, tokens, turn_s
        self._began_s = time.monotonic()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._speak()), name="mouths", daemon=True)
        self._thread.start()

    def wait_for_clicks(self, count: int) -> None:
        """Until so many have been said."""
        wait_until(lambda: len(self.said) >= count or bool(self.troubles), patience_s=60)

    def close(self) -> None:
        """They leave."""
        self._ending.set()
        self._thread.join(60)

    async def _speak(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for place, (name, token) in enumerate(self._tokens.items()):
                    group.create_task(self._one(place, name, token))
        except* ParvisError as failed:
            self.troubles += [str(error) for error in failed.exceptions]

    async def _one(self, place: int, name: str, token: str) -> None:
        seat = KeptSeat(self._whip_url, token)
        await seat.connect()
        try:
            await seat.say(self._ticks(place, name, seat), SystemClock())
        finally:
            await seat.close()

    def _ticks(self, place: int, name: str, seat: KeptSeat) -> Callable[[], Int16 | None]:
        count, began_s = 0, time.monotonic()

        def tick() -> Int16 | None:
            nonlocal count
            late_s = time.monotonic() - began_s - count * TICK_MS / 1000
            count += 1
            self.entries[name] = seat.entries
            if self._ending.is_set():
                return None
            turn = int((time.monotonic() - self._began_s) / self._turn_s) % len(self._tokens)
            if turn != place or count % CLICK_TICKS:
                return _SILENCE
            if late_s < LATE_S:
                self.said.append((time.time(), f"{name} {seat.entries}"))
            return _CLICK

        return tick
