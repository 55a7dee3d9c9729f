"""Spaces, seats and handoffs in tables: implements `parvis.spaces.port.SpaceRecords`.

What is beside them in the same transaction (codes, log, suspension) is in `records.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, insert, or_, select, update

from parvis.spaces.handoff import Handoff, HandoffState
from parvis.spaces.message import Pinned
from parvis.spaces.poll import Poll
from parvis.spaces.port import Place
from parvis.spaces.seat import Person, Role, Seat
from parvis.spaces.space import OPEN_STATES, Space, State
from parvis.spaces.terms import CaptionsMode, ChatMode, HandsMode, IfAbsent, Recording, Standby, Terms
from parvis.spaces.visibility import Listing, Visibility
from parvis.store.conversation import ConversationTables
from parvis.store.departed import DepartedTables
from parvis.store.hands import HandTables
from parvis.store.invitations import InvitationTables
from parvis.store.listings import ListingTables
from parvis.store.monitors import MonitorTables, monitored_by
from parvis.store.passes import PassTables
from parvis.store.records import BesideSpaces
from parvis.store.tables import accounts, handoffs, seats, spaces

_ELSEWHERE: Final = ("seats", "terms", "handoffs", "listing", "monitors", "total_listeners")
"""What is written by itself. The total is counted while a Space goes through its changes."""
_TERMS: Final = tuple(Terms.__dataclass_fields__)


class SpaceTables(
    BesideSpaces,
    PassTables,
    ListingTables,
    HandTables,
    ConversationTables,
    DepartedTables,
    MonitorTables,
    InvitationTables,
):
    """Records inside the transaction of `connection`."""

    async def add(self, space: Space) -> None:
        await self._connection.execute(insert(spaces).values(_space_row(space)))
        await self._connection.execute(insert(seats), [_seat_row(space.id, seat) for seat in space.seats])
        await self.relist(space)

    async def get(self, space_id: str, *, lock: bool = False) -> Space | None:
        """The Space with all its seats; `lock` holds its row until the transaction ends."""
        query = select(spaces).where(spaces.c.id == space_id)
        found = await self._with_seats(query.with_for_update() if lock else query)
        return found[0] if found else None

    async def save(self, space: Space) -> None:
        """Writes the Space's row, and of its seats and handoffs what is new or changed. None is deleted."""
        await self._connection.execute(
            update(spaces).where(spaces.c.id == space.id).values(_space_row(space))
        )
        kept = await self._connection.execute(select(seats).where(seats.c.space_id == space.id))
        before = {row.account_id: dict(row._mapping) for row in kept}
        for seat in space.seats:
            row = _seat_row(space.id, seat)
            account_id = seat.person.account_id
            if account_id not in before:
                await self._connection.execute(insert(seats).values(row))
            elif before[account_id] != row:
                mine = and_(seats.c.space_id == space.id, seats.c.account_id == account_id)
                await self._connection.execute(update(seats).where(mine).values(row))
        await self._save_handoffs(space)
        await self._save_monitors(space)
        await self.relist(space)

    async def _save_handoffs(self, space: Space) -> None:
        kept = await self._connection.execute(select(handoffs).where(handoffs.c.from_id == space.id))
        before = {row.id: dict(row._mapping) for row in kept}
        for place, handoff in enumerate(space.handoffs):
            row = _handoff_row(handoff) | {"place": place}
            if handoff.id not in before:
                await self._connection.execute(insert(handoffs).values(row))
            elif before[handoff.id] != row:
                await self._connection.execute(
                    update(handoffs).where(handoffs.c.id == handoff.id).values(row)
                )

    async def open_with_seat(self, account_id: str) -> list[Space]:
        """All Spaces that are not over in which an account has a seat or is a monitor; their rows held."""
        mine = select(seats.c.space_id).where(seats.c.account_id == account_id, seats.c.left_at_ms.is_(None))
        still_open = spaces.c.state.in_([state.value for state in OPEN_STATES])
        theirs = or_(spaces.c.id.in_(mine), monitored_by(account_id))
        query = select(spaces).where(still_open, theirs).order_by(spaces.c.id)
        return await self._with_seats(query.with_for_update())

    async def cover_used(self, cover: str) -> bool:
        """Whether any Space, over or not, shows this picture."""
        found = await self._connection.execute(select(spaces.c.id).where(spaces.c.cover == cover).limit(1))
        return found.one_or_none() is not None

    async def page(
        self, states: Sequence[State], seated_account_id: str | None, after: Place | None, limit: int
    ) -> list[Space]:
        """At most `limit` Spaces after a place, newest first. Without an account none of a suspended host."""
        query = select(spaces).where(spaces.c.state.in_([state.value for state in states]))
        if seated_account_id is not None:
            mine = select(seats.c.space_id).where(
                seats.c.account_id == seated_account_id, seats.c.left_at_ms.is_(None)
            )
            query = query.where(spaces.c.id.in_(mine))
        else:
            query = query.where(spaces.c.visibility == Visibility.PUBLIC.value, ~_host_suspended())
        if after is not None:
            earlier = spaces.c.created_at_ms < after.created_at_ms
            same = and_(spaces.c.created_at_ms == after.created_at_ms, spaces.c.id < after.space_id)
            query = query.where(or_(earlier, same))
        newest_first = (spaces.c.created_at_ms.desc(), spaces.c.id.desc())
        return await self._with_seats(query.order_by(*newest_first).limit(limit))

    async def count_open(self, account_id: str) -> int:
        """Of how many Spaces that are not over an account is host."""
        still_open = spaces.c.state.in_([state.value for state in OPEN_STATES])
        query = (
            select(func.count())
            .join_from(seats, spaces, seats.c.space_id == spaces.c.id)
            .where(
                seats.c.account_id == account_id,
                seats.c.role == Role.HOST.value,
                seats.c.left_at_ms.is_(None),
                still_open,
            )
        )
        return int((await self._connection.execute(query)).scalar_one())

    async def of_host(self, account_id: str, since_ms: int, limit: int) -> list[Space]:
        """At most `limit` Spaces of a host that were announced for a time since `since_ms`, last first."""
        mine = select(seats.c.space_id).where(
            seats.c.account_id == account_id, seats.c.role == Role.HOST.value, seats.c.left_at_ms.is_(None)
        )
        public = spaces.c.visibility == Visibility.PUBLIC.value
        query = select(spaces).where(public, spaces.c.starts_at_ms >= since_ms, spaces.c.id.in_(mine))
        last_first = (spaces.c.starts_at_ms.desc(), spaces.c.id)
        return await self._with_seats(query.order_by(*last_first).limit(limit))

    async def hosted(self, account_id: str, limit: int) -> list[Space]:
        """The public Spaces of a host, the newest first."""
        mine = select(seats.c.space_id).where(
            seats.c.account_id == account_id, seats.c.role == Role.HOST.value, seats.c.left_at_ms.is_(None)
        )
        newest_first = (spaces.c.created_at_ms.desc(), spaces.c.id.desc())
        public = spaces.c.visibility == Visibility.PUBLIC.value
        query = select(spaces).where(public, spaces.c.id.in_(mine)).order_by(*newest_first).limit(limit)
        return await self._with_seats(query)

    async def to_publish(self, ended_since_ms: int) -> list[Space]:
        """All Spaces that are not over, those that have been since a time, and those that were recorded or
        handed off for good."""
        still_open = spaces.c.state.in_([state.value for state in OPEN_STATES])
        for_good = select(handoffs.c.from_id).where(
            handoffs.c.state == HandoffState.MADE.value, handoffs.c.only_from == ""
        )
        matters = or_(
            still_open, spaces.c.ended_at_ms >= ended_since_ms, spaces.c.recorded, spaces.c.id.in_(for_good)
        )
        return await self._with_seats(select(spaces).where(matters))

    async def note_peak(self, space_id: str, peak_listeners: int) -> None:
        """Raises the peak of a Space, never lowers it."""
        higher = and_(spaces.c.id == space_id, spaces.c.peak_listeners < peak_listeners)
        await self._connection.execute(update(spaces).where(higher).values(peak_listeners=peak_listeners))

    async def note_joined(self, space_id: str, joined: Mapping[str, int]) -> None:
        """How many have begun to listen, by who counted them; the total is their sum."""
        values = {"joined": dict(joined), "total_listeners": sum(joined.values())}
        await self._connection.execute(update(spaces).where(spaces.c.id == space_id).values(values))

    async def joined(self) -> dict[str, dict[str, int]]:
        """The same by Space, of those that are not over."""
        still_open = spaces.c.state.in_([state.value for state in OPEN_STATES])
        rows = await self._connection.execute(select(spaces.c.id, spaces.c.joined).where(still_open))
        return {space_id: joined for space_id, joined in rows if joined}

    async def count_by_state(self) -> dict[State, int]:
        rows = await self._connection.execute(select(spaces.c.state, func.count()).group_by(spaces.c.state))
        return {State(state): count for state, count in rows}

    async def _with_seats(self, query: Select[Any]) -> list[Space]:
        rows = (await self._connection.execute(query)).all()
        if not rows:
            return []
        sitting = await self._connection.execute(
            select(
                seats,
                accounts.c.handle,
                accounts.c.display_name,
                accounts.c.avatar,
                accounts.c.suspended_at_ms,
            )
            .join_from(seats, accounts)
            .where(seats.c.space_id.in_([row.id for row in rows]))
            .order_by(seats.c.taken_at_ms, seats.c.account_id)
        )
        by_space: defaultdict[str, list[Seat]] = defaultdict(list)
        for row in sitting:
            by_space[row.space_id].append(_seat(row))
        leading = await self._connection.execute(
            select(handoffs)
            .where(handoffs.c.from_id.in_([row.id for row in rows]))
            .order_by(handoffs.c.from_id, handoffs.c.place)
        )
        away: defaultdict[str, list[Handoff]] = defaultdict(list)
        for row in leading:
            away[row.from_id].append(_handoff(row))
        listening = await self._monitors_of([row.id for row in rows])
        found = [_space(row, tuple(by_space[row.id]), tuple(away[row.id])) for row in rows]
        return [replace(space, monitors=listening.get(space.id, ())) for space in found]


