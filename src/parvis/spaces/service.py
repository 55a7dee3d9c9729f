"""The use cases of Spaces and their seats: each loads, asks the rules, keeps, and announces (`changes.py`).

- Who has no right to an act learns that before whether the act would be possible: role first, then state.
- What a host, co-host or operator does is in the log; what one does with one's own seat is not.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from parvis.clock import Clock
from parvis.errors import Conflict, NotFound, Refused, UserError
from parvis.people.account import is_handle
from parvis.spaces import invitation as invitations
from parvis.spaces import succession, words
from parvis.spaces.changes import Changes, found
from parvis.spaces.invitation import Invitation
from parvis.spaces.log import Entry, check_reason
from parvis.spaces.monitor import Monitor, check_monitor_handles
from parvis.spaces.permissions import Act, Standing, check_may, check_may_take_away, may
from parvis.spaces.port import Announcer, Place, SpaceRecords, SpaceStore
from parvis.spaces.seat import Person, Role, Seat
from parvis.spaces.seen import UNSEEN, Seen
from parvis.spaces.space import OPEN_STATES, Space, State
from parvis.spaces.terms import DEFAULT_TERMS, Standby, Terms, check_terms
from parvis.spaces.visibility import DEFAULT_LISTING, Listing, check_listing

_LATE_MS: Final = 60_000
"""How far in the past an announced time may lie: clocks differ, forms take time."""

_NAMING: Final = ("successors", "captioners")
"""Fields of `Terms` that name people by their handles."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new Space should be. `starts_at_ms` None: no time is announced."""

    title: str
    description: str = ""
    language: str = "en"
    starts_at_ms: int | None = None
    max_speakers: int = words.DEFAULT_MAX_SPEAKERS
    terms: Terms = DEFAULT_TERMS
    listing: Listing = DEFAULT_LISTING


