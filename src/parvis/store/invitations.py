"""Invitations in tables: implements that part of `parvis.spaces.port.SpaceRecords`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, and_, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.spaces.invitation import Invitation, Sent, Waiting
from parvis.spaces.seat import Person, Role
from parvis.spaces.space import Space
from parvis.store.tables import accounts, invitations, spaces
from parvis.store.tables_people import blocks

_by = accounts.alias("by_account")
_to = accounts.alias("to_account")
_PERSON = ("id", "handle", "display_name", "avatar")


class InvitationTables:
    """Records inside the transaction of `connection`; part of `SpaceTables`."""

    _connection: AsyncConnection

    async def add_invitation(self, invitation: Invitation) -> None:
        row = {name: getattr(invitation, name) for name in Invitation.__dataclass_fields__}
        await self._connection.execute(insert(invitations).values(row | {"role": invitation.role.value}))

    async def invitation(self, code_hash: str) -> Invitation | None:
        found = await self._connection.execute(
            select(invitations).where(invitations.c.code_hash == code_hash)
        )
        row = found.one_or_none()
        return None if row is None else _invitation(row)

    async def set_uses(self, invitation_id: str, uses_left: int) -> None:
        await self._connection.execute(
            update(invitations).where(invitations.c.id == invitation_id).values(uses_left=uses_left)
        )

    async def drop_invitations(self, space_id: str) -> None:
        await self._connection.execute(delete(invitations).where(invitations.c.space_id == space_id))

    async def drop_invitation(self, invitation_id: str) -> None:
        await self._connection.execute(delete(invitations).where(invitations.c.id == invitation_id))

    async def drop_invitations_to(self, space_id: str, account_id: str) -> None:
        """Those that name an account."""
        theirs = and_(invitations.c.space_id == space_id, invitations.c.for_account == account_id)
        await self._connection.execute(delete(invitations).where(theirs))

    async def waiting(self, account_id: str, now_ms: int, limit: int) -> list[Waiting]:
        """Invitations to an account that still count, the newest first; none by whom it has blocked."""
        blocked = exists().where(
            blocks.c.blocker_id == account_id, blocks.c.blocked_id == invitations.c.created_by
        )
        query = _counting(now_ms).where(invitations.c.for_account == account_id, ~blocked)
        rows = (await self._connection.execute(query.limit(limit))).all()
        wanted = select(spaces).where(spaces.c.id.in_([row.space_id for row in rows]))
        by_id = {space.id: space for space in await self._with_seats(wanted)}
        return [Waiting(_invitation(row), by_id[row.space_id], _person(row, "by")) for row in rows]

    async def sent(self, space_id: str, now_ms: int, limit: int) -> list[Sent]:
        """Invitations of a Space that still count, the newest first."""
        query = _counting(now_ms).where(invitations.c.space_id == space_id)
        rows = await self._connection.execute(query.limit(limit))
        return [
            Sent(_invitation(row), _person(row, "by"), _person(row, "to") if row.to_id is not None else None)
            for row in rows
        ]

    async def _with_seats(self, query: Select[Any]) -> list[Space]:
        raise NotImplementedError


def _counting(now_ms: int) -> Select[Any]:
    """Those that can still be spent, with who made them and whom they name."""
    people = [
        table.c[name].label(f"{prefix}_{name}")
        for prefix, table in (("by", _by), ("to", _to))
        for name in _PERSON
    ]
    joined = invitations.join(_by, invitations.c.created_by == _by.c.id).outerjoin(
        _to, invitations.c.for_account == _to.c.id
    )
    return (
        select(invitations, *people)
        .select_from(joined)
        .where(invitations.c.uses_left > 0, invitations.c.expires_at_ms > now_ms)
        .order_by(invitations.c.created_at_ms.desc(), invitations.c.id)
    )


def _invitation(row: Row[Any]) -> Invitation:
    fields = {name: getattr(row, name) for name in Invitation.__dataclass_fields__}
    return Invitation(**fields | {"role": Role(row.role)})


def _person(row: Row[Any], prefix: str) -> Person:
    account_id, handle, name, avatar = (getattr(row, f"{prefix}_{column}") for column in _PERSON)
    return Person(account_id, handle, name, avatar=avatar)
