"""Passes in tables, in the same transaction as their Spaces."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.spaces.entry_pass import Pass, VoidReason
from parvis.spaces.space import OPEN_STATES
from parvis.store.tables import spaces
from parvis.store.tables_listing import passes


class PassTables:
    """Records inside the transaction of `connection`; part of `SpaceTables`."""

    _connection: AsyncConnection

    async def add_pass(self, made: Pass) -> None:
        row = {name: getattr(made, name) for name in Pass.__dataclass_fields__}
        await self._connection.execute(insert(passes).values(row))

    async def count_passes(self, space_id: str) -> int:
        """Of a Space, void ones among them."""
        found = await self._connection.execute(
            select(func.count()).select_from(passes).where(passes.c.space_id == space_id)
        )
        return int(found.scalar_one())

    async def passes(self, space_id: str) -> list[Pass]:
        """All of a Space, the newest first."""
        newest_first = (passes.c.created_at_ms.desc(), passes.c.id)
        rows = await self._connection.execute(
            select(passes).where(passes.c.space_id == space_id).order_by(*newest_first)
        )
        return [_pass(row) for row in rows]

    async def open_passes(self) -> list[Pass]:
        """All passes of Spaces that are not over."""
        still_open = spaces.c.state.in_([state.value for state in OPEN_STATES])
        rows = await self._connection.execute(
            select(passes).join_from(passes, spaces, passes.c.space_id == spaces.c.id).where(still_open)
        )
        return [_pass(row) for row in rows]

    async def pass_(self, pass_id: str) -> Pass | None:
        """One pass, its row held until the transaction ends."""
        found = await self._connection.execute(select(passes).where(passes.c.id == pass_id).with_for_update())
        row = found.one_or_none()
        return None if row is None else _pass(row)

    async def hold_pass(self, pass_id: str, account_id: str) -> None:
        """It is this account's from now on, unless it is somebody's."""
        nobodys = and_(passes.c.id == pass_id, passes.c.held_by.is_(None))
        await self._connection.execute(update(passes).where(nobodys).values(held_by=account_id))

    async def held_passes(self, space_id: str, account_id: str) -> list[Pass]:
        """Those of one account in a Space that are not void."""
        mine = and_(passes.c.space_id == space_id, passes.c.held_by == account_id)
        rows = await self._connection.execute(
            select(passes).where(mine, passes.c.void_at_ms.is_(None)).with_for_update()
        )
        return [_pass(row) for row in rows]

    async def set_pass_void(self, pass_id: str, void_at_ms: int, reason: VoidReason) -> None:
        await self._connection.execute(
            update(passes)
            .where(passes.c.id == pass_id)
            .values(void_at_ms=void_at_ms, void_reason=reason.value)
        )


def _pass(row: Row[Any]) -> Pass:
    reason = None if row.void_reason is None else VoidReason(row.void_reason)
    return Pass(**dict(row._mapping) | {"void_reason": reason})
