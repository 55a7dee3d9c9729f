"""A stage process: rooms by desired state, the mixer clock over all of them, and the answers to control.

Rules:

- Owner of everything here: the stage's asyncio loop. Control's word comes as retained `SpaceMessage`s, so a
  stage that takes a Space, be it from one that was killed, knows what should be live, and goes on numbering
  by the clock.
- A Space that needs no stage has none: no lease, no room, no report (`awake.py`).
- A room exists while this stage holds the Space's lease (`ownership.py`). Before each tick of a room and
  before each publication the hold is looked at; when it is gone, the room lets go of its sessions and says
  nothing any more, not even that the program is over: another stage goes on with it.
- All that is published bears the epoch of the hold, and a request that was meant for another is refused.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import structlog

from parvis.bus.captions import CaptionMessage
from parvis.bus.leases import Leases
from parvis.bus.manners import CrowdMessage, TalkMessage
from parvis.bus.messages import (
    CallMessage,
    EdgeMessage,
    HangupRequest,
    IceRequest,
    OfferRequest,
    ProcessMessage,
    SeatsMessage,
    SpaceMessage,
    StageRequest,
    StandbyMessage,
    decode_stage_request,
)
from parvis.bus.port import Bus
from parvis.bus.votes import CountedMessage
from parvis.clock import TICKS_PER_PART, Clock, sequence_at
from parvis.errors import NotFound, ParvisError, Unavailable
from parvis.settings import StageSettings
from parvis.stage import peer
from parvis.stage.awake import Awake
from parvis.stage.captions import Captions
from parvis.stage.crowd import Crowd
from parvis.stage.manners import Manners
from parvis.stage.ownership import Ownership, Tenure
from parvis.stage.room import ProgramSink, Room
from parvis.stage.ticker import Ticker

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.5
HEARTBEAT_INTERVAL_S = 1.0
EDGE_FORGOTTEN_AFTER_S = 5.0
WORD_PATIENCE_S = 2.0
"""How long a request waits for control's word about a Space or seat that it names: they travel separately."""


class StartOwnedProgram(Protocol):
    """Makes the sink of a Space whose program begins with part `first_sequence`. All of it bears `epoch`, and
    nothing of it is published when `holds()` is false."""

    def __call__(
        self, space: str, first_sequence: int, *, epoch: int, holds: Callable[[], bool]
    ) -> ProgramSink: ...


@dataclass(frozen=True, slots=True)
class OwnRoom:
    """A room and the hold under which it is made."""

    room: Room
    tenure: Tenure

    def report(self) -> SeatsMessage:
        """What control is told of the seats."""
        return replace(self.room.report(), epoch=self.tenure.epoch)