@dataclass(frozen=True, slots=True)
class Edit:
    """What should change; None leaves as it is. `starts_at_ms` counts only with `reschedule`; `terms` and
    `listing` are the fields of `Terms` and `Listing` that change."""

    title: str | None = None
    description: str | None = None
    language: str | None = None
    reschedule: bool = False
    starts_at_ms: int | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    monitors: tuple[str, ...] | None = None
    listing: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation and its code, which is never shown again."""

    invitation: Invitation
    code: str


class Spaces(Changes):
    """`asker` is the person who asks, already known to be who it says. One account is host of at most
    `open_max` Spaces that are not over; 0 means of as many as it likes."""

    def __init__(self, store: SpaceStore, announcer: Announcer, clock: Clock, open_max: int = 0) -> None:
        super().__init__(store, announcer, clock)
        self._open_max = open_max

    # Reading.

    async def get(self, space_id: str) -> Space:
        """Raises `NotFound` `space-unknown`."""
        async with self._store.read_spaces() as records:
            return await found(records, space_id)

    async def page(
        self, states: tuple[State, ...], after: Place | None, limit: int, mine: Person | None
    ) -> list[Space]:
        """Newest first. Only one's own may be over."""
        shown = states if mine is not None else tuple(s for s in states if s in OPEN_STATES)
        async with self._store.read_spaces() as records:
            return await records.page(shown, mine.account_id if mine else None, after, limit)

    async def hosted(self, account_id: str, limit: int) -> list[Space]:
        """The newest Spaces of a host, for its profile."""
        async with self._store.read_spaces() as records:
            return await records.hosted(account_id, limit)

    async def shows_cover(self, cover: str) -> bool:
        """Whether any Space shows this picture."""
        async with self._store.read_spaces() as records:
            return await records.cover_used(cover)

    # The life of a Space.

    async def create(self, draft: Draft, asker: Person) -> Space:
        """A Space whose host is the asker. Raises `UserError` `input-invalid`, `Conflict` `spaces-full`."""
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
            terms=check_terms(draft.terms),
            listing=check_listing(draft.listing),
            started_at_ms=None,
            ended_at_ms=None,
            peak_listeners=0,
            seats=(Seat(person=asker, role=Role.HOST, taken_at_ms=now_ms),),
        )

        async def work(records: SpaceRecords) -> tuple[Space, list[Space]]:
            if self._open_max and await records.count_open(asker.account_id) >= self._open_max:
                detail = f"You are host of {self._open_max} Spaces that are not over: end one first."
                raise Conflict("spaces-full", detail)
            await _check_known(records, space.terms)
            await records.add(space)
            return space, [space]

        return await self._transact(work)

    async def edit(self, space_id: str, edit: Edit, asker: Person) -> Space:
        """Raises `UserError` `input-invalid`, `Refused`, `Conflict` `space-ended`, `space-begun`."""

        async def change(space: Space, records: SpaceRecords) -> Space:
            standing = space.standing_of(asker.account_id)
            check_may(standing, Act.EDIT)
            if "successors" in edit.terms:
                check_may(standing, Act.NAME_SUCCESSORS)
            if "captioners" in edit.terms:
                check_may(standing, Act.NAME_CAPTIONERS)
            if edit.monitors is not None:
                check_may(standing, Act.NAME_MONITORS)
            edited = space.edit(
                title=None if edit.title is None else words.check_title(edit.title),
                description=None if edit.description is None else words.check_description(edit.description),
                language=None if edit.language is None else words.check_language(edit.language),
            )
            if edit.reschedule:
                edited = edited.reschedule(self._check_time(edit.starts_at_ms))
            if edit.terms:
                edited = edited.settle(check_terms(replace(space.terms, **edit.terms)))
                await _check_known(records, edited.terms, space.terms)
            if edit.listing:
                edited = edited.list_as(check_listing(replace(space.listing, **edit.listing)))
            if edit.monitors is not None:
                edited = edited.with_monitors(await _monitors(records, edit.monitors))
            if edited is not space:
                entry = self._entry(space_id, asker, "edited")
                await records.add_entry(replace(entry, details=_changes(edit)))
            return edited

        return await self._change_with(space_id, change)

    async def start(self, space_id: str, asker: Person) -> Space:
        """Raises `Refused`, `Conflict` `space-ended`."""

        def change(space: Space) -> Space:
            check_may(space.standing_of(asker.account_id), Act.START)
            return space.start(self._now_ms())

        return await self._change(space_id, change, self._entry(space_id, asker, "started"))

    async def end(self, space_id: str, asker: Person, peak_listeners: int) -> Space:
        """Over; its invitations die. Raises `Refused`."""

        async def change(space: Space, records: SpaceRecords) -> Space:
            check_may(space.standing_of(asker.account_id), Act.END)
            ended = space.end(self._now_ms(), peak_listeners)
            if ended is not space:
                await records.drop_invitations(space.id)
                await records.add_entry(self._entry(space_id, asker, "ended"))
            return ended

        return await self._change_with(space_id, change)

    async def cancel(self, space_id: str, asker: Person) -> Space:
        """Called off before it began; calendars follow. Raises `Refused`, `Conflict` `space-begun`,
        `space-ended`."""

        async def change(space: Space, records: SpaceRecords) -> Space:
            check_may(space.standing_of(asker.account_id), Act.END)
            cancelled = space.cancel(self._now_ms())
            if cancelled is not space:
                await records.drop_invitations(space.id)
                await records.add_entry(self._entry(space_id, asker, "cancelled"))
            return cancelled

        return await self._change_with(space_id, change)

    async def duplicate(self, space_id: str, asker: Person, starts_at_ms: int | None) -> Space:
        """A new scheduled Space of the asker with the same words, settings and listing; its time is new.
        Successors and captioners whose accounts are gone are left out.

        Raises `UserError` `input-invalid`, `Refused`, `NotFound` `space-unknown`, `Conflict` `spaces-full`.
        """
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            check_may(space.standing_of(asker.account_id), Act.EDIT)
            terms = await _only_known(records, space.terms)
        draft = Draft(
            title=space.title,
            description=space.description,
            language=space.language,
            starts_at_ms=starts_at_ms,
            max_speakers=space.max_speakers,
            # A sound that was uploaded is the old Space's.
            terms=replace(terms, standby=Standby.SILENCE if terms.standby is Standby.LOOP else terms.standby),
            listing=space.listing,
        )
        return await self.create(draft, asker)

    async def set_standby_loop(self, space_id: str, asker: Person, *, there: bool) -> Space:
        """A standby sound was uploaded, or is to go. Raises `Refused`, `Conflict` `space-ended`."""

        def change(space: Space) -> Space:
            check_may(space.standing_of(asker.account_id), Act.EDIT)
            return space.with_standby_loop(there=there)

        act = "standby-loop-set" if there else "standby-loop-removed"
        return await self._change(space_id, change, self._entry(space_id, asker, act))

    async def log(self, space_id: str, asker: Person, before_id: int | None, limit: int) -> list[Entry]:
        """The log of a Space, newest first. Raises `Refused`, `NotFound` `space-unknown`."""
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            check_may(space.standing_of(asker.account_id), Act.SEE_LOG, operator=asker.operator)
            return await records.entries(space_id, before_id, limit)

    async def log_of_operators(self, asker: Person, before_id: int | None, limit: int) -> list[Entry]:
        """What concerns no Space, newest first. Raises `Refused` for who is no operator."""
        if not asker.operator:
            raise Refused("forbidden", "This log is for who runs this Parvis.")
        async with self._store.read_spaces() as records:
            return await records.entries(None, before_id, limit)

    # Seats.

    async def invite(
        self,
        space_id: str,
        asker: Person,
        role: Role,
        uses: int,
        expires_in_s: int,
        handle: str | None = None,
    ) -> Invited:
        """A link, or with `handle` an invitation to that account alone, in the place of one before.

        Raises `UserError` `input-invalid`, `Refused`, `blocked` by whom is invited, `NotFound`
        `account-unknown`, `Conflict` `space-ended`, `already-seated`.
        """
        invitations.check_terms(role, uses, expires_in_s, named=handle is not None)
        now_ms = self._now_ms()
        invitation_id = secrets.token_urlsafe(12)
        code = words.new_code() if handle is None else invitation_id
        invitation = Invitation(
            id=invitation_id,
            space_id=space_id,
            code_hash=words.code_hash(code),
            role=role,
            uses_left=uses,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + expires_in_s * 1000,
            created_by=asker.account_id,
        )
        async with self._store.write_spaces() as records:
            space = await found(records, space_id, lock=True)
            standing = space.standing_of(asker.account_id)
            check_may(standing, Act.INVITE)
            if role is not Role.SPEAKER:
                check_may(standing, Act.CHANGE_ROLES)
            space.check_open()
            if handle is not None:
                account_id = await _invited(records, space, asker, role, handle)
                await records.drop_invitations_to(space_id, account_id)
                invitation = replace(invitation, for_account=account_id)
            await records.add_invitation(invitation)
            entry = self._entry(space_id, asker, "invited", handle)
            await records.add_entry(replace(entry, details={"role": role.value, "uses": uses}))
        return Invited(invitation, code)

    async def take_seat(self, space_id: str, code: str, asker: Person) -> Space:
        """A seat for an invitation; who has as good a one already spends no use.

        Raises `Refused` `invitation-invalid`, `banned`, `Conflict` `space-ended`, `stage-locked`,
        `stage-full`.
        """

        async def change(space: Space, records: SpaceRecords) -> Space:
            ban = await records.ban_of(space_id, asker.account_id)
            if ban is not None:
                raise ban.refusal()
            space.check_open()
            invitation = await records.invitation(words.code_hash(code))
            if invitation is None:
                raise invitations.invalid()
            now_ms = self._now_ms()
            spent = invitation.spend(space, asker.account_id, now_ms)
            seated = space.seat_person(asker, invitation.role, now_ms)
            if seated is not space:
                await records.set_uses(spent.id, spent.uses_left)
            return seated

        return await self._change_with(space_id, change)

    async def change_seat(
        self,
        space_id: str,
        handle: str,
        asker: Person,
        *,
        muted: bool | None,
        role: Role | None,
        reason: str | None = None,
    ) -> Space:
        """Mutes, unmutes, gives a role. Raises `Refused`, `NotFound` `seat-unknown`, `Conflict`."""
        reason = check_reason(reason) if reason is not None else None
        own = handle == asker.handle

        async def change(space: Space, records: SpaceRecords) -> Space:
            mine = space.standing_of(asker.account_id)
            check_may(mine, Act.SEE_STAGE)
            if role is not None:
                check_may(mine, Act.HAND_ROLE_ON if role is Role.HOST else Act.CHANGE_ROLES)
            if muted is not None and not own:
                check_may(mine, Act.MUTE_OTHERS)
            seat = space.seat_named(handle)
            space.check_open()
            changed = space
            if role is not None:
                changed = changed.hand_on(seat) if role is Role.HOST else changed.give_role(seat, role)
                if changed is not space:
                    entry = self._entry(space_id, asker, "role-given", handle, reason)
                    await records.add_entry(replace(entry, details={"role": role.value}))
            if muted is not None:
                before = changed
                seat = changed.seat_named(handle)
                acts_as_host = mine is Standing.ACTING_HOST
                changed = changed.with_seat(_muted(seat, muted, own=own, acts_as_host=acts_as_host))
                if changed is not before and not own:
                    act = "muted" if muted else "unmuted"
                    await records.add_entry(self._entry(space_id, asker, act, handle, reason))
            return changed

        return await self._change_with(space_id, change)

    async def mute_all(self, space_id: str, asker: Person, reason: str | None = None) -> int:
        """Silences all speakers at once, by the host; how many it was new to.

        Raises `Refused`, `NotFound` `space-unknown`, `Conflict` `space-ended`.
        """
        reason = check_reason(reason) if reason is not None else None

        async def work(records: SpaceRecords) -> tuple[int, list[Space]]:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.MUTE_OTHERS)
            changed, count = space.mute_all()
            if changed is space:
                return 0, []
            await records.save(changed)
            entry = self._entry(space_id, asker, "all-muted", reason=reason)
            await records.add_entry(replace(entry, details={"seats": count}))
            return count, [changed]

        return await self._transact(work)

    async def remove_seat(
        self,
        space_id: str,
        handle: str,
        asker: Person,
        *,
        successor: str | None = None,
        reason: str | None = None,
        seen: Seen = UNSEEN,
    ) -> Space:
        """Leaves, or removes somebody; a host who leaves names its `successor`.

        Raises `Refused`, `NotFound` `seat-unknown`, `Conflict` `space-ended`, `host-must-stay`,
        `successor-needed`.
        """
        reason = check_reason(reason) if reason is not None else None
        own = handle == asker.handle

        async def change(space: Space, records: SpaceRecords) -> Space:
            mine = space.standing_of(asker.account_id)
            check_may(mine, Act.SEE_STAGE)
            if not own:
                check_may(mine, Act.REMOVE_OTHERS)
            seat = space.seat_named(handle)
            if not own:
                check_may_take_away(mine, space.standing_of(seat.person.account_id))
            now_ms = self._now_ms()
            if own and may(mine, Act.HAND_ROLE_ON):
                changed = succession.leave_to(space, successor, seen, now_ms)
                entry = self._entry(space_id, asker, "host-passed-on", changed.host.person.handle, reason)
            else:
                if seat.role is Role.HOST:
                    check_may(mine, Act.CHANGE_ROLES)
                changed = space.unseat(seat, now_ms, removed=not own)
                if not own:
                    await records.drop_invitations_to(space_id, seat.person.account_id)
                # Who acted as host and leaves is followed at once, not with the stage's next word.
                changed = succession.step(changed, seen, now_ms)
                entry = self._entry(space_id, asker, "left" if own else "removed", handle, reason)
            await records.add_entry(entry)
            return changed

        return await self._change_with(space_id, change)

    def _check_time(self, starts_at_ms: int | None) -> int | None:
        if starts_at_ms is not None and starts_at_ms < self._now_ms() - _LATE_MS:
            raise UserError("input-invalid", "starts_at: this time is past.")
        return starts_at_ms


