"""An account in all tables: what is kept about it, and what is left when it goes.

- The foreign keys to `accounts` say where an account is: a table that is added later is exported and cleared
  without a word here (`tables_people.py`).
- Who goes leaves an empty shell, so that seats, invitations and handoffs keep their owner: a handle that says
  nothing, no name, no password. Where the old handle stands as text, it becomes `deleted account`, also
  within JSON; what people wrote in words of their own stays as they wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, Text, cast, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.people.account import DELETED, DELETED_NAME, Account
from parvis.store.listings import ListingTables
from parvis.store.people import MEMBER, handle_hash
from parvis.store.tables import accounts, handoffs, invitations, log, metadata, seats, spaces
from parvis.store.tables_listing import passes
from parvis.store.tables_manners import bans
from parvis.store.tables_people import ANOTHERS, SECRETS, retired_handles

_BY_HANDLE: Final = (
    log.c.by,
    log.c.whom,
    handoffs.c.by,
    handoffs.c.decided_by,
    bans.c.by,
    accounts.c.suspended_by,
)
"""Columns that name people by their handles, as text."""

_BY_ID: Final = (passes.c.held_by, invitations.c.for_account)
"""Columns that name accounts by their ids without a foreign key: SQLite adds none to a table that is
there."""

_NAMING: Final = frozenset({"successors", "captioners", "monitors"})
"""What of the details of a log entry is a list of handles."""

_ALSO: Final = frozenset({("hands", "account_id")})
"""References without `CASCADE` whose rows go, too: a hand holds its owner's name to be searched."""


class DepartedTables:
    """Records inside the transaction of `connection`; part of `SpaceTables`."""

    _connection: AsyncConnection

    async def everything_about(self, account: Account) -> dict[str, list[dict[str, Any]]]:
        """Every row that refers to an account, by table, without secrets."""
        found: dict[str, list[dict[str, Any]]] = {}
        for table in metadata.sorted_tables:
            links = [column for column in _links(table) if (table.name, column.name) not in ANOTHERS]
            ways = [column == account.id for column in links]
            ways += [column == account.handle for column in _BY_HANDLE if column.table is table]
            ways += [column == account.id for column in _BY_ID if column.table is table]
            if table is accounts:
                ways = [accounts.c.id == account.id]
            if not ways:
                continue
            shown = [column for column in table.columns if (table.name, column.name) not in SECRETS]
            rows = await self._connection.execute(
                select(*shown).where(or_(*ways)).order_by(*table.primary_key.columns)
            )
            found[table.name] = [dict(row._mapping) for row in rows]
        return {name: rows for name, rows in found.items() if rows}

    async def naming(self, handle: str) -> list[str]:
        """The ids of all Spaces that name somebody as successor or captioner, or show a message of theirs."""
        columns = (spaces.c.successors, spaces.c.captioners, spaces.c.pinned)
        rows = await self._connection.execute(
            select(spaces.c.id, *columns).where(or_(*(_says(column, handle) for column in columns)))
        )
        return sorted(
            row.id
            for row in rows
            if handle in (*row.successors, *row.captioners) or (row.pinned or {}).get("by") == handle
        )

    async def ended_with_seat(self, account_id: str) -> list[str]:
        """The ids of all ended Spaces in which an account had a seat."""
        mine = select(seats.c.space_id).where(seats.c.account_id == account_id)
        rows = await self._connection.execute(
            select(spaces.c.id).where(spaces.c.state == "ended", spaces.c.id.in_(mine)).order_by(spaces.c.id)
        )
        return list(rows.scalars())

    async def close_account(self, account: Account, shell: str, now_ms: int) -> None:
        """Leaves of an account its id, under the handle `shell`. Its old handle is nobody's any more."""
        for table in metadata.sorted_tables:
            for column in _links(table):
                if _cascades(column):
                    await self._connection.execute(delete(table).where(column == account.id))
        await self._connection.execute(delete(invitations).where(invitations.c.for_account == account.id))
        for column in _BY_HANDLE:
            await self._connection.execute(
                update(column.table).where(column == account.handle).values({column.name: DELETED})
            )
        await self._rename_within(account.handle, shell)
        await self._connection.execute(
            insert(retired_handles).values(handle_hash=handle_hash(account.handle), at_ms=now_ms)
        )
        await self._connection.execute(
            update(accounts)
            .where(accounts.c.id == account.id)
            .values(
                handle=shell,
                display_name=DELETED_NAME,
                password_hash="",
                bio="",
                avatar=None,
                role=MEMBER,
                deleted_at_ms=now_ms,
            )
        )
        await ListingTables(self._connection).relist_host(account.id)

    async def _rename_within(self, handle: str, shell: str) -> None:
        """Where the old handle stands inside of JSON."""
        for column in (spaces.c.successors, spaces.c.captioners):
            rows = await self._connection.execute(select(spaces.c.id, column).where(_says(column, handle)))
            for space_id, names in rows.all():
                await self._connection.execute(
                    update(spaces)
                    .where(spaces.c.id == space_id)
                    .values({column.name: [name for name in names if name != handle]})
                )
        pinned = await self._connection.execute(
            select(spaces.c.id, spaces.c.pinned).where(_says(spaces.c.pinned, handle))
        )
        for space_id, message in pinned.all():
            if message["by"] == handle:
                shown = message | {"by": shell, "name": DELETED_NAME}
                await self._connection.execute(
                    update(spaces).where(spaces.c.id == space_id).values(pinned=shown)
                )
        entries = await self._connection.execute(
            select(log.c.id, log.c.details).where(_says(log.c.details, handle))
        )
        for entry_id, details in entries.all():
            unnamed = {
                key: [DELETED if name == handle else name for name in value] if key in _NAMING else value
                for key, value in details.items()
            }
            await self._connection.execute(update(log).where(log.c.id == entry_id).values(details=unnamed))


def _links(table: Table) -> Iterator[Column[Any]]:
    """The columns of a table that refer to an account."""
    for column in table.columns:
        if any(key.column is accounts.c.id for key in column.foreign_keys):
            yield column


def _says(column: Column[Any], word: str) -> ColumnElement[bool]:
    """That a column of JSON holds a word that needs no escape there, anywhere in it."""
    return cast(column, Text).contains(f'"{word}"', autoescape=True)


def _cascades(column: Column[Any]) -> bool:
    if (column.table.name, column.name) in _ALSO:
        return True
    return any(key.column is accounts.c.id and key.ondelete == "CASCADE" for key in column.foreign_keys)
