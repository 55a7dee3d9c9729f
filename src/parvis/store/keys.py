"""Passkeys and identities in tables: implements `parvis.people.port.KeyRecords`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.errors import Conflict
from parvis.people.port import Passkey
from parvis.store.tables_people import identities, passkeys


class KeyTables:
    """Records inside the transaction of `connection`; part of `PeopleTables`."""

    _connection: AsyncConnection

    async def add_passkey(self, passkey: Passkey) -> None:
        """Raises `Conflict` `passkey-known`; the transaction is then of no more use."""
        row = {name: getattr(passkey, name) for name in Passkey.__dataclass_fields__}
        try:
            await self._connection.execute(
                insert(passkeys).values(row | {"transports": list(passkey.transports)})
            )
        except IntegrityError as error:
            raise Conflict("passkey-known", "This passkey is known here already.") from error

    async def passkeys_of(self, account_id: str) -> list[Passkey]:
        """The oldest first."""
        rows = await self._connection.execute(
            select(passkeys)
            .where(passkeys.c.account_id == account_id)
            .order_by(passkeys.c.created_at_ms, passkeys.c.id)
        )
        return [_passkey_of(row) for row in rows]

    async def passkey(self, credential_id: str) -> Passkey | None:
        found = await self._connection.execute(
            select(passkeys).where(passkeys.c.credential_id == credential_id)
        )
        row = found.one_or_none()
        return None if row is None else _passkey_of(row)

    async def set_passkey_used(self, passkey_id: str, sign_count: int, at_ms: int) -> None:
        await self._connection.execute(
            update(passkeys)
            .where(passkeys.c.id == passkey_id)
            .values(sign_count=sign_count, last_used_at_ms=at_ms)
        )

    async def drop_passkey(self, account_id: str, passkey_id: str) -> bool:
        """False when the account has none of this id."""
        mine = (passkeys.c.account_id == account_id) & (passkeys.c.id == passkey_id)
        found = await self._connection.execute(select(passkeys.c.id).where(mine))
        if found.one_or_none() is None:
            return False
        await self._connection.execute(delete(passkeys).where(mine))
        return True

    async def identity(self, issuer: str, subject: str) -> str | None:
        """The id of the account that signs in by this."""
        found = await self._connection.execute(
            select(identities.c.account_id).where(
                identities.c.issuer == issuer, identities.c.subject == subject
            )
        )
        account_id: str | None = found.scalar_one_or_none()
        return account_id

    async def add_identity(self, issuer: str, subject: str, account_id: str, at_ms: int) -> None:
        row = {"issuer": issuer, "subject": subject, "account_id": account_id, "at_ms": at_ms}
        await self._connection.execute(insert(identities).values(row))

    async def identities_of(self, account_id: str) -> list[tuple[str, str]]:
        """Issuer and subject of each."""
        rows = await self._connection.execute(
            select(identities.c.issuer, identities.c.subject)
            .where(identities.c.account_id == account_id)
            .order_by(identities.c.issuer, identities.c.subject)
        )
        return [(row.issuer, row.subject) for row in rows]


def _passkey_of(row: Row[Any]) -> Passkey:
    return Passkey(**dict(row._mapping) | {"transports": tuple(row.transports)})