async def _check_known(records: SpaceRecords, terms: Terms, before: Terms = DEFAULT_TERMS) -> None:
    """A successor whose handle nobody has could never follow, nor such a captioner write.

    Who was named before stays: a name that went meanwhile keeps nobody from changing the rest.
    """
    for field_ in _NAMING:
        named: tuple[str, ...] = getattr(terms, field_)
        new = [handle for handle in named if handle not in getattr(before, field_)]
        unknown = await records.unknown_handles(new) if new else []
        if unknown:
            raise UserError("input-invalid", f"{field_}: there is no @{unknown[0]}.")


async def _only_known(records: SpaceRecords, terms: Terms) -> Terms:
    """The terms without those whom nobody knows any more."""
    known: dict[str, Any] = {}
    for field_ in _NAMING:
        named: tuple[str, ...] = getattr(terms, field_)
        unknown = await records.unknown_handles(named) if named else []
        known[field_] = tuple(handle for handle in named if handle not in unknown)
    return replace(terms, **known)


async def _invited(records: SpaceRecords, space: Space, asker: Person, role: Role, handle: str) -> str:
    """The id of the account that may be invited so."""
    account = await records.account(handle) if is_handle(handle) else None
    if account is None:
        raise NotFound("account-unknown", "Nobody has this handle.")
    if account.id == asker.account_id:
        raise UserError("input-invalid", "handle: this is your own account.")
    if await records.has_blocked(account.id, asker.account_id):
        raise Refused("blocked", "You can't invite this account.")
    if await records.ban_of(space.id, account.id) is not None:
        raise UserError("input-invalid", f"handle: @{handle} is banned from this Space.")
    seat = space.seat_of(account.id)
    if seat is not None and (role is Role.SPEAKER or seat.role is not Role.SPEAKER):
        raise Conflict("already-seated", f"@{handle} has a seat already.")
    return account.id


async def _monitors(records: SpaceRecords, handles: tuple[str, ...]) -> tuple[Monitor, ...]:
    check_monitor_handles(handles)
    found = tuple(await records.monitors_named(handles)) if handles else ()
    unknown = [handle for handle in handles if handle not in {m.person.handle for m in found}]
    if unknown:
        raise UserError("input-invalid", f"monitors: there is no @{unknown[0]}.")
    return found


def _changes(edit: Edit) -> dict[str, object]:
    """What an edit says, for the log."""
    said = {name: getattr(edit, name) for name in ("title", "description", "language")}
    changes: dict[str, object] = {name: value for name, value in said.items() if value is not None}
    if edit.reschedule:
        changes["starts_at_ms"] = edit.starts_at_ms
    if edit.monitors is not None:
        changes["monitors"] = list(edit.monitors)
    return changes | dict(edit.terms) | dict(edit.listing)


def _muted(seat: Seat, muted: bool, *, own: bool, acts_as_host: bool) -> Seat:
    if own:
        return seat.mute_own() if muted else seat.unmute_own(acts_as_host=acts_as_host)
    return seat.mute_by_host() if muted else seat.unmute_by_host()
