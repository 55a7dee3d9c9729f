"""Accounts and sessions in tables: implements `parvis.people.port.PeopleRecords`."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.errors import Conflict
from parvis.people.account import Account, Suspension
from parvis.people.port import Session
from parvis.store.tables import accounts, sessions

OPERATOR: Final = "operator"
MEMBER: Final = "member"


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
        return None if row is None else (account_of(row), row.password_hash)

    async def set_operator(self, handle: str, *, operator: bool) -> bool:
        """Makes somebody operator, or not any more. False when nobody has this handle."""
        role = OPERATOR if operator else MEMBER
        known = await self._connection.execute(select(accounts.c.id).where(accounts.c.handle == handle))
        if known.one_or_none() is None:
            return False
        await self._connection.execute(update(accounts).where(accounts.c.handle == handle).values(role=role))
        return True

    async def operators(self) -> list[Account]:
        """All operators, by handle."""
        found = await self._connection.execute(
            select(accounts).where(accounts.c.role == OPERATOR).order_by(accounts.c.handle)
        )
        return [account_of(row) for row in found]

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
        return Session(row.session_id, account_of(row), row.session_created_at_ms, row.expires_at_ms)

    async def drop_session(self, session_id: str) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.id == session_id))

    async def drop_expired_sessions(self, now_ms: int) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.expires_at_ms <= now_ms))


def account_of(row: Row[Any]) -> Account:
    """The account of a row of `accounts`."""
    suspension = None
    if row.suspended_at_ms is not None:
        suspension = Suspension(row.suspended_reason, row.suspended_at_ms, row.suspended_by)
    return Account(
        id=row.id,
        handle=row.handle,
        display_name=row.display_name,
        created_at_ms=row.created_at_ms,
        operator=row.role == OPERATOR,
        suspension=suspension,
    )
