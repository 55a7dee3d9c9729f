"""Follows and blocks in tables: implements `parvis.people.port.RelationRecords`."""

from __future__ import annotations

import contextlib

from sqlalchemy import Column, Table, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.people.port import Counts, Relation
from parvis.store.rows import account_of
from parvis.store.tables import accounts
from parvis.store.tables_people import blocks, follows


class RelationTables:
    """Records inside the transaction of `connection`; part of `PeopleTables`."""

    _connection: AsyncConnection

    async def follow(self, follower_id: str, followed_id: str, at_ms: int) -> None:
        """Twice changes nothing."""
        row = {"follower_id": follower_id, "followed_id": followed_id, "at_ms": at_ms}
        await self._add(follows, row)

    async def unfollow(self, follower_id: str, followed_id: str) -> None:
        await self._connection.execute(
            delete(follows).where(follows.c.follower_id == follower_id, follows.c.followed_id == followed_id)
        )

    async def follows(self, follower_id: str, followed_id: str) -> bool:
        return await self._is_there(follows.c.follower_id, follower_id, follows.c.followed_id, followed_id)

    async def following(self, account_id: str) -> list[Relation]:
        """Whom an account follows, the newest first; nobody who is suspended."""
        found = await self._list(follows, follows.c.follower_id, account_id, follows.c.followed_id)
        return [relation for relation in found if relation.account.suspension is None]

    async def counts(self, account_id: str) -> Counts:
        followers = select(func.count()).where(follows.c.followed_id == account_id).scalar_subquery()
        following = select(func.count()).where(follows.c.follower_id == account_id).scalar_subquery()
        row = (await self._connection.execute(select(followers, following))).one()
        return Counts(row[0], row[1])

    async def block(self, blocker_id: str, blocked_id: str, at_ms: int) -> None:
        """Twice changes nothing."""
        row = {"blocker_id": blocker_id, "blocked_id": blocked_id, "at_ms": at_ms}
        await self._add(blocks, row)

    async def unblock(self, blocker_id: str, blocked_id: str) -> None:
        await self._connection.execute(
            delete(blocks).where(blocks.c.blocker_id == blocker_id, blocks.c.blocked_id == blocked_id)
        )

    async def blocks(self, blocker_id: str, other_id: str) -> bool:
        return await self._is_there(blocks.c.blocker_id, blocker_id, blocks.c.blocked_id, other_id)

    async def blocked_by(self, account_id: str) -> list[Relation]:
        """Whom an account has blocked, the newest first."""
        return await self._list(blocks, blocks.c.blocker_id, account_id, blocks.c.blocked_id)

    async def _add(self, table: Table, row: dict[str, object]) -> None:
        # Asked twice at once, both look before either has written: the savepoint keeps the transaction sound.
        with contextlib.suppress(IntegrityError):
            async with self._connection.begin_nested():
                await self._connection.execute(insert(table).values(row))

    async def _is_there(self, left: Column[str], one: str, right: Column[str], other: str) -> bool:
        found = await self._connection.execute(select(left).where(left == one, right == other))
        return found.one_or_none() is not None

    async def _list(
        self, table: Table, mine: Column[str], account_id: str, theirs: Column[str]
    ) -> list[Relation]:
        rows = await self._connection.execute(
            select(accounts, table.c.at_ms)
            .join_from(table, accounts, theirs == accounts.c.id)
            .where(mine == account_id)
            .order_by(table.c.at_ms.desc(), accounts.c.id)
        )
        return [Relation(account_of(row), row.at_ms) for row in rows]
