"""A Space: its life, its seats, and what may change when. Pure: every change gives a new Space.

The life of a Space::

    scheduled ──start──▶ live ◀──resume── held ──end──▶ ended
        │                 │ └────hold─────▶ ▲             ▲
        └──────end────────┴───────end───────┼─────────────┘
                                            └ start: nothing to do

- *start* puts it on air. On a Space that is live or held it changes nothing.
- *hold* says that no speaker is connected; the Space stays open. *resume* says that one is back.
- *end* is final. A Space that never began may be ended: it is called off (`end_reason` is "cancelled").
  Ending it twice changes nothing.
- *postpone* moves the announced time of a scheduled Space whose host is absent (`plan.py`).
- Nothing of an ended Space changes any more; its seats stay as history.

The seats of a Space: exactly 1 host, at most 2 co-hosts, at most `max_speakers` speakers. One of those who
are not host may be *acting host* while the host is away (`succession.py`). The seat of a suspended account is
kept, but is not on stage.

Times are Unix milliseconds. `revision` grows by one with each change that the stage and the edges must know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from parvis.errors import Conflict, NotFound
from parvis.spaces.handoff import Handoff, withdrawn
from parvis.spaces.message import Pinned
from parvis.spaces.monitor import Monitor
from parvis.spaces.permissions import Standing
from parvis.spaces.poll import Poll
from parvis.spaces.seat import Person, Role, Seat
from parvis.spaces.terms import DEFAULT_TERMS, Recording, Terms
from parvis.spaces.visibility import DEFAULT_LISTING, Listing

MAX_CO_HOSTS: Final = 2
CANCELLED: Final = "cancelled"


class State(StrEnum):
    """Where a Space is in its life."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    HELD = "held"
    ENDED = "ended"


OPEN_STATES: Final = (State.SCHEDULED, State.LIVE, State.HELD)
ON_AIR: Final = (State.LIVE, State.HELD)
_NOBODY_ACTS: Final = {"acting_id": None, "host_away_since_ms": None, "acting_away_since_ms": None}


