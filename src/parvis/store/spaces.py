"""Spaces, seats and invitations in tables: implements `parvis.spaces.port.SpaceRecords`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.spaces.invitation import Invitation
from parvis.spaces.port import Place
from parvis.spaces.seat import Person, Role, Seat
from parvis.spaces.space import OPEN_STATES, Space, State
from parvis.store.tables import accounts, invitations, seats, spaces


class SpaceTables:
    """Records inside the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, space: Space) -> None:
        await self._connection.execute(insert(spaces).values(_space_row(space)))
        await self._connection.execute(insert(seats), [_seat_row(space.id, seat) for seat in space.seats])

    async def get(self, space_id: str, *, lock: bool = False) -> Space | None:
        """The Space with all its seats; `lock` holds its row until the transaction ends."""
        query = select(spaces).where(spaces.c.id == space_id)
        found = await self._with_seats(query.with_for_update() if lock else query)
        return found[0] if found else None

    async def save(self, space: Space) -> None:
        """Writes the Space's row and those of its seats that are new or changed. Seats are never deleted."""
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

    async def page(
        self, states: Sequence[State], seated_account_id: str | None, after: Place | None, limit: int
    ) -> list[Space]:
        """At most `limit` Spaces after a place, newest first."""
        query = select(spaces).where(spaces.c.state.in_([state.value for state in states]))
        if seated_account_id is not None:
            mine = select(seats.c.space_id).where(
                seats.c.account_id == seated_account_id, seats.c.left_at_ms.is_(None)
            )
            query = query.where(spaces.c.id.in_(mine))
        if after is not None:
            earlier = spaces.c.created_at_ms < after.created_at_ms
            same = and_(spaces.c.created_at_ms == after.created_at_ms, spaces.c.id < after.space_id)
            query = query.where(or_(earlier, same))
        newest_first = (spaces.c.created_at_ms.desc(), spaces.c.id.desc())
        return await self._with_seats(query.order_by(*newest_first).limit(limit))

    async def to_publish(self, ended_since_ms: int) -> list[Space]:
        """All Spaces that are not over, and those that have been since a time."""
        still_open = spaces.c.state.in_([state.value for state in OPEN_STATES])
        return await self._with_seats(
            select(spaces).where(or_(still_open, spaces.c.ended_at_ms >= ended_since_ms))
        )

    async def note_peak(self, space_id: str, peak_listeners: int) -> None:
        """Raises the peak of a Space, never lowers it."""
        higher = and_(spaces.c.id == space_id, spaces.c.peak_listeners < peak_listeners)
        await self._connection.execute(update(spaces).where(higher).values(peak_listeners=peak_listeners))

    async def count_by_state(self) -> dict[State, int]:
        rows = await self._connection.execute(select(spaces.c.state, func.count()).group_by(spaces.c.state))
        return {State(state): count for state, count in rows}

    async def add_invitation(self, invitation: Invitation) -> None:
        row = {name: getattr(invitation, name) for name in Invitation.__dataclass_fields__}
        await self._connection.execute(insert(invitations).values(row | {"role": invitation.role.value}))

    async def invitation(self, code_hash: str) -> Invitation | None:
        found = await self._connection.execute(
            select(invitations).where(invitations.c.code_hash == code_hash)
        )
        row = found.one_or_none()
        return None if row is None else Invitation(**dict(row._mapping) | {"role": Role(row.role)})

    async def set_uses(self, invitation_id: str, uses_left: int) -> None:
        await self._connection.execute(
            update(invitations).where(invitations.c.id == invitation_id).values(uses_left=uses_left)
        )

    async def drop_invitations(self, space_id: str) -> None:
        await self._connection.execute(delete(invitations).where(invitations.c.space_id == space_id))

    async def _with_seats(self, query: Select[Any]) -> list[Space]:
        rows = (await self._connection.execute(query)).all()
        if not rows:
            return []
        sitting = await self._connection.execute(
            select(seats, accounts.c.handle, accounts.c.display_name)
            .join_from(seats, accounts)
            .where(seats.c.space_id.in_([row.id for row in rows]))
            .order_by(seats.c.taken_at_ms, seats.c.account_id)
        )
        by_space: defaultdict[str, list[Seat]] = defaultdict(list)
        for row in sitting:
            by_space[row.space_id].append(_seat(row))
        return [_space(row, tuple(by_space[row.id])) for row in rows]


def _space_row(space: Space) -> dict[str, Any]:
    row = {name: getattr(space, name) for name in Space.__dataclass_fields__ if name != "seats"}
    return row | {"state": space.state.value}


def _space(row: Row[Any], sitting: tuple[Seat, ...]) -> Space:
    return Space(**dict(row._mapping) | {"state": State(row.state), "seats": sitting})


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
        person=Person(row.account_id, row.handle, row.display_name),
        role=Role(row.role),
        taken_at_ms=row.taken_at_ms,
        muted_by_self=row.muted_by_self,
        muted_by_host=row.muted_by_host,
        left_at_ms=row.left_at_ms,
        removed=row.removed,
    )