def _host_suspended() -> ColumnElement[bool]:
    """That the host of a Space is suspended."""
    return exists().where(
        seats.c.space_id == spaces.c.id,
        seats.c.role == Role.HOST.value,
        seats.c.left_at_ms.is_(None),
        accounts.c.id == seats.c.account_id,
        accounts.c.suspended_at_ms.is_not(None),
    )


def _space_row(space: Space) -> dict[str, Any]:
    row = {name: getattr(space, name) for name in Space.__dataclass_fields__ if name not in _ELSEWHERE}
    terms = {name: getattr(space.terms, name) for name in _TERMS}
    return {
        **row,
        **terms,
        "state": space.state.value,
        "successors": list(space.terms.successors),
        "standby": space.terms.standby.value,
        "if_absent": space.terms.if_absent.value,
        "recording": space.terms.recording.value,
        "hands": space.terms.hands.value,
        "chat_mode": space.terms.chat_mode.value,
        "captions": space.terms.captions.value,
        "captioners": list(space.terms.captioners),
        "pinned": asdict(space.pinned) if space.pinned is not None else None,
        "poll": asdict(space.poll) if space.poll is not None else None,
        "visibility": space.listing.visibility.value,
        "topics": list(space.listing.topics),
        "cover": space.listing.cover,
    }


