"""The use cases of Spaces: each loads, asks the rules, keeps, and announces.

- A change that has begun is finished even if the asker goes away meanwhile: what is kept is always announced.
- Who has no right to an act learns that before whether the act would be possible: role first, then state.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from parvis.clock import Clock
from parvis.errors import NotFound, UserError
from parvis.spaces import words
from parvis.spaces.invitation import Invitation, check_terms
from parvis.spaces.invitation import invalid as invitation_invalid
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.port import Announcer, Place, SpaceRecords, SpaceStore
from parvis.spaces.seat import Person, Role, Seat
from parvis.spaces.space import OPEN_STATES, Space, State

_LATE_MS: Final = 60_000
"""How far in the past an announced time may lie: clocks differ, forms take time."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new Space should be. `starts_at_ms` None: no time is announced."""

    title: str
    description: str = ""
    language: str = "en"
    starts_at_ms: int | None = None
    max_speakers: int = words.DEFAULT_MAX_SPEAKERS


@dataclass(frozen=True, slots=True)
class Edit:
    """What should change; None leaves as it is. `starts_at_ms` counts only with `reschedule`."""

    title: str | None = None
    description: str | None = None
    language: str | None = None
    reschedule: bool = False
    starts_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation and its code, which is never shown again."""

    invitation: Invitation
    code: str


class Spaces:
    """All use cases. `asker` is the person who asks, already known to be who it says."""

    def __init__(self, store: SpaceStore, announcer: Announcer, clock: Clock) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._unfinished: set[asyncio.Task[Any]] = set()

    # Reading.

    async def get(self, space_id: str) -> Space:
        """Raises `NotFound` `space-unknown`."""
        async with self._store.read_spaces() as records:
            return await _found(records, space_id)

    async def page(
        self, states: tuple[State, ...], after: Place | None, limit: int, mine: Person | None
    ) -> list[Space]:
        """Newest first. Only one's own may be over."""
        shown = states if mine is not None else tuple(s for s in states if s in OPEN_STATES)
        async with self._store.read_spaces() as records:
            return await records.page(shown, mine.account_id if mine else None, after, limit)

    # The life of a Space.

    async def create(self, draft: Draft, asker: Person) -> Space:
        """A Space whose host is the asker. Raises `UserError` `input-invalid`."""
        now_ms = self._now_ms()
        space = Space(
            id=words.new_space_id(),
            revision=1,
            title=words.check_title(draft.title),
            description=words.check_description(draft.description),
            language=words.check_language(draft.language),
            state=State.SCHEDULED,
            max_speakers=words.check_max_speakers(draft.max_speakers),
            created_at_ms=now_ms,
            starts_at_ms=self._check_time(draft.starts_at_ms),
            started_at_ms=None,
            ended_at_ms=None,
            peak_listeners=0,
            seats=(Seat(person=asker, role=Role.HOST, taken_at_ms=now_ms),),
        )

        async def add() -> Space:
            async with self._store.write_spaces() as records:
                await records.add(space)
            self._announcer.announce(space)
            return space

        return await self._finished(add())

    async def edit(self, space_id: str, edit: Edit, asker: Person) -> Space:
        """Raises `UserError` `input-invalid`, `Refused`, `Conflict` `space-ended`, `space-begun`."""

        def change(space: Space) -> Space:
            check_may(space.role_of(asker.account_id), Act.EDIT)
            edited = space.edit(
                title=None if edit.title is None else words.check_title(edit.title),
                description=None if edit.description is None else words.check_description(edit.description),
                language=None if edit.language is None else words.check_language(edit.language),
            )
            return edited.reschedule(self._check_time(edit.starts_at_ms)) if edit.reschedule else edited

        return await self._change(space_id, change)

    async def start(self, space_id: str, asker: Person) -> Space:
        """Raises `Refused`, `Conflict` `space-ended`."""

        def change(space: Space) -> Space:
            check_may(space.role_of(asker.account_id), Act.START)
            return space.start(self._now_ms())

        return await self._change(space_id, change)

    async def end(self, space_id: str, asker: Person, peak_listeners: int) -> Space:
        """Over; its invitations die. Raises `Refused`."""

        async def change(space: Space, records: SpaceRecords) -> Space:
            check_may(space.role_of(asker.account_id), Act.END)
            await records.drop_invitations(space.id)
            return space.end(self._now_ms(), peak_listeners)

        return await self._change_with(space_id, change)

    async def set_held(self, space_id: str, *, held: bool) -> Space:
        """What the stage saw: nobody is connected any more, or somebody is again."""
        return await self._change(space_id, lambda space: space.hold() if held else space.resume())

    # Seats.

    async def invite(self, space_id: str, asker: Person, role: Role, uses: int, expires_in_s: int) -> Invited:
        """Raises `UserError` `input-invalid`, `Refused`, `Conflict` `space-ended`."""
        check_terms(role, uses, expires_in_s)
        now_ms = self._now_ms()
        code = words.new_code()
        invitation = Invitation(
            id=secrets.token_urlsafe(12),
            space_id=space_id,
            code_hash=words.code_hash(code),
            role=role,
            uses_left=uses,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + expires_in_s * 1000,
            created_by=asker.account_id,
        )
        async with self._store.write_spaces() as records:
            space = await _found(records, space_id, lock=True)
            check_may(space.role_of(asker.account_id), Act.INVITE)
            space.check_open()
            await records.add_invitation(invitation)
        return Invited(invitation, code)

    async def take_seat(self, space_id: str, code: str, asker: Person) -> Space:
        """A seat for an invitation; who has as good a one already spends no use.

        Raises `Refused` `invitation-invalid`, `Conflict` `space-ended`, `stage-full`.
        """

        async def change(space: Space, records: SpaceRecords) -> Space:
            space.check_open()
            invitation = await records.invitation(words.code_hash(code))
            if invitation is None:
                raise invitation_invalid()
            now_ms = self._now_ms()
            spent = invitation.spend(space, asker.account_id, now_ms)
            seated = space.seat_person(asker, invitation.role, now_ms)
            if seated is not space:
                await records.set_uses(spent.id, spent.uses_left)
            return seated

        return await self._change_with(space_id, change)

    async def change_seat(
        self, space_id: str, handle: str, asker: Person, *, muted: bool | None, role: Role | None
    ) -> Space:
        """Mutes, unmutes, gives a role. Raises `Refused`, `NotFound` `seat-unknown`, `Conflict`."""

        def change(space: Space) -> Space:
            mine = check_may(space.role_of(asker.account_id), Act.SEE_STAGE)
            own = handle == asker.handle
            if role is not None:
                check_may(mine, Act.CHANGE_ROLES)
            if muted is not None and not own:
                check_may(mine, Act.MUTE_OTHERS)
            seat = space.seat_named(handle)
            space.check_open()
            if role is not None:
                space = space.give_role(seat, role)
                seat = space.seat_named(handle)
            return space if muted is None else space.with_seat(_muted(seat, muted, own=own))

        return await self._change(space_id, change)

    async def remove_seat(self, space_id: str, handle: str, asker: Person) -> Space:
        """Leaves, or removes somebody. Raises `Refused`, `NotFound` `seat-unknown`, `Conflict`."""

        def change(space: Space) -> Space:
            mine = check_may(space.role_of(asker.account_id), Act.SEE_STAGE)
            own = handle == asker.handle
            if not own:
                check_may(mine, Act.REMOVE_OTHERS)
            seat = space.seat_named(handle)
            if seat.role is Role.HOST and not own:
                check_may(mine, Act.CHANGE_ROLES)
            return space.unseat(seat, self._now_ms(), removed=not own)

        return await self._change(space_id, change)

    # How every change is made.

    async def _change(self, space_id: str, change: Callable[[Space], Space]) -> Space:
        async def with_records(space: Space, _: SpaceRecords) -> Space:
            return change(space)

        return await self._change_with(space_id, with_records)

    async def _change_with(
        self, space_id: str, change: Callable[[Space, SpaceRecords], Awaitable[Space]]
    ) -> Space:
        async def work() -> Space:
            async with self._store.write_spaces() as records:
                space = await _found(records, space_id, lock=True)
                changed = await change(space, records)
                if changed is not space:
                    await records.save(changed)
            # No await between the commit and this: changes are announced in the order they were kept.
            if changed is not space:
                self._announcer.announce(changed)
            return changed

        return await self._finished(work())

    async def _finished(self, work: Coroutine[Any, Any, Result]) -> Result:
        task = asyncio.create_task(work)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return await asyncio.shield(task)

    def _check_time(self, starts_at_ms: int | None) -> int | None:
        if starts_at_ms is not None and starts_at_ms < self._now_ms() - _LATE_MS:
            raise UserError("input-invalid", "starts_at: this time is past.")
        return starts_at_ms

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)


async def _found(records: SpaceRecords, space_id: str, *, lock: bool = False) -> Space:
    space = await records.get(space_id, lock=lock) if words.is_space_id(space_id) else None
    if space is None:
        raise NotFound("space-unknown", "There is no such Space.")
    return space


def _muted(seat: Seat, muted: bool, *, own: bool) -> Seat:
    if own:
        return seat.mute_own() if muted else seat.unmute_own()
    return seat.mute_by_host() if muted else seat.unmute_by_host()
