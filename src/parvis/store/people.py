"""Accounts and sessions in tables: implements `parvis.people.port.PeopleRecords`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.errors import Conflict
from parvis.people.account import Account
from parvis.people.port import Session
from parvis.store.tables import accounts, sessions


class PeopleTables:
    """Records inside the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_account(self, account: Account, password_hash: str) -> None:
        """Raises `Conflict` `handle-taken`; the transaction is then of no more use."""
        row = {
            "id": account.id,
            "handle": account.handle,
            "display_name": account.display_name,
            "password_hash": password_hash,
            "created_at_ms": account.created_at_ms,
        }
        try:
            await self._connection.execute(insert(accounts).values(row))
        except IntegrityError as error:
            raise Conflict("handle-taken", f"@{account.handle} is taken.") from error

    async def credentials(self, handle: str) -> tuple[Account, str] | None:
        """The account and its password hash."""
        found = await self._connection.execute(select(accounts).where(accounts.c.handle == handle))
        row = found.one_or_none()
        return None if row is None else (_account(row), row.password_hash)

    async def set_password_hash(self, account_id: str, password_hash: str) -> None:
        await self._connection.execute(
            update(accounts).where(accounts.c.id == account_id).values(password_hash=password_hash)
        )

    async def add_session(self, session: Session) -> None:
        row = {
            "id": session.id,
            "account_id": session.account.id,
            "created_at_ms": session.created_at_ms,
            "expires_at_ms": session.expires_at_ms,
        }
        await self._connection.execute(insert(sessions).values(row))

    async def session(self, session_id: str) -> Session | None:
        """The session with its account, expired or not."""
        found = await self._connection.execute(
            select(
                accounts,
                sessions.c.id.label("session_id"),
                sessions.c.created_at_ms.label("session_created_at_ms"),
                sessions.c.expires_at_ms,
            )
            .join_from(sessions, accounts)
            .where(sessions.c.id == session_id)
        )
        row = found.one_or_none()
        if row is None:
            return None
        return Session(row.session_id, _account(row), row.session_created_at_ms, row.expires_at_ms)

    async def drop_session(self, session_id: str) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.id == session_id))

    async def drop_expired_sessions(self, now_ms: int) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.expires_at_ms <= now_ms))


def _account(row: Row[Any]) -> Account:
    return Account(row.id, row.handle, row.display_name, row.created_at_ms)
