"""What control does by itself: listens to the bus, holds and resumes Spaces, keeps peaks and totals.

- A live Space in which no seat has been connected for 5 s is *held*; as soon as one is connected, it is live
  again. After a restart of control the 5 s begin anew.
- Whatever the stage says, and once a second, a Space is looked at for what is due: its plan, the succession
  of its host, its end (`spaces/upkeep.py`). One that is only announced, and in which nobody is, costs
  nothing (`board.stirs`).
- Peaks and totals go to the database at most every 10 s, peaks also with the end of a Space.
- A message that makes no sense is logged and skipped, a database that is away is tried again: neither ends
  the watch.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import Final

import structlog

from parvis.api.services import Services
from parvis.bus.messages import ProcessMessage
from parvis.bus.port import Bus
from parvis.errors import NotFound, Overloaded, ProtocolError
from parvis.spaces.space import OPEN_STATES, Space, State

log = structlog.get_logger(__name__)

HELD_AFTER_S: Final = 5.0
PEAKS_EVERY_S: Final = 10.0
PATTERNS: Final = ("seats.", "edge.", "votes.", "pass-use.", "audience.", "process.", "captioner.")
_BEAT_S: Final = 1.0


class Watch:
    """Owner of `LiveState.hear`. `run` goes on until cancelled."""

    def __init__(self, services: Services, bus: Bus) -> None:
        self._services = services
        self._bus = bus
        self._connected_s: dict[str, float] = {}
        self._kept_peaks: dict[str, int] = {}
        self._kept_totals: dict[str, int] = {}
        self._peaks_s = services.clock.monotonic_s()

    async def run(self) -> None:
        """Listens and beats."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="control: listen")
            group.create_task(self._beat(), name="control: beat")

    async def _listen(self) -> None:
        subscription = self._bus.subscribe(*PATTERNS, replay=True)
        try:
            async for subject, payload in subscription:
                await self.hear(subject, payload)
        finally:
            await subscription.aclose()

    async def hear(self, subject: str, payload: bytes) -> None:
        """Takes in one message; a held Space to which somebody connects is live again at once."""
        try:
            if subject.startswith("pass-use."):
                self._services.pass_board.hear(payload)
                return
            if subject.startswith("audience."):
                self._services.presence.hear(payload)
                return
            if subject.startswith("captioner."):
                self._services.captions.hear(payload)
                return
            if subject.startswith("votes."):
                self._services.ballots.hear(payload)
                return
            space_id = self._services.live.hear(subject, payload)
        except (ProtocolError, TypeError, KeyError, ValueError, AttributeError) as error:
            log.warning("message skipped", subject=subject, error=str(error))
            return
        space = self._services.board.get(space_id) if space_id is not None else None
        if space is not None:
            await self._look_at(space)
            await self._keep_up(space.id)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            gauges = {"control_loop_late_seconds": max(0.0, loop.time() - due_s)}
            message = ProcessMessage("control", "control", os.getpid(), gauges)
            self._bus.publish(message.subject, message.encode(), retain=1)
            await self.tick()
            due_s = max(due_s + _BEAT_S, loop.time())
            await asyncio.sleep(due_s - loop.time())

    async def tick(self) -> None:
        """Once a second: who is held, what is kept, what is forgotten."""
        board, live = self._services.board, self._services.live
        for space in self._open(board.stirring() | live.reported()):
            await self._look_at(space)
            await self._keep_up(space.id)
        await self._services.pass_board.look(self._services.passes)
        await self._services.ballots.tick()
        changed = board.take_changed()
        self._services.attendance.look(self._open(live.take_counted() | {space.id for space in changed}))
        await self._services.faces.look(changed)
        now_s = self._services.clock.monotonic_s()
        if now_s - self._peaks_s >= PEAKS_EVERY_S:
            self._peaks_s = now_s
            await self._forget_texts()
            await self._keep_peaks()
            self._services.board.clear_old()
            still_open = {space.id for space in self._services.board.open()}
            for space_id in self._services.pass_board.known():
                if space_id not in still_open:
                    self._services.pass_board.forget(space_id)
            known = frozenset(space.id for space in self._services.board.all())
            self._services.live.keep_only(known)
            self._services.talk.keep_only(known)
            self._services.attendance.keep_only(known)
            self._services.captions.keep_only(known)
            self._services.human_captions.keep_only(known)
            self._connected_s = {s: t for s, t in self._connected_s.items() if s in known}
            self._kept_peaks = {s: n for s, n in self._kept_peaks.items() if s in known}
            self._kept_totals = {s: n for s, n in self._kept_totals.items() if s in known}

    def _open(self, space_ids: Iterable[str]) -> list[Space]:
        found = map(self._services.board.get, sorted(space_ids))
        return [space for space in found if space is not None and space.state in OPEN_STATES]

    async def _look_at(self, space: Space) -> None:
        now_s = self._services.clock.monotonic_s()
        connected = self._services.live.anyone_connected(space.id)
        if connected or space.state is not State.LIVE:
            self._connected_s[space.id] = now_s
        silent_s = now_s - self._connected_s.setdefault(space.id, now_s)
        if space.state is State.HELD and connected:
            await self._set_held(space, held=False)
        elif space.state is State.LIVE and silent_s > HELD_AFTER_S:
            await self._set_held(space, held=True)

    async def _set_held(self, space: Space, *, held: bool) -> None:
        try:
            await self._services.upkeep.set_held(space.id, held=held)
        except (Overloaded, NotFound) as error:
            log.warning("space not held" if held else "space not resumed", space=space.id, error=str(error))
        else:
            log.info("space held" if held else "space resumed", space=space.id)

    async def _keep_up(self, space_id: str) -> None:
        space = self._services.board.get(space_id)
        seen = self._services.live.seen(space_id)
        if space is None or not self._services.upkeep.is_due(space, seen):
            return
        try:
            peak = self._services.live.peak(space_id)
            changed = await self._services.upkeep.carry_out(space_id, seen, peak)
        except (Overloaded, NotFound) as error:
            log.warning("upkeep not carried out", space=space_id, error=str(error))
        else:
            acting = changed.acting.person.handle if changed.acting is not None else None
            log.info("upkeep", space=space_id, state=changed.state.value, acting=acting)

    async def _forget_texts(self) -> None:
        try:
            await self._services.chat.forget()
        except Overloaded as error:
            log.warning("deleted messages not forgotten", error=str(error))

    async def _keep_peaks(self) -> None:
        risen = {
            space_id: peak
            for space_id, peak in self._services.live.peaks().items()
            if peak > self._kept_peaks.get(space_id, 0)
        }
        joined = {
            space_id: by_source
            for space_id, by_source in self._services.live.joined().items()
            if sum(by_source.values()) > self._kept_totals.get(space_id, 0)
        }
        if not (risen or joined):
            return
        try:
            async with self._services.database.write_spaces() as records:
                for space_id, peak in risen.items():
                    await records.note_peak(space_id, peak)
                for space_id, by_source in joined.items():
                    await records.note_joined(space_id, by_source)
        except Overloaded as error:
            log.warning("peaks not kept", error=str(error))
        else:
            self._kept_peaks |= risen
            self._kept_totals |= {space_id: sum(counts.values()) for space_id, counts in joined.items()}
