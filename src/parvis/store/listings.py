"""Listed Spaces in tables: implements `parvis.spaces.listings.ListingRecords`.

- A page of a list walks one index: (phase, time, number), or the same of one host.
- Words are found by an index that each database has for that. SQLite: an FTS5 table over `listings`, kept by
  triggers, walked from the newest number down. PostgreSQL: a GIN index over the words as a `tsvector`. Both
  know exactly the words that `folding.py` made: neither cuts nor folds anything by itself.
- Spaces of a suspended host are not shown.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    column,
    delete,
    insert,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.spaces.folding import fold_all, is_beginning
from parvis.spaces.listings import SHOWN, Entry, Listed, ListPlace, Phase, entry_of
from parvis.spaces.space import Space, State
from parvis.store.tables import accounts, spaces
from parvis.store.tables_listing import listings

_WORDS: Final = table("listings_words", column("rowid", Integer))
"""Of SQLite."""
_MATCHES: Final = text("listings_words MATCH :asked")
_HAS: Final = text("array_to_tsvector(string_to_array(listings.words, ' ')) @@ CAST(:asked AS tsquery)")
"""As the index of PostgreSQL has it."""


class ListingTables:
    """Records inside the transaction of `connection`; also part of `SpaceTables`."""

    _connection: AsyncConnection

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def listed(
        self, phase: Phase, after: ListPlace | None, limit: int, *, host_id: str | None = None
    ) -> list[Listed]:
        """At most `limit` of a phase after a place: the next first if upcoming, else the newest first."""
        query = _shown().where(listings.c.phase == phase.value)
        if host_id is not None:
            query = query.where(listings.c.host_id == host_id)
        at, number = listings.c.at_ms, listings.c.number
        if phase is Phase.UPCOMING:
            order: tuple[ColumnElement[Any], ...] = (at.asc(), number.asc())
            if after is not None:
                same = and_(at == after.at_ms, number > after.number)
                query = query.where(at >= after.at_ms, or_(at > after.at_ms, same))
        else:
            order = (at.desc(), number.desc())
            if after is not None:
                same = and_(at == after.at_ms, number < after.number)
                query = query.where(at <= after.at_ms, or_(at < after.at_ms, same))
        return await self._rows(query.order_by(*order).limit(limit))

    async def found(self, words: list[str], after: ListPlace | None, limit: int) -> list[Listed]:
        """At most `limit` that have all of these words: what is live, then upcoming, then past."""
        shown: list[Listed] = []
        begin = SHOWN.index(after.phase) if after is not None else 0
        for phase in SHOWN[begin:]:
            number = after.number if after is not None and phase is after.phase else None
            shown += await self._found_in(phase, words, number, limit - len(shown))
            if len(shown) >= limit:
                break
        return shown

    async def relist_host(self, account_id: str) -> None:
        """Makes the words of a host's Spaces anew. Call it in the transaction that changes the name."""
        rows = await self._connection.execute(
            select(
                listings.c.number,
                spaces.c.title,
                spaces.c.topics,
                spaces.c.description,
                accounts.c.display_name,
                accounts.c.handle,
            )
            .join_from(listings, spaces, listings.c.space_id == spaces.c.id)
            .join(accounts, listings.c.host_id == accounts.c.id)
            .where(listings.c.host_id == account_id)
        )
        for row in rows.all():
            words = fold_all((row.title, *row.topics, row.display_name, row.handle, row.description))
            await self._connection.execute(
                update(listings).where(listings.c.number == row.number).values(words=words)
            )

    async def relist(self, space: Space) -> None:
        """What the lists say of a Space becomes what it is now."""
        mine = listings.c.space_id == space.id
        entry = entry_of(space)
        found = await self._connection.execute(select(listings).where(mine))
        row = found.one_or_none()
        if entry is None:
            if row is not None:
                await self._connection.execute(delete(listings).where(mine))
        elif row is None:
            await self._connection.execute(insert(listings).values(_row(entry) | {"space_id": space.id}))
        elif any(getattr(row, name) != value for name, value in _row(entry).items()):
            await self._connection.execute(update(listings).where(mine).values(_row(entry)))

    async def _found_in(self, phase: Phase, words: list[str], before: int | None, limit: int) -> list[Listed]:
        dialect = self._connection.dialect.name
        number: ColumnElement[int] = listings.c.number
        if dialect == "sqlite":
            number = _WORDS.c.rowid
            query = _shown().join(_WORDS, number == listings.c.number).where(_MATCHES)
        else:
            query = _shown().where(listings.c.phase == phase.value, _HAS)
        if before is not None:
            query = query.where(number < before)
        asked = _asked(dialect, words, phase)
        return await self._rows(query.order_by(number.desc()).limit(limit), asked=asked)

    async def _rows(self, query: Select[Any], **values: object) -> list[Listed]:
        return [_listed(row) for row in await self._connection.execute(query, values)]


def _asked(dialect: str, words: list[str], phase: Phase) -> str:
    """The question in a database's own words. `words` are letters and digits only: nothing to escape."""
    if dialect == "sqlite":
        each = " ".join(f'"{word}"*' if is_beginning(word) else f'"{word}"' for word in words)
        return f'phase:"{phase.value}" AND words:({each})'
    return " & ".join(f"'{word}':*" if is_beginning(word) else f"'{word}'" for word in words)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "host_id": entry.host_id,
        "phase": entry.phase.value,
        "at_ms": entry.at_ms,
        "words": entry.words,
    }


def _shown() -> Select[Any]:
    return (
        select(
            listings.c.number,
            listings.c.phase,
            listings.c.at_ms,
            listings.c.space_id,
            spaces.c.title,
            spaces.c.description,
            spaces.c.language,
            spaces.c.state,
            spaces.c.topics,
            spaces.c.cover,
            spaces.c.starts_at_ms,
            spaces.c.started_at_ms,
            spaces.c.ended_at_ms,
            spaces.c.recorded,
            accounts.c.handle,
            accounts.c.display_name,
        )
        .join_from(listings, spaces, listings.c.space_id == spaces.c.id)
        .join(accounts, listings.c.host_id == accounts.c.id)
        .where(accounts.c.suspended_at_ms.is_(None))
    )


def _listed(row: Row[Any]) -> Listed:
    columns = dict(row._mapping)
    return Listed(
        **columns | {"phase": Phase(row.phase), "state": State(row.state), "topics": tuple(row.topics)}
    )
