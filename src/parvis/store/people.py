"""Accounts and sessions in tables; with `relations.py` and `keys.py` it is a `people.port.PeopleRecords`."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.errors import Conflict
from parvis.people.account import Account
from parvis.people.port import Session
from parvis.store.keys import KeyTables
from parvis.store.listings import ListingTables
from parvis.store.relations import RelationTables
from parvis.store.rows import OPERATOR, account_of
from parvis.store.tables import accounts, sessions
from parvis.store.tables_people import retired_handles

MEMBER: Final = "member"


class PeopleTables(RelationTables, KeyTables):
    """Records inside the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_account(self, account: Account, password_hash: str) -> None:
        """Raises `Conflict` `handle-taken`; the transaction is then of no more use."""
        retired = await self._connection.execute(
            select(retired_handles.c.at_ms).where(
                retired_handles.c.handle_hash == handle_hash(account.handle)
            )
        )
        if retired.one_or_none() is not None:
            raise Conflict("handle-taken", f"@{account.handle} is taken.")
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

    async def account_by_id(self, account_id: str) -> Account | None:
        found = await self._connection.execute(select(accounts).where(accounts.c.id == account_id))
        row = found.one_or_none()
        return None if row is None else account_of(row)

    async def account_named(self, handle: str) -> Account | None:
        """The account of a handle that has not been deleted."""
        found = await self._connection.execute(
            select(accounts).where(accounts.c.handle == handle, accounts.c.deleted_at_ms.is_(None))
        )
        row = found.one_or_none()
        return None if row is None else account_of(row)

    async def password_hash(self, account_id: str) -> str:
        """Empty when there is no password."""
        found = await self._connection.execute(
            select(accounts.c.password_hash).where(accounts.c.id == account_id)
        )
        return str(found.scalar_one())

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

    async def set_profile(self, account_id: str, display_name: str, bio: str) -> None:
        mine = accounts.c.id == account_id
        await self._connection.execute(
            update(accounts).where(mine).values(display_name=display_name, bio=bio)
        )
        await ListingTables(self._connection).relist_host(account_id)

    async def set_avatar(self, account_id: str, avatar: str | None) -> None:
        await self._connection.execute(
            update(accounts).where(accounts.c.id == account_id).values(avatar=avatar)
        )

    async def avatar_used(self, avatar: str) -> bool:
        """Whether any account shows this picture."""
        found = await self._connection.execute(
            select(accounts.c.id).where(accounts.c.avatar == avatar).limit(1)
        )
        return found.one_or_none() is not None

    async def add_session(self, session: Session) -> None:
        row = {
            "id": session.id,
            "account_id": session.account.id,
            "created_at_ms": session.created_at_ms,
            "expires_at_ms": session.expires_at_ms,
            "device": session.device,
            "last_seen_at_ms": session.last_seen_at_ms,
        }
        await self._connection.execute(insert(sessions).values(row))

    async def session(self, session_id: str) -> Session | None:
        """The session with its account, expired or not."""
        found = await self._connection.execute(_SESSIONS.where(sessions.c.id == session_id))
        row = found.one_or_none()
        return None if row is None else _session_of(row)

    async def sessions_of(self, account_id: str) -> list[Session]:
        """All sessions of an account, expired ones too, newest first."""
        rows = await self._connection.execute(
            _SESSIONS.where(sessions.c.account_id == account_id).order_by(
                sessions.c.created_at_ms.desc(), sessions.c.id
            )
        )
        return [_session_of(row) for row in rows]

    async def set_seen(self, session_id: str, at_ms: int) -> None:
        await self._connection.execute(
            update(sessions).where(sessions.c.id == session_id).values(last_seen_at_ms=at_ms)
        )

    async def drop_session(self, session_id: str) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.id == session_id))

    async def drop_sessions(self, account_id: str, *, but: str) -> None:
        """All sessions of an account but one."""
        await self._connection.execute(
            delete(sessions).where(sessions.c.account_id == account_id, sessions.c.id != but)
        )

    async def drop_expired_sessions(self, now_ms: int) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.expires_at_ms <= now_ms))


_SESSIONS: Final = (
    select(
        accounts,
        sessions.c.id.label("session_id"),
        sessions.c.created_at_ms.label("session_created_at_ms"),
        sessions.c.expires_at_ms,
        sessions.c.device,
        sessions.c.last_seen_at_ms,
    )
    .join_from(sessions, accounts)
    .where(accounts.c.deleted_at_ms.is_(None))
)


def _session_of(row: Row[Any]) -> Session:
    return Session(
        row.session_id,
        account_of(row),
        row.session_created_at_ms,
        row.expires_at_ms,
        row.device,
        row.last_seen_at_ms,
    )


def handle_hash(handle: str) -> str:
    """What is kept of a handle that nobody gets again."""
    return hashlib.sha256(handle.encode()).hexdigest()
