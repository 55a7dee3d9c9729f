"""The speakers: real WebRTC, one voice, taking turns.

Rules:

- In each Space exactly one speaks at a time, for `TURN_S`, in the order in which they came. Who is gone, or
  is just coming back, is passed over at once: the sound of a rehearsal is silent only where Parvis is.
- The voice's pauses are cut short: it is due in every part (docs/protocol.md §1), but for breath.
- What the voice says goes on through all turns: nobody says what somebody else has just said, which a sound
  check would take for an echo.
- A speaker keeps the seat through whatever happens to Parvis, as `parvis speak` does (`KeptSeat`), until it
  drops.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from parvis.audio import Int16
from parvis.clock import TICK_MS, TICK_SAMPLES, SystemClock
from parvis.errors import ParvisError
from parvis.stage import peer
from parvis.stage.kept_seat import KeptSeat
from parvis.storm.rehearsal.house import Person
from parvis.storm.rehearsal.timeline import TURN_S

QUIET_DBFS: Final = -50.0
BREATH_TICKS: Final = 10
_SILENCE = np.zeros(TICK_SAMPLES, np.int16)


@dataclass(slots=True)
class _Role:
    """Somebody on one stage, with sound."""

    space: str
    handle: str
    seat: KeptSeat
    speaking: asyncio.Task[object] | None = None


class Troupe:
    """All speakers of a rehearsal. `voice` is int16[n], at least one tick."""

    def __init__(self, voice: Int16) -> None:
        peer.allow_loopback()
        self._ticks = without_pauses(voice)
        self._roles: list[_Role] = []
        self._began_s = time.monotonic()
        self.troubles: list[str] = []
        """Why speakers gave up, in words."""

    async def enter(self, space: str, whip_url: str, who: Person) -> None:
        """Takes the seat with sound and begins to take turns. Raises as `Speaker.connect`."""
        role = _Role(space, who.handle, KeptSeat(whip_url, who.token))
        try:
            await role.seat.connect()
        except BaseException:
            await role.seat.drop()
            raise
        self._roles.append(role)
        role.speaking = asyncio.create_task(self._speak(role), name=f"speaker {who.handle}")

    def plays(self, space: str, who: Person) -> bool:
        """Whether this one takes turns there."""
        return any((role.space, role.handle) == (space, who.handle) for role in self._roles)

    async def drop(self, space: str, who: Person) -> None:
        """The connection is gone, without a word. Nothing happens to who has none."""
        if (role := self._take_away(space, who)) is not None:
            await role.seat.drop()

    async def leave(self, space: str, who: Person) -> None:
        """The sound ends, and control is told so. Nothing happens to who has none."""
        if (role := self._take_away(space, who)) is not None:
            await role.seat.close()

    async def close(self) -> None:
        """Everybody leaves."""
        roles, self._roles = self._roles, []
        for role in roles:
            if role.speaking is not None:
                role.speaking.cancel()
        await asyncio.gather(*(role.seat.close() for role in roles), return_exceptions=True)

    def _take_away(self, space: str, who: Person) -> _Role | None:
        for role in self._roles:
            if (role.space, role.handle) == (space, who.handle):
                self._roles.remove(role)
                if role.speaking is not None:
                    role.speaking.cancel()
                return role
        return None

    async def _speak(self, role: _Role) -> None:
        try:
            await role.seat.say(lambda: self._tick(role), SystemClock())
        except ParvisError as error:
            if role in self._roles:
                self._roles.remove(role)
            self.troubles.append(f"a speaker lost the stage for good: {error.detail}")
            await role.seat.drop()

    def _tick(self, role: _Role) -> Int16:
        """What this one says now, int16[960]."""
        elapsed_s = time.monotonic() - self._began_s
        there = [other for other in self._roles if other.space == role.space and other.seat.is_in]
        if not there or there[int(elapsed_s / TURN_S) % len(there)] is not role:
            return _SILENCE
        said: Int16 = self._ticks[int(elapsed_s * 1000 / TICK_MS) % len(self._ticks)]
        return said


def without_pauses(voice: Int16) -> Int16:
    """int16[n] as int16[ticks, 960], never quieter than `QUIET_DBFS` for more than `BREATH_TICKS`."""
    count = len(voice) // TICK_SAMPLES
    ticks = voice[: count * TICK_SAMPLES].reshape(count, TICK_SAMPLES)
    rms = np.sqrt(np.mean((ticks / 32_768) ** 2, axis=1))
    kept, quiet = [], 0
    for number, loud in enumerate(rms > 10 ** (QUIET_DBFS / 20)):
        quiet = 0 if loud else quiet + 1
        if quiet <= BREATH_TICKS:
            kept.append(number)
    return ticks[kept]
