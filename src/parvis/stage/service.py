"""A stage process: rooms by desired state, the mixer clock over all of them, and the answers to control.

Owner of everything here: the stage's asyncio loop. Control's word comes as retained `SpaceMessage`s, so a
stage that was killed knows on its return what should be live, and goes on numbering by the clock.
"""

from __future__ import annotations

import asyncio
import os

import structlog

from parvis.bus.messages import (
    EdgeMessage,
    HangupRequest,
    OfferRequest,
    ProcessMessage,
    SpaceMessage,
    StandbyMessage,
    decode_stage_request,
)
from parvis.bus.port import Bus
from parvis.clock import Clock
from parvis.errors import NotFound, ParvisError
from parvis.settings import StageSettings
from parvis.stage import peer
from parvis.stage.room import Room, StartProgram
from parvis.stage.ticker import Ticker

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.5
HEARTBEAT_INTERVAL_S = 1.0
EDGE_FORGOTTEN_AFTER_S = 5.0
WORD_PATIENCE_S = 2.0
"""How long a request waits for control's word about a Space or seat that it names: they travel separately."""


class Stage:
    """All rooms of one stage process."""

    def __init__(self, settings: StageSettings, bus: Bus, clock: Clock, start_program: StartProgram) -> None:
        self._settings = settings
        self._bus = bus
        self._clock = clock
        self._start_program = start_program
        self._rooms: dict[str, Room] = {}
        self._standby: dict[str, StandbyMessage] = {}
        self._edges: dict[str, tuple[float, dict[str, int]]] = {}
        self._word_came = asyncio.Condition()
        self._ticker = Ticker(clock, self._tick)

    async def run(self) -> None:
        """Serves until cancelled, then closes all rooms."""
        if self._settings.rtc_loopback:
            peer.allow_loopback()
        self._bus.serve(f"stage.{self._settings.name}", self._answer)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._obey())
                tasks.create_task(self._ticker.run())
                tasks.create_task(self._look())
                tasks.create_task(self._beat())
        finally:
            for room in self._rooms.values():
                room.close()
            await asyncio.gather(*(room.closed() for room in self._rooms.values()))

    def _tick(self, number: int) -> None:
        for room in list(self._rooms.values()):
            try:
                room.tick(number)
            except Exception:  # one room's bug must not silence the others
                log.exception("a room failed in a tick", space=room.space)

    async def _obey(self) -> None:
        async for subject, payload in self._bus.subscribe("space.", "standby.", "edge.", replay=True):
            try:
                if subject.startswith("edge."):
                    edge = EdgeMessage.decode(payload)
                    self._edges[edge.edge] = (self._clock.monotonic_s(), edge.listeners)
                elif subject.startswith("standby."):
                    self._take_standby(StandbyMessage.decode(payload))
                else:
                    await self._apply(SpaceMessage.decode(payload))
            except ParvisError as error:
                log.warning("a bus message cannot be read", subject=subject, error=str(error))

    def _take_standby(self, message: StandbyMessage) -> None:
        self._standby[message.space] = message
        if message.space in self._rooms:  # else the Space itself comes later
            self._rooms[message.space].take_standby(message)

    async def _apply(self, message: SpaceMessage) -> None:
        async with self._word_came:
            room = self._rooms.get(message.id)
            if message.state == "ended":
                self._standby.pop(message.id, None)
            if room is None and message.state != "ended":
                self._rooms[message.id] = self._make_room(message)
                if message.id in self._standby:
                    self._rooms[message.id].take_standby(self._standby[message.id])
            elif room is not None:
                room.apply(message)
                if message.state == "ended":
                    del self._rooms[message.id]
                    self._bus.forget(f"seats.{message.id}")
                    await room.closed()
            self._word_came.notify_all()

    def _make_room(self, message: SpaceMessage) -> Room:
        settings = self._settings
        return Room(
            message,
            stage=settings.name,
            peers=peer.PeerSettings(settings.rtc_port_min, settings.rtc_port_max, settings.rtc_loopback),
            public_address=settings.rtc_public_address,
            max_sessions=settings.max_sessions,
            clock=self._clock,
            start_program=self._start_program,
            listeners=lambda: self.listeners(message.id),
        )

    def listeners(self, space: str) -> int:
        """How many listen to a Space at all edges."""
        oldest_s = self._clock.monotonic_s() - EDGE_FORGOTTEN_AFTER_S
        return sum(counts.get(space, 0) for seen_s, counts in self._edges.values() if seen_s > oldest_s)

    async def _answer(self, payload: bytes) -> bytes:
        request = decode_stage_request(payload)
        match request:
            case OfferRequest(space, handle, sdp):
                room = await self._room_with_seat(space, handle)
                reply = await room.offer(handle, sdp)
                self._bus.publish(*self._reported(room), retain=1)
                return reply.encode()
            case HangupRequest(space, handle, session):
                room = await self._room_with_seat(space, handle)
                room.hangup(handle, session)
                self._bus.publish(*self._reported(room), retain=1)
                return b"{}"

    async def _room_with_seat(self, space: str, handle: str) -> Room:
        def known() -> bool:
            room = self._rooms.get(space)
            return room is not None and room.has_seat(handle)

        async with self._word_came:
            try:
                async with asyncio.timeout(WORD_PATIENCE_S):
                    await self._word_came.wait_for(known)
            except TimeoutError:
                log.info("a request names a seat that control did not", space=space)
        room = self._rooms.get(space)
        if room is None:
            raise NotFound("space-unknown", "There is no such Space on this stage.")
        return room

    @staticmethod
    def _reported(room: Room) -> tuple[str, bytes]:
        report = room.report()
        return report.subject, report.encode()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            for room in list(self._rooms.values()):
                await room.look()
                if room.space in self._rooms:
                    self._bus.publish(*self._reported(room), retain=1)

    async def _beat(self) -> None:
        while True:
            gauges = {
                "rooms": len(self._rooms),
                "sessions": sum(room.sessions for room in self._rooms.values()),
                "ticks": self._ticker.ticks,
                "late_ticks": self._ticker.late_ticks,
                "skipped_ticks": self._ticker.skipped_ticks,
                "tick_lateness_ms": self._ticker.take_worst_lateness_ms(),
            }
            beat = ProcessMessage(self._settings.name, "stage", os.getpid(), gauges)
            self._bus.publish(beat.subject, beat.encode(), retain=1)
            await asyncio.sleep(HEARTBEAT_INTERVAL_S)
