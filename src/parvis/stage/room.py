"""One Space on stage: its seats' sound, mixed every 20 ms, and its program.

Rules:

- Control says what should be (`SpaceMessage`: seats, mutes, state); the room makes it so and keeps no wish of
  its own. Messages that are older than the one obeyed are ignored.
- Whether there is a program, and whether the stage is in it, is for the go-live clock (`clockwork.py`).
  Before that the room is the green room: all hear each other, and nobody else does.
- A seat has at most one session; a new offer for a seat takes the place of the old session.
- A room that everybody has left mixes for two seconds more, until all that the mix remembers has died away,
  and then not at all: a live Space that nobody ends costs little.
- Muted or not heard: the row of the mix is closed, and so is what levels are shown for.
- The program begins at a part boundary, is never interrupted, and ends with the Space.
- While nobody is heard the program carries the standby sound (`standby.py`). The stage does not hear it.
- Who listens at stage delay without a seat hears the program as it is made (`monitors.py`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import numpy as np
import structlog

from parvis.audio import FULL_SCALE, Int16
from parvis.audio.mixer import Mix, Mixed
from parvis.bus.messages import (
    IceReply,
    OfferReply,
    SeatReport,
    SeatsMessage,
    SeatState,
    SpaceMessage,
    StandbyMessage,
)
from parvis.clock import TICK_SAMPLES, TICKS_PER_PART, Clock
from parvis.errors import Conflict, NotFound, Overloaded, Refused
from parvis.media.events import Event
from parvis.stage.bulletin import Bulletin, state_event
from parvis.stage.captions import Captions
from parvis.stage.checks import SoundChecks
from parvis.stage.clockwork import GREEN_ROOM, GoLiveClock, due_tick
from parvis.stage.fragment import parse_fragment
from parvis.stage.manners import Manners
from parvis.stage.monitors import Monitors
from parvis.stage.peer import PeerSettings
from parvis.stage.sdp import check_offer, finish_answer
from parvis.stage.session import Session
from parvis.stage.standby import (
    LOST,
    NONE,
    SOON,
    STANDBY_AFTER_S,
    Choice,
    StandbySound,
    faded,
    is_audible,
)

log = structlog.get_logger(__name__)

HELD_AFTER_S = 5.0
"""A live Space in which nobody is heard for this long is shown as held."""
FORGET_AFTER_S = 600.0
"""How long edges that come late can still learn that a program is over."""
MAX_MONITORS = 10
SETTLED_TICKS = 100
"""After so many without a session the mix has nothing left to say: its limiter is 5 ms late, and an active
speaker is forgotten after 1.2 s."""
_SILENCE: Int16 = np.zeros(TICK_SAMPLES, np.int16)


class ProgramSink(Protocol):
    """Where a live room's sound goes."""

    def push_tick(self, samples: Int16) -> None: ...

    def push_tracks(self, heard: Mapping[str, Int16]) -> None: ...

    def add_event(self, event: Event) -> None: ...

    def end(self) -> None: ...

    def forget(self) -> None: ...


class StartProgram(Protocol):
    """Makes the sink of a Space whose program begins with part `first_sequence`."""

    def __call__(self, space: str, first_sequence: int) -> ProgramSink: ...


