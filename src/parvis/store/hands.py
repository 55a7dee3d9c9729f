"""Hands in tables: implements `parvis.spaces.port_manners.HandRecords`.

A line of fifty thousand is walked along `ix_hands_line` alone: counting and numbering read no row beside it.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parvis.spaces.hand import Hand, HandState, Line, Order, Query, Standing, fold, name_key
from parvis.spaces.seat import Person
from parvis.store.tables import accounts
from parvis.store.tables_manners import hands

FEW: Final = 8
"""So many places are counted one by one; to number the whole line takes as long as this."""


class HandTables:
    """Records inside the transaction of `connection`; part of `SpaceTables`."""

    _connection: AsyncConnection

    async def hand(self, space_id: str, hand_id: str) -> Hand | None:
        query = _hands().where(hands.c.space_id == space_id, hands.c.id == hand_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _hand(row)

    async def hand_of(self, space_id: str, account_id: str) -> Hand | None:
        """The one hand of an account in a Space, in whatever state."""
        query = _hands().where(hands.c.space_id == space_id, hands.c.account_id == account_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else _hand(row)

    async def keep_hand(self, hand: Hand) -> None:
        """Writes a hand; there is one for each account and Space."""
        person = hand.person
        row = {
            "id": hand.id,
            "note": hand.note,
            "raised_at_ms": hand.raised_at_ms,
            "screened": hand.screened,
            "state": hand.state.value,
            "name_key": name_key(person),
            "words": fold(f"{person.handle} {person.display_name} {hand.note}"),
        }
        whose = {"space_id": hand.space_id, "account_id": person.account_id}
        mine = and_(hands.c.space_id == hand.space_id, hands.c.account_id == person.account_id)
        changed = await self._connection.execute(update(hands).where(mine).values(row))
        if not changed.rowcount:
            await self._connection.execute(insert(hands).values(row | whose))

    async def lower_hands(self, space_id: str, account_id: str | None = None) -> int:
        """Lowers all that are raised, or one account's; how many it were."""
        which = _raised(space_id)
        if account_id is not None:
            which = and_(which, hands.c.account_id == account_id)
        lowered = await self._connection.execute(
            update(hands).where(which).values(state=HandState.LOWERED.value)
        )
        return lowered.rowcount

    async def standing(self, hand: Hand) -> Standing:
        """Where a hand stands in its line."""
        raised, _ = await self.hand_counts(hand.space_id)
        return Standing(hand, await self._position(hand) if hand.is_raised else None, raised)

    async def line(self, space_id: str, query: Query, limit: int) -> Line:
        """At most `limit` raised hands."""
        which = [_raised(space_id)]
        if query.search:
            which.append(hands.c.words.contains(query.search, autoescape=True))
        if query.screened is not None:
            which.append(hands.c.screened == query.screened)
        key = hands.c.name_key if query.order is Order.NAME else hands.c.raised_at_ms
        down = query.order is Order.NEWEST
        if query.after is not None:
            place, last = query.after
            beyond = key < place if down else key > place
            which.append(or_(beyond, and_(key == place, hands.c.id < last if down else hands.c.id > last)))
        order = (key.desc(), hands.c.id.desc()) if down else (key, hands.c.id)
        page = _hands().where(*which).order_by(*order).limit(limit)
        found = tuple(_hand(row) for row in await self._connection.execute(page))
        raised, screened = await self.hand_counts(space_id)
        unbroken = query.order is not Order.NAME and not query.search and query.screened is None
        positions = await self._positions(space_id, found, unbroken=unbroken, down=down)
        return Line(found, tuple(positions[hand.id] for hand in found), raised, screened)

    async def hand_counts(self, space_id: str) -> tuple[int, int]:
        """How many are raised, and how many of these are screened."""
        row = (
            await self._connection.execute(
                select(func.count(), func.count(case((hands.c.screened, 1)))).where(_raised(space_id))
            )
        ).one()
        return row[0], row[1]

    async def _position(self, hand: Hand) -> int:
        """The place of a raised hand in its line, from 1."""
        before = or_(
            hands.c.raised_at_ms < hand.raised_at_ms,
            and_(hands.c.raised_at_ms == hand.raised_at_ms, hands.c.id < hand.id),
        )
        row = await self._connection.execute(
            select(func.count()).where(
                _raised(hand.space_id), hands.c.raised_at_ms <= hand.raised_at_ms, before
            )
        )
        return int(row.scalar_one()) + 1

    async def _positions(
        self, space_id: str, found: tuple[Hand, ...], *, unbroken: bool, down: bool
    ) -> dict[str, int]:
        """Places in the line, by id. `unbroken` says that these stand one behind the other, `down` that the
        last comes first."""
        if not found:
            return {}
        if unbroken:
            first = await self._position(found[0])
            return {hand.id: first - n if down else first + n for n, hand in enumerate(found)}
        if len(found) <= FEW:
            return {hand.id: await self._position(hand) for hand in found}
        last = max(hand.raised_at_ms for hand in found)
        place = func.row_number().over(order_by=(hands.c.raised_at_ms, hands.c.id)).label("place")
        numbered = select(hands.c.id, place).where(_raised(space_id), hands.c.raised_at_ms <= last).subquery()
        rows = await self._connection.execute(
            select(numbered.c.id, numbered.c.place).where(numbered.c.id.in_([hand.id for hand in found]))
        )
        return {row.id: row.place for row in rows}


def _raised(space_id: str) -> ColumnElement[bool]:
    return and_(hands.c.space_id == space_id, hands.c.state == HandState.RAISED.value)


def _hands() -> Select[Any]:
    return select(hands, accounts.c.handle, accounts.c.display_name).join_from(
        hands, accounts, accounts.c.id == hands.c.account_id
    )


def _hand(row: Row[Any]) -> Hand:
    return Hand(
        id=row.id,
        space_id=row.space_id,
        person=Person(row.account_id, row.handle, row.display_name),
        note=row.note,
        raised_at_ms=row.raised_at_ms,
        screened=row.screened,
        state=HandState(row.state),
    )
