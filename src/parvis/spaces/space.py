"""A Space: its life, its seats, and what may change when. Pure: every change gives a new Space.

The life of a Space::

    scheduled ──start──▶ live ◀──resume── held ──end──▶ ended
        │                 │ └────hold─────▶ ▲             ▲
        └──────end────────┴───────end───────┼─────────────┘
                                            └ start: nothing to do

- *start* puts it on air. On a Space that is live or held it changes nothing.
- *hold* says that no speaker is connected; the Space stays open. *resume* says that one is back.
- *end* is final. A Space that never began may be ended: it is called off. Ending it twice changes nothing.
- Nothing of an ended Space changes any more; its seats stay as history.

The seats of a Space: exactly 1 host, at most 2 co-hosts, at most `max_speakers` speakers.

Times are Unix milliseconds. `revision` grows by one with each change that the stage and the edges must know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from parvis.errors import Conflict, NotFound
from parvis.spaces.seat import Person, Role, Seat

MAX_CO_HOSTS: Final = 2


class State(StrEnum):
    """Where a Space is in its life."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    HELD = "held"
    ENDED = "ended"


OPEN_STATES: Final = (State.SCHEDULED, State.LIVE, State.HELD)
ON_AIR: Final = (State.LIVE, State.HELD)


@dataclass(frozen=True, slots=True)
class Space:
    """One live audio event. `seats` holds those who left, too: `on_stage` are those who have a seat now."""

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

    @property
    def on_stage(self) -> tuple[Seat, ...]:
        """Seats that are taken, in the order in which they were."""
        return tuple(seat for seat in self.seats if seat.left_at_ms is None)

    @property
    def host(self) -> Seat:
        """The host's seat. There is always one."""
        return next(seat for seat in self.on_stage if seat.role is Role.HOST)

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

    # Life.

    def start(self, now_ms: int) -> Space:
        """On air from now on. Raises `Conflict` `space-ended`."""
        self.check_open()
        if self.state in ON_AIR:
            return self
        return self._changed(state=State.LIVE, started_at_ms=now_ms)

    def hold(self) -> Space:
        """No speaker is connected. Only what is live can be held."""
        return self._changed(state=State.HELD) if self.state is State.LIVE else self

    def resume(self) -> Space:
        """A speaker is back. Only what is held can be resumed."""
        return self._changed(state=State.LIVE) if self.state is State.HELD else self

    def end(self, now_ms: int, peak_listeners: int) -> Space:
        """Over, for good. Raises nothing: what has ended has ended."""
        if self.state is State.ENDED:
            return self
        peak = max(peak_listeners, self.peak_listeners)
        return self._changed(state=State.ENDED, ended_at_ms=now_ms, peak_listeners=peak)

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
        return self if starts_at_ms == self.starts_at_ms else self._changed(starts_at_ms=starts_at_ms)

    # Who is on stage.

    def seat_person(self, person: Person, role: Role, now_ms: int) -> Space:
        """Gives a seat, or a higher role to who has one. Who comes back is still muted by the host if it was.

        Raises `Conflict` `space-ended`, `stage-full`.
        """
        self.check_open()
        assert role is not Role.HOST, "a host is made with the Space"
        seat = self.seat_of(person.account_id)
        if seat is not None:
            rises = seat.role is Role.SPEAKER and role is Role.CO_HOST
            return self.give_role(seat, role) if rises else self
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
            raise Conflict("host-must-stay", "The host can't leave its own Space; end it instead.")
        return self.with_seat(replace(seat, left_at_ms=now_ms, removed=removed))

    def with_seat(self, seat: Seat) -> Space:
        """The same Space with this seat in place of its owner's old one."""
        if seat in self.seats:
            return self
        owner = seat.person.account_id
        return self._changed(seats=tuple(seat if s.person.account_id == owner else s for s in self.seats))

    def _check_room(self, role: Role) -> None:
        limit = MAX_CO_HOSTS if role is Role.CO_HOST else self.max_speakers
        if sum(seat.role is role for seat in self.on_stage) >= limit:
            noun = "co-hosts" if role is Role.CO_HOST else "speakers"
            raise Conflict("stage-full", f"All {limit} seats for {noun} are taken.")

    def _changed(self, **changes: object) -> Space:
        return replace(self, revision=self.revision + 1, **changes)  # type: ignore[arg-type]