class Stage:
    """All rooms of one stage process."""

    def __init__(
        self,
        settings: StageSettings,
        bus: Bus,
        leases: Leases,
        clock: Clock,
        start_program: StartOwnedProgram,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._clock = clock
        self._start_program = start_program
        self._wanted: dict[str, SpaceMessage] = {}
        """All Spaces that are not over, be they ours or not."""
        self._rooms: dict[str, OwnRoom] = {}
        self._ownership = Ownership(settings.name, leases, clock, self._on_taken, self._on_lost)
        self._abandoned: set[asyncio.Task[None]] = set()
        self._awake = Awake(clock, self.listeners)
        self._begun: set[str] = set()
        """Spaces that went live while this stage knew of them: no other has had them on air before."""
        self._standby: dict[str, StandbyMessage] = {}
        self._captions: dict[str, Captions] = {}
        """Of Spaces that are not over and have any: who takes one over says what has not been said."""
        self._crowd = Crowd(lambda space: space in self._rooms)
        self._manners: dict[str, Manners] = {}
        """Of all Spaces that are not over, as `_wanted`."""
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
                tasks.create_task(self._ownership.run())
                tasks.create_task(self._ticker.run())
                tasks.create_task(self._look())
                tasks.create_task(self._beat())
        finally:
            await self._ownership.release()
            for space in list(self._rooms):
                self._abandon(space)
            await asyncio.gather(*self._abandoned)

    def _tick(self, number: int) -> None:
        for space, own in list(self._rooms.items()):
            if not own.tenure.holds():
                self._ownership.lose(space)
                continue
            if own.room.is_idle and number % TICKS_PER_PART:
                continue
            try:
                own.room.tick(number)
            except Exception:  # one room's bug must not silence the others
                log.exception("a room failed in a tick", space=space)

    async def _obey(self) -> None:
        patterns = (
            *("space.", "standby.", "seats.", "call.", "edge.", "process."),
            *("talk.", "crowd.", "counted.", "caption."),
        )
        async for subject, payload in self._bus.subscribe(*patterns, replay=True):
            try:
                if subject.startswith("edge."):
                    edge = EdgeMessage.decode(payload)
                    self._edges[edge.edge] = (self._clock.monotonic_s(), edge.listeners)
                elif subject.startswith("process."):
                    process = ProcessMessage.decode(payload)
                    if process.role == "stage":
                        self._ownership.hear(process.name)
                elif subject.startswith("seats."):
                    self._hear_seats(SeatsMessage.decode(payload))
                elif subject.startswith("call."):
                    self._call(CallMessage.decode(payload).space)
                elif subject.startswith("standby."):
                    self._take_standby(StandbyMessage.decode(payload))
                elif subject.startswith("caption."):
                    self._take_caption(CaptionMessage.decode(payload))
                elif subject.startswith("talk."):
                    talk = TalkMessage.decode(payload)
                    if talk.space in self._wanted:
                        self._manners_of(talk.space).hear(talk, self._sequence)
                elif subject.startswith("counted."):
                    self._crowd.hear_counted(CountedMessage.decode(payload))
                elif subject.startswith("crowd."):
                    self._crowd.hear(CrowdMessage.decode(payload), self._sequence)
                else:
                    await self._apply(SpaceMessage.decode(payload))
            except ParvisError as error:
                log.warning("a bus message cannot be read", subject=subject, error=str(error))

    @property
    def _sequence(self) -> int:
        """The part of this moment."""
        return sequence_at(self._clock.program_s())

    def _hear_seats(self, seats: SeatsMessage) -> None:
        if seats.on_air:
            self._awake.note_on_air(seats.space)
        if seats.on_air or any(seat.connected for seat in seats.seats):
            self._call(seats.space)

    def _call(self, space: str) -> None:
        """Somebody comes to a Space, or is there: whoever has it should not lack an heir."""
        self._awake.call(space)
        if space in self._wanted:
            self._ownership.want(space)

    def _captions_of(self, space: str) -> Captions:
        if space not in self._captions:
            self._captions[space] = Captions()
        return self._captions[space]

    def _manners_of(self, space: str) -> Manners:
        if space not in self._manners:
            self._manners[space] = Manners(space, self._crowd)
        return self._manners[space]

    def _take_standby(self, message: StandbyMessage) -> None:
        self._standby[message.space] = message
        if message.space in self._rooms:  # else the Space itself comes later
            self._rooms[message.space].room.take_standby(message)

    def _take_caption(self, message: CaptionMessage) -> None:
        if message.space in self._wanted:  # else control has not spoken of the Space, or it is over
            self._captions_of(message.space).take(message)

    async def _apply(self, message: SpaceMessage) -> None:
        before = self._wanted.get(message.id)
        if before is not None and message.revision < before.revision:
            return
        if message.state == "ended":
            await self._end(message)
            return
        self._wanted[message.id] = message
        if before is not None and before.state == "scheduled" and message.state == "live":
            self._begun.add(message.id)
        self._awake.know(message)
        own = self._rooms.get(message.id)
        if own is not None or self._awake.needs(message):
            self._ownership.want(message.id)
        else:
            await self._ownership.rest(message.id)
        if own is not None:
            own.room.apply(message)
        elif message.id in self._ownership.tenures:
            self._make_room(message, self._ownership.tenures[message.id])
        await self._say_word_came()

    async def _end(self, message: SpaceMessage) -> None:
        self._wanted.pop(message.id, None)
        self._standby.pop(message.id, None)
        self._captions.pop(message.id, None)
        self._manners.pop(message.id, None)
        self._awake.forget(message.id)
        self._begun.discard(message.id)
        own = self._rooms.pop(message.id, None)
        if own is not None:
            own.room.apply(message)
            self._bus.forget(f"seats.{message.id}")
        await self._ownership.drop(message.id)
        await self._say_word_came()
        if own is not None:
            await own.room.closed()

    async def _on_taken(self, space: str, tenure: Tenure) -> None:
        try:
            self._make_room(self._wanted[space], tenure)
        except ParvisError as error:  # its next word may be better
            log.warning("a Space cannot be made", space=space, error=str(error))
        await self._say_word_came()

    def _on_lost(self, space: str) -> None:
        if space in self._rooms:
            self._abandon(space)

    def _abandon(self, space: str) -> None:
        """The room is another stage's from now on."""
        own = self._rooms.pop(space)
        own.room.abandon()
        self._bus.forget(f"seats.{space}")
        self._ticker.wanted(bool(self._rooms))
        closing = asyncio.get_running_loop().create_task(own.room.closed())
        self._abandoned.add(closing)
        closing.add_done_callback(self._abandoned.discard)

    async def _say_word_came(self) -> None:
        self._ticker.wanted(bool(self._rooms))
        async with self._word_came:
            self._word_came.notify_all()

    def _make_room(self, message: SpaceMessage, tenure: Tenure) -> None:
        settings = self._settings
        room = Room(
            message,
            stage=settings.name,
            peers=peer.PeerSettings(settings.rtc_port_min, settings.rtc_port_max, settings.rtc_loopback),
            public_address=settings.rtc_public_address,
            max_sessions=settings.max_sessions,
            clock=self._clock,
            start_program=partial(self._start_program, epoch=tenure.epoch, holds=tenure.holds),
            listeners=lambda: self.listeners(message.id),
            on_air=self._awake.is_on_air(message.id),
            begins=message.id in self._begun,
            manners=self._manners_of(message.id),
            max_monitors=settings.max_monitors,
            captions=self._captions_of(message.id),
        )
        if message.id in self._standby:
            room.take_standby(self._standby[message.id])
        self._rooms[message.id] = own = OwnRoom(room, tenure)
        self._report(own)

    def listeners(self, space: str) -> int:
        """How many listen to a Space at all edges."""
        oldest_s = self._clock.monotonic_s() - EDGE_FORGOTTEN_AFTER_S
        return sum(counts.get(space, 0) for seen_s, counts in self._edges.values() if seen_s > oldest_s)

    def _listened(self) -> set[str]:
        return {space for _, counts in self._edges.values() for space in counts}

    async def _answer(self, payload: bytes) -> bytes:
        request = decode_stage_request(payload)
        match request:
            case OfferRequest(_, handle, sdp):
                own = await self._room_that_knows(request)
                room = own.room
                reply = await (room.offer_monitor if request.monitor else room.offer)(handle, sdp)
                self._check_holds(own)
                self._report(own)
                return replace(reply, epoch=own.tenure.epoch).encode()
            case IceRequest(_, handle, session, fragment, tags):
                own = await self._room_that_knows(request)
                patched = await own.room.patch(handle, session, fragment, tags, monitor=request.monitor)
                self._check_holds(own)
                return patched.encode()
            case HangupRequest(_, handle, session):
                own = await self._room_that_knows(request)
                (own.room.monitors if request.monitor else own.room).hangup(handle, session)
                self._report(own)
                return b"{}"

    async def _room_that_knows(self, request: StageRequest) -> OwnRoom:
        """The room that a request names, once control has spoken of its seat or monitor, too. `epoch` of the
        request is that of the owner which was meant; 0 means whoever it is."""
        space, handle, epoch = request.space, request.handle, request.epoch

        def known() -> bool:
            own = self._rooms.get(space)
            if own is None:
                return False
            return own.room.monitors.may(handle) if request.monitor else own.room.has_seat(handle)

        self._call(space)
        async with self._word_came:
            try:
                async with asyncio.timeout(WORD_PATIENCE_S):
                    await self._word_came.wait_for(known)
            except TimeoutError:
                log.info("a request names somebody whom control did not", space=space)
        own = self._rooms.get(space)
        if own is None:
            if space in self._wanted:
                raise _not_owner()
            raise NotFound("space-unknown", "There is no such Space on this stage.")
        self._check_holds(own, epoch)
        return own

    @staticmethod
    def _check_holds(own: OwnRoom, epoch: int = 0) -> None:
        if not own.tenure.holds() or epoch not in (0, own.tenure.epoch):
            raise _not_owner()

    def _report(self, own: OwnRoom) -> None:
        if own.tenure.holds():
            report = own.report()
            self._bus.publish(report.subject, report.encode(), retain=1)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            for space in {*self._awake.come(), *self._listened()}:
                if space in self._wanted and self._awake.needs(self._wanted[space]):
                    self._ownership.want(space)
            for space, own in list(self._rooms.items()):
                await own.room.look()
                if self._rooms.get(space) is own:
                    self._report(own)
            for space in {*self._ownership.tenures, *self._ownership.waiting}:
                await self._rest_if_done(space)

    async def _rest_if_done(self, space: str) -> None:
        own, wanted = self._rooms.get(space), self._wanted.get(space)
        if wanted is None or self._awake.needs(wanted) or (own is not None and not own.room.is_idle):
            return
        if own is not None:
            self._abandon(space)
        await self._ownership.rest(space)

    async def _beat(self) -> None:
        while True:
            gauges = {
                "rooms": len(self._rooms),
                "sessions": sum(own.room.sessions for own in self._rooms.values()),
                "monitors": sum(len(own.room.monitors) for own in self._rooms.values()),
                "taken_over": self._ownership.taken_over,
                "lost": self._ownership.lost,
                "ticks": self._ticker.ticks,
                "late_ticks": self._ticker.late_ticks,
                "skipped_ticks": self._ticker.skipped_ticks,
                "tick_lateness_ms": self._ticker.take_worst_lateness_ms(),
            }
            beat = ProcessMessage(self._settings.name, "stage", os.getpid(), gauges)
            self._bus.publish(beat.subject, beat.encode(), retain=1)
            await asyncio.sleep(HEARTBEAT_INTERVAL_S)


def _not_owner() -> Unavailable:
    return Unavailable("not-owner", "Another stage has this Space.", 0.2)