def _space(row: Row[Any], sitting: tuple[Seat, ...], away: tuple[Handoff, ...]) -> Space:
    columns = dict(row._mapping)
    terms = {name: columns.pop(name) for name in _TERMS} | {
        "successors": tuple(row.successors),
        "standby": Standby(row.standby),
        "if_absent": IfAbsent(row.if_absent),
        "recording": Recording(row.recording),
        "hands": HandsMode(row.hands),
        "chat_mode": ChatMode(row.chat_mode),
        "captions": CaptionsMode(row.captions),
        "captioners": tuple(row.captioners),
    }
    del columns["joined"]
    visibility = Visibility(columns.pop("visibility"))
    listing = Listing(visibility, tuple(columns.pop("topics")), columns.pop("cover"))
    columns["pinned"] = Pinned(**row.pinned) if row.pinned is not None else None
    columns["poll"] = _poll(row.poll) if row.poll is not None else None
    made = {"state": State(row.state), "seats": sitting, "terms": Terms(**terms), "handoffs": away}
    return Space(**columns | made | {"listing": listing})


def _poll(fields: dict[str, Any]) -> Poll:
    return Poll(**fields | {"choices": tuple(fields["choices"]), "counts": tuple(fields["counts"])})


def _handoff_row(handoff: Handoff) -> dict[str, Any]:
    row = {name: getattr(handoff, name) for name in Handoff.__dataclass_fields__}
    return row | {"state": handoff.state.value}


def _handoff(row: Row[Any]) -> Handoff:
    columns = {name: value for name, value in row._mapping.items() if name != "place"}
    return Handoff(**columns | {"state": HandoffState(row.state)})


def _seat_row(space_id: str, seat: Seat) -> dict[str, Any]:
    return {
        "space_id": space_id,
        "account_id": seat.person.account_id,
        "role": seat.role.value,
        "taken_at_ms": seat.taken_at_ms,
        "muted_by_self": seat.muted_by_self,
        "muted_by_host": seat.muted_by_host,
        "left_at_ms": seat.left_at_ms,
        "removed": seat.removed,
    }


def _seat(row: Row[Any]) -> Seat:
    return Seat(
        person=Person(row.account_id, row.handle, row.display_name, avatar=row.avatar),
        role=Role(row.role),
        taken_at_ms=row.taken_at_ms,
        muted_by_self=row.muted_by_self,
        muted_by_host=row.muted_by_host,
        left_at_ms=row.left_at_ms,
        removed=row.removed,
        suspended=row.suspended_at_ms is not None,
    )
