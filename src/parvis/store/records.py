"""What is kept beside Spaces, in the same transaction: handoff codes, the log, suspensions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.people.account import Account, Suspension
from parvis.spaces.handoff import HandoffCode
from parvis.spaces.log import Entry
from parvis.store.rows import account_of
from parvis.store.tables import accounts, handoff_codes, handoffs, log
from parvis.store.tables_people import blocks


class BesideSpaces:
    """Records inside the transaction of `connection`; part of `SpaceTables`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def handoff_from(self, handoff_id: str) -> str | None:
        """The Space that a handoff leads away from."""
        found = await self._connection.execute(select(handoffs.c.from_id).where(handoffs.c.id == handoff_id))
        from_id: str | None = found.scalar_one_or_none()
        return from_id

    async def add_handoff_code(self, code: HandoffCode) -> None:
        row = {name: getattr(code, name) for name in HandoffCode.__dataclass_fields__}
        await self._connection.execute(insert(handoff_codes).values(row))

    async def handoff_code(self, code_hash: str) -> HandoffCode | None:
        """The code, its row held until the transaction ends: nobody else spends it meanwhile."""
        found = await self._connection.execute(
            select(handoff_codes).where(handoff_codes.c.code_hash == code_hash).with_for_update()
        )
        row = found.one_or_none()
        return None if row is None else HandoffCode(**row._mapping)

    async def set_handoff_code_used(self, code_id: str, used_at_ms: int) -> None:
        await self._connection.execute(
            update(handoff_codes).where(handoff_codes.c.id == code_id).values(used_at_ms=used_at_ms)
        )

    async def add_entry(self, entry: Entry) -> None:
        row = {name: getattr(entry, name) for name in Entry.__dataclass_fields__ if name != "id"}
        await self._connection.execute(insert(log).values(row | {"details": dict(entry.details)}))

    async def entries(self, space_id: str | None, before_id: int | None, limit: int) -> list[Entry]:
        """At most `limit` entries of a Space's log, or of what concerns none, that are older than an id,
        newest first."""
        # Not IS NOT DISTINCT FROM: PostgreSQL finds no index for that.
        whose = log.c.space_id.is_(None) if space_id is None else log.c.space_id == space_id
        query = select(log).where(whose)
        if before_id is not None:
            query = query.where(log.c.id < before_id)
        rows = await self._connection.execute(query.order_by(log.c.id.desc()).limit(limit))
        return [Entry(**row._mapping) for row in rows]

    async def account(self, handle: str) -> Account | None:
        """The account of a handle, its row held until the transaction ends."""
        found = await self._connection.execute(
            # Not FOR UPDATE: whoever takes a seat holds a key share of the account, and a Space we may want.
            select(accounts).where(accounts.c.handle == handle).with_for_update(key_share=True)
        )
        row = found.one_or_none()
        return None if row is None else account_of(row)

    async def unknown_handles(self, handles: Sequence[str]) -> list[str]:
        """Those of `handles` that nobody has."""
        found = await self._connection.execute(
            select(accounts.c.handle).where(accounts.c.handle.in_(handles))
        )
        known = set(found.scalars())
        return [handle for handle in handles if handle not in known]

    async def has_blocked(self, blocker_id: str, other_id: str) -> bool:
        """Whether an account has blocked another."""
        found = await self._connection.execute(
            select(blocks.c.at_ms).where(blocks.c.blocker_id == blocker_id, blocks.c.blocked_id == other_id)
        )
        return found.one_or_none() is not None

    async def set_suspension(self, account_id: str, suspension: Suspension | None) -> None:
        await self._connection.execute(
            update(accounts)
            .where(accounts.c.id == account_id)
            .values(
                suspended_at_ms=suspension.at_ms if suspension else None,
                suspended_reason=suspension.reason if suspension else None,
                suspended_by=suspension.by if suspension else None,
            )
        )