@dataclass(frozen=True, slots=True)
class Space:
    """One live audio event. `seats` holds those who left, too: `on_stage` are those who have a seat now.

    `acting_id` is the account of the acting host. `host_away_since_ms` and `acting_away_since_ms` say since
    when they are not connected, `held_since_ms` since when nobody is; `ends_at_ms` when it ends by itself
    after a handoff. `standby_loop` counts uploads of a standby sound, negative when there is none any more.
    `poll` is the newest one. `total_listeners` is how many have begun to listen, as it was kept last.
    """

    id: str
    revision: int
    title: str
    description: str
    language: str
    state: State
    max_speakers: int
    created_at_ms: int
    starts_at_ms: int | None
    started_at_ms: int | None
    ended_at_ms: int | None
    peak_listeners: int
    seats: tuple[Seat, ...]
    terms: Terms = DEFAULT_TERMS
    acting_id: str | None = None
    host_away_since_ms: int | None = None
    acting_away_since_ms: int | None = None
    held_since_ms: int | None = None
    ends_at_ms: int | None = None
    postponed: int = 0
    recorded: bool = False
    standby_loop: int = 0
    handoffs: tuple[Handoff, ...] = ()
    listing: Listing = DEFAULT_LISTING
    end_reason: str | None = None
    pinned: Pinned | None = None
    poll: Poll | None = None
    monitors: tuple[Monitor, ...] = ()
    total_listeners: int = 0

    @property
    def taken(self) -> tuple[Seat, ...]:
        """Seats that are taken, in the order in which they were; those of suspended accounts, too."""
        return tuple(seat for seat in self.seats if seat.left_at_ms is None)

    @property
    def on_stage(self) -> tuple[Seat, ...]:
        """Seats whose owners may be heard, in the order in which they were taken."""
        return tuple(seat for seat in self.taken if not seat.suspended)

    @property
    def host(self) -> Seat:
        """The host's seat. There is always one."""
        return next(seat for seat in self.taken if seat.role is Role.HOST)

    @property
    def acting(self) -> Seat | None:
        """The seat of the acting host."""
        return self.seat_of(self.acting_id) if self.acting_id is not None else None

    @property
    def is_on_air(self) -> bool:
        """Live or held."""
        return self.state in ON_AIR

    @property
    def auto_starts(self) -> bool:
        """Whether it goes on air by itself at its time."""
        return self.starts_at_ms is not None and self.terms.auto_start is not False

    def seat_of(self, account_id: str) -> Seat | None:
        """The seat that this account has now."""
        return next((seat for seat in self.on_stage if seat.person.account_id == account_id), None)

    def seat_named(self, handle: str) -> Seat:
        """The seat of a handle. Raises `NotFound` `seat-unknown`."""
        for seat in self.on_stage:
            if seat.person.handle == handle:
                return seat
        raise NotFound("seat-unknown", f"@{handle} has no seat in this Space.")

    def role_of(self, account_id: str | None) -> Role | None:
        """The role of an account here; None for listeners and strangers."""
        seat = self.seat_of(account_id) if account_id is not None else None
        return seat.role if seat is not None else None

    def is_monitor(self, account_id: str) -> bool:
        """Whether this account may listen at stage delay."""
        return any(m.person.account_id == account_id and not m.suspended for m in self.monitors)

    def standing_of(self, account_id: str | None) -> Standing | None:
        """What an account is here at this moment; None for listeners and strangers."""
        role = self.role_of(account_id)
        if role is None:
            return None
        if role is not Role.HOST and account_id == self.acting_id:
            return Standing.ACTING_HOST
        return Standing(role.value)

    # Life.

    def start(self, now_ms: int) -> Space:
        """On air from now on. Raises `Conflict` `space-ended`."""
        self.check_open()
        if self.state in ON_AIR:
            return self
        recorded = self.terms.recording is not Recording.OFF
        return self._changed(state=State.LIVE, started_at_ms=now_ms, recorded=recorded)

    def hold(self, now_ms: int) -> Space:
        """No speaker is connected. Only what is live can be held."""
        if self.state is not State.LIVE:
            return self
        return self._changed(state=State.HELD, held_since_ms=now_ms)

    def resume(self) -> Space:
        """A speaker is back. Only what is held can be resumed."""
        if self.state is not State.HELD:
            return self
        return self._changed(state=State.LIVE, held_since_ms=None)

    def end(self, now_ms: int, peak_listeners: int) -> Space:
        """Over, for good. Raises nothing: what has ended has ended."""
        if self.state is State.ENDED:
            return self
        peak = max(peak_listeners, self.peak_listeners)
        return self._changed(
            state=State.ENDED,
            end_reason=CANCELLED if self.state is State.SCHEDULED else None,
            ended_at_ms=now_ms,
            peak_listeners=peak,
            ends_at_ms=None,
            held_since_ms=None,
            handoffs=withdrawn(self.handoffs),
            poll=None,
            **_NOBODY_ACTS,
        )

    def cancel(self, now_ms: int) -> Space:
        """Called off before it began. Raises `Conflict` `space-begun`, `space-ended`."""
        if self.end_reason == CANCELLED:
            return self
        self.check_open()
        if self.state is not State.SCHEDULED:
            raise Conflict("space-begun", "This Space has begun: it can be ended, not called off.")
        return self.end(now_ms, 0)

    def check_open(self) -> None:
        """Raises `Conflict` `space-ended`."""
        if self.state is State.ENDED:
            raise Conflict("space-ended", "This Space is over.")

    # What it is called.

    def edit(
        self,
        *,
        title: str | None = None,
        description: str | None = None,
        language: str | None = None,
    ) -> Space:
        """New words, already checked; None leaves as it is. Raises `Conflict` `space-ended`."""
        self.check_open()
        words = {"title": title, "description": description, "language": language}
        changes = {
            name: value for name, value in words.items() if value is not None and value != getattr(self, name)
        }
        return self._changed(**changes) if changes else self

    def reschedule(self, starts_at_ms: int | None) -> Space:
        """Another announced time, or none. Raises `Conflict` `space-ended`, `space-begun`."""
        self.check_open()
        if self.state is not State.SCHEDULED:
            raise Conflict("space-begun", "This Space has begun: its time can't be changed any more.")
        if starts_at_ms == self.starts_at_ms:
            return self
        return self._changed(starts_at_ms=starts_at_ms, postponed=0)

    def settle(self, terms: Terms) -> Space:
        """Other settings, already checked. Raises `Conflict` `space-ended`."""
        self.check_open()
        if terms == self.terms:
            return self
        recorded = self.recorded or (self.is_on_air and terms.recording is not Recording.OFF)
        return self._changed(terms=terms, recorded=recorded)

    def list_as(self, listing: Listing) -> Space:
        """Shown otherwise to those outside it; already checked. Raises `Conflict` `space-ended`."""
        self.check_open()
        return self if listing == self.listing else self._changed(listing=listing)

    def with_monitors(self, monitors: tuple[Monitor, ...]) -> Space:
        """Others may listen at stage delay. Raises `Conflict` `space-ended`."""
        self.check_open()
        return self if monitors == self.monitors else self._changed(monitors=monitors)

    def with_standby_loop(self, *, there: bool) -> Space:
        """A standby sound was uploaded, or taken away. Raises `Conflict` `space-ended`."""
        self.check_open()
        uploads = abs(self.standby_loop) + 1
        if not there and self.standby_loop <= 0:
            return self
        return self._changed(standby_loop=uploads if there else -uploads)

    # Who is on stage.

    def seat_person(self, person: Person, role: Role, now_ms: int) -> Space:
        """Gives a seat, or a higher role to who has one. Who comes back is still muted by the host if it was.

        Raises `Conflict` `space-ended`, `stage-locked`, `stage-full`.
        """
        self.check_open()
        assert role is not Role.HOST, "a host is made with the Space"
        seat = self.seat_of(person.account_id)
        if seat is not None:
            rises = seat.role is Role.SPEAKER and role is Role.CO_HOST
            return self.give_role(seat, role) if rises else self
        if self.terms.stage_locked:
            raise Conflict("stage-locked", "The stage is locked: nobody takes a new seat now.")
        self._check_room(role)
        before = next((s for s in self.seats if s.person.account_id == person.account_id), None)
        muted = before is not None and before.muted_by_host
        new = Seat(person=person, role=role, taken_at_ms=now_ms, muted_by_host=muted)
        rest = tuple(s for s in self.seats if s is not before)
        return self._changed(seats=(*rest, new))

    def give_role(self, seat: Seat, role: Role) -> Space:
        """Another role on stage. Raises `Conflict` `space-ended`, `host-must-stay`, `stage-full`."""
        self.check_open()
        if seat.role is Role.HOST or role is Role.HOST:
            raise Conflict("host-must-stay", "A Space has exactly one host.")
        if seat.role is role:
            return self
        self._check_room(role)
        return self.with_seat(replace(seat, role=role))

    def unseat(self, seat: Seat, now_ms: int, *, removed: bool) -> Space:
        """Takes a seat away; `removed` says that it was not its owner's wish.

        Raises `Conflict` `space-ended`, `host-must-stay`.
        """
        self.check_open()
        if seat.role is Role.HOST:
            raise Conflict("host-must-stay", "The host can't be removed from its own Space.")
        return self.with_seat(replace(seat, left_at_ms=now_ms, removed=removed)).checked_acting()

    def pass_on(self, successor: Seat, now_ms: int, *, removed: bool) -> Space:
        """Another host for good; who was it leaves the stage, `removed` if that was not its wish.

        Raises `Conflict` `space-ended`.
        """
        self.check_open()
        assert successor in self.on_stage
        assert successor.role is not Role.HOST
        old = replace(self.host, left_at_ms=now_ms, removed=removed, role=Role.SPEAKER)
        new = replace(successor, role=Role.HOST, muted_by_host=False)
        now = {seat.person.account_id: seat for seat in (old, new)}
        seats = tuple(now.get(seat.person.account_id, seat) for seat in self.seats)
        return self._changed(seats=seats, **_NOBODY_ACTS)

    def hand_on(self, successor: Seat) -> Space:
        """Another host for good; who was it stays as co-host. To the host itself nothing changes.

        Raises `Conflict` `space-ended`, `stage-full` when both seats for co-hosts are others'.
        """
        self.check_open()
        if successor.role is Role.HOST:
            return self
        if successor.role is not Role.CO_HOST:
            self._check_room(Role.CO_HOST)
        old = replace(self.host, role=Role.CO_HOST)
        new = replace(successor, role=Role.HOST, muted_by_host=False)
        now = {seat.person.account_id: seat for seat in (old, new)}
        seats = tuple(now.get(seat.person.account_id, seat) for seat in self.seats)
        return self._changed(seats=seats, **_NOBODY_ACTS)

    def mute_all(self) -> tuple[Space, int]:
        """Silences all speakers, by the host; not co-hosts, nor who acts as host. How many it was new to.

        Raises `Conflict` `space-ended`.
        """
        self.check_open()
        heard = {
            seat.person.account_id: seat.mute_by_host()
            for seat in self.on_stage
            if seat.role is Role.SPEAKER
            and not seat.muted_by_host
            and seat.person.account_id != self.acting_id
        }
        if not heard:
            return self, 0
        seats = tuple(heard.get(seat.person.account_id, seat) for seat in self.seats)
        return self._changed(seats=seats), len(heard)

    def checked_acting(self) -> Space:
        """The same, without an acting host who is not on stage any more."""
        if self.acting_id is None or self.acting is not None:
            return self
        return self._changed(acting_id=None, acting_away_since_ms=None)

    def with_acting(
        self, acting_id: str | None, *, host_away_since_ms: int | None, acting_away_since_ms: int | None
    ) -> Space:
        """What `succession.py` found; the same if that is nothing new."""
        changes = {
            "acting_id": acting_id,
            "host_away_since_ms": host_away_since_ms,
            "acting_away_since_ms": acting_away_since_ms,
        }
        if all(getattr(self, name) == value for name, value in changes.items()):
            return self
        return self._changed(**changes)

    # Plans and handoffs.

    def postpone(self, starts_at_ms: int) -> Space:
        """Another announced time, because the host is absent."""
        assert self.state is State.SCHEDULED
        return self._changed(starts_at_ms=starts_at_ms, postponed=self.postponed + 1)

    def with_handoffs(self, handoffs: tuple[Handoff, ...], **ends: int | None) -> Space:
        """What `handoff.py` made of them, and `ends_at_ms` if that changes, too."""
        return self._changed(handoffs=handoffs, **ends)

    # Conversation.

    def pin(self, pinned: Pinned | None) -> Space:
        """A message that everybody shall see, or, even when it is over, none any more.

        Raises `Conflict` `space-ended`.
        """
        if pinned is not None:
            self.check_open()
        return self if pinned == self.pinned else self._changed(pinned=pinned)

    def with_poll(self, poll: Poll) -> Space:
        """The newest poll, as it is now."""
        return self if poll == self.poll else self._changed(poll=poll)

    def told_again(self) -> Space:
        """The same with a new revision: something of it that is kept elsewhere has changed."""
        return self._changed()

    def with_seat(self, seat: Seat) -> Space:
        """The same Space with this seat in place of its owner's old one."""
        if seat in self.seats:
            return self
        owner = seat.person.account_id
        return self._changed(seats=tuple(seat if s.person.account_id == owner else s for s in self.seats))

    def _check_room(self, role: Role) -> None:
        limit = MAX_CO_HOSTS if role is Role.CO_HOST else self.max_speakers
        if sum(seat.role is role for seat in self.taken) >= limit:
            noun = "co-hosts" if role is Role.CO_HOST else "speakers"
            raise Conflict("stage-full", f"All {limit} seats for {noun} are taken.")

    def _changed(self, **changes: object) -> Space:
        return replace(self, revision=self.revision + 1, **changes)  # type: ignore[arg-type]