class Room:
    """The stage of one Space. All methods are called on the stage's loop.

    `on_air`: another stage had the Space before, and the go-live clock had opened it there. `begins`: it went
    live just now, and nobody has heard anything of it; else one that is live was another stage's.
    """

    def __init__(
        self,
        message: SpaceMessage,
        *,
        stage: str,
        peers: PeerSettings,
        public_address: str,
        max_sessions: int,
        clock: Clock,
        start_program: StartProgram,
        listeners: Callable[[], int],
        on_air: bool = False,
        begins: bool = False,
        manners: Manners | None = None,
        max_monitors: int = MAX_MONITORS,
        captions: Captions | None = None,
    ) -> None:
        self.space = message.id
        self._stage = stage
        self._peers = peers
        self._finish = partial(finish_answer, public_address=public_address, loopback=peers.loopback)
        self.monitors = Monitors(message.id, peers, self._finish, clock, max_monitors)
        self.monitors.allow(message.monitors)
        self._max_sessions = max_sessions
        self._clock = clock
        self._start_program = start_program
        self._listeners = listeners
        due_tick(message)  # is it a time?
        self._wanted = message
        self._sessions: dict[str, Session] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._mix = Mix(max_sessions)
        self._input = np.zeros((max_sessions, TICK_SAMPLES), np.int16)
        self._open = np.zeros(max_sessions, bool)
        self._ticks_alone = SETTLED_TICKS
        self._silent = Mixed(_SILENCE, np.zeros_like(self._input), np.zeros(max_sessions, bool), None)
        self._program: ProgramSink | None = None
        self._next_tick: int | None = None
        self._clockwork = GoLiveClock(on_air=on_air)
        self._airing = GREEN_ROOM
        self._standby = StandbySound(message.id)
        self._standby.prepare(message)
        self._last_heard_s = clock.monotonic_s()
        taken_over = on_air or (message.state in ("live", "held") and not begins)
        self._last_sound_s = clock.monotonic_s() if taken_over else -math.inf
        self._levels: dict[str, int] = {}
        self._active: int | None = None
        self._bulletin = Bulletin()
        self._captions = captions or Captions()
        self._manners = manners
        self._checks = SoundChecks()

    # ------------------------------------------------------------------ what control wants

    def apply(self, message: SpaceMessage) -> None:
        """Obeys the desired state unless a newer one is known. Raises `RemoteProtocolError` `bus-payload`."""
        if message.revision < self._wanted.revision:
            return
        due_tick(message)  # is it a time?
        self._wanted = message
        self._standby.prepare(message)
        seats = {seat.handle for seat in message.seats}
        for handle in self._sessions.keys() - seats:
            self._drop(handle)
        self.monitors.allow(message.monitors)
        if message.state == "ended":
            self.close()

    def take_standby(self, message: StandbyMessage) -> None:
        """The Space's own standby sound."""
        self._standby.take(message)
        self._standby.prepare(self._wanted)

    def close(self) -> None:
        """Ends the program and all sessions."""
        for handle in list(self._sessions):
            self._drop(handle)
        self.monitors.close()
        self._end_program()

    def abandon(self) -> None:
        """Another stage has this Space: lets go of all sessions, and says nothing more of the program, not
        even that it is over."""
        for handle in list(self._sessions):
            self._drop(handle)
        self.monitors.close()
        if self._program is not None:
            self._program.forget()
            self._program = None
        if self._manners is not None:
            self._manners.end()

    async def closed(self) -> None:
        """Waits until all sessions are really closed."""
        waits = (*self._closing, self.monitors.closed(), self._standby.close())
        await asyncio.gather(*waits, return_exceptions=True)

    # ------------------------------------------------------------------ sessions

    async def offer(self, handle: str, sdp: str) -> OfferReply:
        """Answers a WHIP offer for a seat.

        Raises `offer-malformed`, `offer-unsupported`, `no-seat`, `space-ended` or `stage-full`.
        """
        offer = check_offer(sdp)
        if self._wanted.state == "ended":
            raise Conflict("space-ended", "This Space is over.")
        if self._seat(handle) is None:
            raise Refused("no-seat", "There is no seat for you on this stage.")
        old = self._sessions.get(handle)
        if old is None and len(self._sessions) >= self._max_sessions:
            raise Overloaded("stage-full", "All seats of this stage are taken.", 30.0)
        row = old.row if old else next(iter(set(range(self._max_sessions)) - self._rows()))
        session = Session(handle, row, self._peers, self._clock, self._finish)
        if old is None:
            self._mix.reset(row)
        self._sessions[handle] = session
        if old is not None:
            self._checks.forget(old)
            self._close_later(old)
        try:
            answer = await session.ice.answer(offer, send=offer.wants_mix_minus)
        except BaseException:
            if self._sessions.get(handle) is session:
                self._drop(handle)
            raise
        log.info("a seat has sound", space=self.space, seat=handle)
        return OfferReply(session.id, answer, tag=session.ice.tag)

    async def offer_monitor(self, handle: str, sdp: str) -> OfferReply:
        """Answers a WHEP offer. Raises as `Monitors.offer`, and `space-ended`."""
        if self._wanted.state == "ended":
            raise Conflict("space-ended", "This Space is over.")
        return await self.monitors.offer(handle, sdp)

    async def patch(
        self, handle: str, session_id: str, fragment: str, tags: tuple[str, ...], *, monitor: bool
    ) -> IceReply:
        """Takes candidates or restarts ICE. Raises `session-unknown`, and as `IceSession.patch`."""
        sessions = self.monitors if monitor else self
        session = sessions.session(handle, session_id)
        return await session.ice.patch(parse_fragment(fragment), tags)

    def session(self, handle: str, session_id: str) -> Session:
        """Raises `NotFound` `session-unknown`."""
        session = self._sessions.get(handle)
        if session is None or session.id != session_id:
            raise NotFound("session-unknown", "There is no such session.")
        return session

    def hangup(self, handle: str, session_id: str) -> None:
        """Ends a session; the seat stays. Raises `NotFound` `session-unknown`."""
        self.session(handle, session_id)
        self._drop(handle)

    async def look(self) -> None:
        """Reads each transport and lets go of sessions that are over. Call it twice a second."""
        for session in list(self._sessions.values()):
            await session.look()
            if session.is_over and self._sessions.get(session.handle) is session:
                log.info("a seat lost its sound", space=self.space, seat=session.handle)
                self._drop(session.handle)
        self.monitors.look()

    def _drop(self, handle: str) -> None:
        session = self._sessions.pop(handle)
        self._checks.forget(session)
        self._open[session.row] = False
        self._input[session.row] = 0
        self._close_later(session)

    def _close_later(self, session: Session) -> None:
        task = asyncio.get_running_loop().create_task(session.peer.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _rows(self) -> set[int]:
        return {session.row for session in self._sessions.values()}

    @property
    def sessions(self) -> int:
        """How many seats have a session."""
        return len(self._sessions)

    @property
    def is_idle(self) -> bool:
        """Nobody is there and no program runs: a tick at the beginning of a part is enough, to see whether
        one should."""
        return not self._sessions and not self.monitors and self._program is None

    def has_seat(self, handle: str) -> bool:
        """Control knows this seat."""
        return self._seat(handle) is not None

    def _seat(self, handle: str) -> SeatState | None:
        return next((seat for seat in self._wanted.seats if seat.handle == handle), None)

    # ------------------------------------------------------------------ sound

    def tick(self, number: int) -> None:
        """Mixes tick `number` of program time and sends it to everybody."""
        muted = {seat.handle for seat in self._wanted.seats if seat.muted_by}
        connected = []
        for session in self._sessions.values():
            self._input[session.row] = session.pull()
            is_heard = session.is_heard
            self._open[session.row] = is_heard and session.handle not in muted
            if is_heard:
                connected.append(session)
        self._ticks_alone = 0 if self._sessions else self._ticks_alone + 1
        is_settled = self._ticks_alone > SETTLED_TICKS
        rows = 1 + max(self._rows(), default=0)
        mixed = self._silent if is_settled else self._mix.step(self._input[:rows], self._open)
        for session in self._sessions.values():
            session.peer.send(mixed.minus[session.row])
        if self._open.any():
            self._last_heard_s = self._clock.monotonic_s()
            if is_audible(mixed.program):
                self._last_sound_s = self._last_heard_s
        if number % TICKS_PER_PART == TICKS_PER_PART - 1:
            self._take_levels(mixed)
        before = self._airing
        here = {session.handle for session in connected}
        roles = {seat.handle: seat.role for seat in self._wanted.seats if seat.handle in here}
        self._airing = self._clockwork.at(number, self._wanted, roles, self._listeners)
        self._checks.tick(connected, self._input, mixed.minus, on_air=self._airing.on_air)
        if not self._airing.on_air:
            program = self._to_program(number, _SILENCE)
        elif not before.on_air:
            log.info("on air", space=self.space, tick=number, state=self._wanted.state)
            program = self._to_program(number, faded(mixed.program, 0.0, 1.0))
        else:
            program = self._to_program(number, mixed.program)
        self.monitors.send(program)

    def _to_program(self, number: int, samples: Int16) -> Int16:
        """Gives a tick of the stage to the program, and gives what its audience will hear of it."""
        if not self._airing.has_program:
            self._end_program()
            return _SILENCE
        if self._program is not None and number != self._next_tick:
            # The stage was stopped for longer than a part may be late: go on where the clock is.
            self._program = None
        if self._program is None:
            if number % TICKS_PER_PART:
                return _SILENCE
            self._program = self._start_program(self.space, number // TICKS_PER_PART)
            self._bulletin.begin()
            if self._manners is not None:
                self._manners.begin(number // TICKS_PER_PART)
        self._next_tick = number + 1
        if number % TICKS_PER_PART == TICKS_PER_PART - 1:
            # A part is complete a little after its last tick, so what is said now rides on this very part.
            self._say(number // TICKS_PER_PART)
        standby = self._standby.next_tick(self._standby_choice(), number)
        heard = samples if standby is None or not standby.any() else _sum(samples, standby)
        self._program.push_tick(heard)
        if self._wanted.recording == "tracks" and self._airing.on_air:
            seats = self._sessions.values()
            self._program.push_tracks({s.handle: self._input[s.row] for s in seats if self._open[s.row]})
        return heard

    def _end_program(self) -> None:
        if self._program is None:
            return
        ended, self._program = self._program, None
        ended.end()
        if self._manners is not None:
            self._manners.end()

        def forget() -> None:
            if self._program is None:  # else what is retained is the next program's
                ended.forget()

        asyncio.get_running_loop().call_later(FORGET_AFTER_S, forget)

    def _standby_choice(self) -> Choice | None:
        """What the audience hears beside the stage now; None: nothing."""
        if not self._airing.on_air:
            return self._standby.choice(self._wanted, SOON)
        quiet_s = self._clock.monotonic_s() - self._last_sound_s
        if self._open.any() or (quiet_s < STANDBY_AFTER_S and not self._standby.is_playing):
            return None
        if any(session.is_heard for session in self._sessions.values()):
            return self._standby.choice(self._wanted, NONE)
        return self._standby.choice(self._wanted, SOON if math.isinf(self._last_sound_s) else LOST)

    def _take_levels(self, mixed: Mixed) -> None:
        levels = self._mix.take_levels()
        self._levels = {s.handle: int(levels[s.row]) for s in self._sessions.values() if self._open[s.row]}
        self._active = mixed.active

    # ------------------------------------------------------------------ what listeners are told

    def _say(self, sequence: int) -> None:
        assert self._program is not None
        on_air = self._airing.on_air
        active = next((s.handle for s in self._sessions.values() if s.row == self._active), None)
        for event in self._bulletin.events(
            sequence,
            state=state_event(self._wanted, self.state, self._reason),
            speakers=self.speakers(),
            listeners=self._listeners(),
            levels=self._levels if on_air else {},
            active=active,
        ):
            self._program.add_event(event)
        if on_air:
            for event in self._captions.events(sequence, self._wanted):
                self._program.add_event(event)
        if self._manners is not None:
            for event in self._manners.events(sequence, self._wanted):
                self._program.add_event(event)

    @property
    def state(self) -> str:
        """As listeners see it: on air by the clock is live, and live without anybody connected is held."""
        if self._wanted.state not in ("scheduled", "live") or not self._airing.on_air:
            return self._wanted.state
        connected = any(session.is_heard for session in self._sessions.values())
        silent_s = self._clock.monotonic_s() - self._last_heard_s
        return "live" if connected or silent_s < HELD_AFTER_S else "held"

    @property
    def _reason(self) -> str | None:
        return "nobody-connected" if self.state == "held" else self._airing.reason

    def speakers(self) -> list[dict[str, object]]:
        """As in space.json; who is in the green room is not told."""
        return [
            {
                "handle": seat.handle,
                "display_name": seat.display_name,
                "role": seat.role,
                "connected": self._airing.on_air
                and seat.handle in self._sessions
                and self._sessions[seat.handle].is_heard,
                "muted": seat.muted_by is not None,
                "avatar": seat.avatar or None,
            }
            for seat in self._wanted.seats
        ]

    def report(self) -> SeatsMessage:
        """What control is told of the seats."""
        reports = []
        for seat in self._wanted.seats:
            session = self._sessions.get(seat.handle)
            if session is None or not session.is_heard:
                reports.append(SeatReport(seat.handle, connected=False))
                continue
            loss_percent, rtt_ms, jitter_ms = session.quality
            level = self._levels.get(seat.handle, 0)
            check = self._checks.report(session)
            reports.append(SeatReport(seat.handle, True, level, loss_percent, rtt_ms, jitter_ms, check))
        on_air = self._airing.on_air
        return SeatsMessage(self.space, self._stage, self._wanted.revision, tuple(reports), on_air=on_air)


def _sum(mix: Int16, standby: Int16) -> Int16:
    both: Int16 = np.clip(mix.astype(np.int32) + standby, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return both
