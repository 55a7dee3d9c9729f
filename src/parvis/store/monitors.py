"""Monitors of Spaces in their table, inside the transaction of their Space."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.spaces.monitor import Monitor
from parvis.spaces.seat import Person
from parvis.spaces.space import Space
from parvis.store.tables import accounts, spaces
from parvis.store.tables_monitors import monitors

_PERSON = (accounts.c.id, accounts.c.handle, accounts.c.display_name, accounts.c.suspended_at_ms)


class MonitorTables:
    """Records inside the transaction of `connection`; part of `SpaceTables`."""

    _connection: AsyncConnection

    async def monitors_named(self, handles: Sequence[str]) -> list[Monitor]:
        """Those of `handles` that somebody has, as monitors, in that order. Locks nothing."""
        rows = await self._connection.execute(select(*_PERSON).where(accounts.c.handle.in_(handles)))
        known = {row.handle: _monitor(row) for row in rows}
        return [known[handle] for handle in handles if handle in known]

    async def _monitors_of(self, space_ids: Collection[str]) -> Mapping[str, tuple[Monitor, ...]]:
        rows = await self._connection.execute(
            select(monitors.c.space_id, *_PERSON)
            .join_from(monitors, accounts)
            .where(monitors.c.space_id.in_(space_ids))
            .order_by(monitors.c.space_id, monitors.c.place)
        )
        found: defaultdict[str, tuple[Monitor, ...]] = defaultdict(tuple)
        for row in rows:
            found[row.space_id] += (_monitor(row),)
        return found

    async def _save_monitors(self, space: Space) -> None:
        before = (await self._monitors_of([space.id]))[space.id]
        if [m.person.account_id for m in before] == [m.person.account_id for m in space.monitors]:
            return
        await self._connection.execute(delete(monitors).where(monitors.c.space_id == space.id))
        if space.monitors:
            rows = [
                {"space_id": space.id, "account_id": m.person.account_id, "place": place}
                for place, m in enumerate(space.monitors)
            ]
            await self._connection.execute(insert(monitors), rows)


def monitored_by(account_id: str) -> ColumnElement[bool]:
    """The condition that an account is among a Space's monitors."""
    return spaces.c.id.in_(select(monitors.c.space_id).where(monitors.c.account_id == account_id))


def _monitor(row: Any) -> Monitor:
    return Monitor(Person(row.id, row.handle, row.display_name), row.suspended_at_ms is not None)
