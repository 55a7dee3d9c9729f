"""Bans, messages and polls in tables: implements the rest of `parvis.spaces.port_manners`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.people.account import Account
from parvis.spaces.ban import Ban
from parvis.spaces.message import Message
from parvis.spaces.poll import Poll
from parvis.spaces.seat import Person, Role
from parvis.store.rows import account_of
from parvis.store.tables import accounts, spaces
from parvis.store.tables_manners import bans, messages, polls


class ConversationTables:
    """Records inside the transaction of `connection`; part of `SpaceTables`."""

    _connection: AsyncConnection

    # Bans.

    async def ban_of(self, space_id: str, account_id: str) -> Ban | None:
        query = _bans().where(bans.c.space_id == space_id, bans.c.account_id == account_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Ban(**row._mapping)

    async def bans(self, space_id: str) -> list[Ban]:
        """Newest first."""
        newest_first = (bans.c.at_ms.desc(), bans.c.account_id)
        rows = await self._connection.execute(
            _bans().where(bans.c.space_id == space_id).order_by(*newest_first)
        )
        return [Ban(**row._mapping) for row in rows]

    async def present(self, space_id: str, account_ids: Sequence[str]) -> list[Account]:
        """Those of these accounts that may be named as being there, by handle."""
        banned = select(bans.c.account_id).where(bans.c.space_id == space_id)
        rows = await self._connection.execute(
            select(accounts)
            .where(
                accounts.c.id.in_(account_ids),
                accounts.c.deleted_at_ms.is_(None),
                accounts.c.suspended_at_ms.is_(None),
                accounts.c.id.not_in(banned),
            )
            .order_by(accounts.c.handle)
        )
        return [account_of(row) for row in rows]

    async def add_ban(self, ban: Ban) -> None:
        row = {name: getattr(ban, name) for name in ("space_id", "account_id", "reason", "by", "at_ms")}
        await self._connection.execute(insert(bans).values(row))

    async def drop_ban(self, space_id: str, handle: str) -> bool:
        """Whether there was one."""
        whose = select(accounts.c.id).where(accounts.c.handle == handle).scalar_subquery()
        dropped = await self._connection.execute(
            delete(bans).where(bans.c.space_id == space_id, bans.c.account_id == whose)
        )
        return dropped.rowcount > 0

    async def banned_accounts(self) -> Mapping[str, Sequence[str]]:
        """Accounts by Space, of all Spaces that are not over."""
        rows = await self._connection.execute(
            select(bans.c.space_id, bans.c.account_id)
            .join_from(bans, spaces, spaces.c.id == bans.c.space_id)
            .where(spaces.c.ended_at_ms.is_(None))
        )
        by_space: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            by_space[row.space_id].append(row.account_id)
        return by_space

    # Messages.

    async def add_message(self, message: Message) -> Message:
        """The same with its id."""
        row = {
            "space_id": message.space_id,
            "account_id": message.by.account_id,
            "role": message.role.value if message.role is not None else None,
            "text": message.text,
            "reply_to": message.reply_to,
            "at_ms": message.at_ms,
            "forgotten": False,
        }
        added = await self._connection.execute(insert(messages).values(row).returning(messages.c.id))
        return Message(
            message.space_id,
            message.by,
            message.role,
            message.text,
            message.reply_to,
            message.at_ms,
            id=added.scalar_one(),
        )

    async def message(self, space_id: str, message_id: int) -> Message | None:
        query = _messages().where(messages.c.space_id == space_id, messages.c.id == message_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _message(row)

    async def messages(self, space_id: str, before: int | None, limit: int) -> list[Message]:
        """Those that are not deleted, newest first."""
        query = _messages().where(messages.c.space_id == space_id, messages.c.deleted_at_ms.is_(None))
        if before is not None:
            query = query.where(messages.c.id < before)
        rows = await self._connection.execute(query.order_by(messages.c.id.desc()).limit(limit))
        return [_message(row) for row in rows]

    async def last_message_ms(self, space_id: str, account_id: str) -> int | None:
        """When an account last wrote here, be it deleted or not."""
        found = await self._connection.execute(
            select(func.max(messages.c.at_ms)).where(
                messages.c.space_id == space_id, messages.c.account_id == account_id
            )
        )
        at_ms: int | None = found.scalar_one()
        return at_ms

    async def set_deleted(self, message_id: int, at_ms: int | None, by: str | None) -> None:
        await self._connection.execute(
            update(messages).where(messages.c.id == message_id).values(deleted_at_ms=at_ms, deleted_by=by)
        )

    async def delete_messages_of(self, space_id: str, account_id: str, at_ms: int, by: str) -> int:
        """How many it were."""
        deleted = await self._connection.execute(
            update(messages)
            .where(
                messages.c.space_id == space_id,
                messages.c.account_id == account_id,
                messages.c.deleted_at_ms.is_(None),
            )
            .values(deleted_at_ms=at_ms, deleted_by=by)
        )
        return deleted.rowcount

    async def forget_texts(self, deleted_before_ms: int) -> None:
        """Takes away the words of what was deleted before a time."""
        await self._connection.execute(
            update(messages)
            .where(messages.c.forgotten.is_(False), messages.c.deleted_at_ms < deleted_before_ms)
            .values(text="", forgotten=True)
        )

    # Polls.

    async def add_poll(self, space_id: str, poll: Poll) -> None:
        row = {name: getattr(poll, name) for name in ("id", "question", "opened_at_ms", "closes_at_ms")}
        lists = {"choices": list(poll.choices), "counts": list(poll.counts), "sources": {}}
        await self._connection.execute(insert(polls).values(row | lists | {"space_id": space_id}))

    async def poll(self, space_id: str, poll_id: str) -> Poll | None:
        """A poll, its row held until the transaction ends."""
        query = select(polls).where(polls.c.space_id == space_id, polls.c.id == poll_id).with_for_update()
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _poll(row)

    async def polls(self, space_id: str, limit: int) -> list[Poll]:
        """Newest first."""
        newest_first = (polls.c.opened_at_ms.desc(), polls.c.id)
        rows = await self._connection.execute(
            select(polls).where(polls.c.space_id == space_id).order_by(*newest_first).limit(limit)
        )
        return [_poll(row) for row in rows]

    async def open_polls(self) -> Mapping[str, tuple[str, Poll, Mapping[str, Sequence[int]]]]:
        """Space, poll and counts by source of every open poll, by its id."""
        rows = await self._connection.execute(select(polls).where(polls.c.closed_at_ms.is_(None)))
        return {row.id: (row.space_id, _poll(row), row.sources) for row in rows}

    async def save_poll(self, poll: Poll, sources: Mapping[str, Sequence[int]] | None = None) -> None:
        """Writes counts, sources (None: as they are) and whether it is closed."""
        row: dict[str, Any] = {"counts": list(poll.counts), "closed_at_ms": poll.closed_at_ms}
        if sources is not None:
            row["sources"] = {source: list(counts) for source, counts in sources.items()}
        await self._connection.execute(update(polls).where(polls.c.id == poll.id).values(row))


def _bans() -> Select[Any]:
    return select(bans, accounts.c.handle, accounts.c.display_name).join_from(
        bans, accounts, accounts.c.id == bans.c.account_id
    )


def _messages() -> Select[Any]:
    return select(messages, accounts.c.handle, accounts.c.display_name).join_from(
        messages, accounts, accounts.c.id == messages.c.account_id
    )


def _message(row: Row[Any]) -> Message:
    return Message(
        space_id=row.space_id,
        by=Person(row.account_id, row.handle, row.display_name),
        role=Role(row.role) if row.role is not None else None,
        text=row.text,
        reply_to=row.reply_to,
        at_ms=row.at_ms,
        deleted_at_ms=row.deleted_at_ms,
        deleted_by=row.deleted_by,
        id=row.id,
    )


def _poll(row: Row[Any]) -> Poll:
    return Poll(
        id=row.id,
        question=row.question,
        choices=tuple(row.choices),
        counts=tuple(row.counts),
        opened_at_ms=row.opened_at_ms,
        closes_at_ms=row.closes_at_ms,
        closed_at_ms=row.closed_at_ms,
    )
