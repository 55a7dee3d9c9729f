"""Transactions on SQLite and PostgreSQL alike: what is kept, what is undone, who waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from parvis.errors import Conflict
from parvis.people.account import Account, Suspension
from parvis.people.port import Session
from parvis.spaces.handoff import Handoff, HandoffCode, ask, make
from parvis.spaces.invitation import Invitation
from parvis.spaces.log import Entry
from parvis.spaces.port import Place
from parvis.spaces.seat import Role, Seat
from parvis.spaces.space import OPEN_STATES, State
from parvis.spaces.terms import IfAbsent, Recording, Standby, Terms
from parvis.store.database import Database
from tests.unit.spaces.makers import NOW_MS, new_space, person

ANA = Account("a-ana", "ana", "Ana", NOW_MS)
BEN = Account("a-ben", "ben", "Ben", NOW_MS)


@pytest.fixture
async def database(any_database: str) -> AsyncIterator[Database]:
    made = Database(any_database)
    async with made.write_people() as people:
        await people.add_account(ANA, "hash")
        await people.add_account(BEN, "hash")
    yield made
    await made.close()


async def test_an_account_and_its_sessions(database: Database) -> None:
    with pytest.raises(Conflict, match="handle-taken"):
        async with database.write_people() as people:
            await people.add_account(replace(ANA, id="another"), "hash")
    session = Session("s1", ANA, NOW_MS, NOW_MS + 1_000)
    async with database.write_people() as people:
        await people.set_password_hash(ANA.id, "new hash")
        await people.add_session(session)
        await people.add_session(replace(session, id="s2", expires_at_ms=NOW_MS + 2_000))
    async with database.read_people() as people:
        assert await people.credentials("ana") == (ANA, "new hash")
        assert await people.credentials("nobody") is None
        assert await people.session("s1") == session
    async with database.write_people() as people:
        await people.drop_expired_sessions(NOW_MS + 1_000)
        assert await people.session("s1") is None
        assert await people.session("s2") is not None
        await people.drop_session("s2")
        assert await people.session("s2") is None


async def test_a_space_comes_back_as_it_was(database: Database) -> None:
    space = new_space()
    async with database.write_spaces() as records:
        await records.add(space)
    async with database.read_spaces() as records:
        assert await records.get(space.id) == space
        assert await records.get("another000") is None
    ben = person("ben")
    seated = space.seat_person(ben, Role.SPEAKER, NOW_MS + 1).start(NOW_MS + 2)
    left = seated.unseat(seated.seat_named("ben"), NOW_MS + 3, removed=True)
    back = left.seat_person(ben, Role.CO_HOST, NOW_MS + 4)
    for now in (seated, left, back):
        async with database.write_spaces() as records:
            await records.save(now)
        async with database.read_spaces() as records:
            assert await records.get(space.id) == now


async def test_what_fails_is_undone(database: Database) -> None:
    async def add_and_fail() -> None:
        async with database.write_spaces() as records:
            await records.add(new_space())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await add_and_fail()
    async with database.read_spaces() as records:
        assert await records.get(new_space().id) is None


async def test_writers_take_turns_and_readers_do_not_wait(database: Database) -> None:
    async with database.write_spaces() as records:
        await records.add(new_space())

    async def add_listeners() -> None:
        async with database.write_spaces() as records:
            space = await records.get(new_space().id, lock=True)
            assert space is not None
            await records.save(replace(space, peak_listeners=space.peak_listeners + 1))

    async with database.write_spaces() as records:
        others = [asyncio.create_task(add_listeners()) for _ in range(20)]
        async with database.read_spaces() as reading:
            assert await reading.get(new_space().id) == new_space()
    await asyncio.gather(*others)
    async with database.read_spaces() as records:
        space = await records.get(new_space().id)
    assert space is not None
    assert space.peak_listeners == 20


async def test_pages_and_what_to_publish(database: Database) -> None:
    ids = [f"000000000{n}" for n in range(4)]
    seat_of_ben = Seat(person("ben"), Role.SPEAKER, NOW_MS)
    async with database.write_spaces() as records:
        for n, space_id in enumerate(ids):
            space = replace(new_space(), id=space_id, created_at_ms=NOW_MS + n // 2)
            if n == 1:
                space = replace(space, seats=(*space.seats, seat_of_ben))
            if n == 3:
                space = space.end(NOW_MS + 10, 0)
            await records.add(space)
    async with database.read_spaces() as records:

        async def page(**query: object) -> list[str]:
            terms: dict[str, object] = {"states": tuple(State), "seated_account_id": None, "after": None}
            return [s.id for s in await records.page(**terms | query, limit=9)]  # type: ignore[arg-type]

        assert await page() == ids[::-1]
        assert await page(states=OPEN_STATES) == ids[2::-1]
        assert await page(after=Place(NOW_MS + 1, ids[2])) == ids[1::-1]
        assert await page(after=Place(NOW_MS, ids[1])) == ids[:1]
        assert await page(seated_account_id="a-ben") == ids[1:2]
        assert {s.id for s in await records.to_publish(NOW_MS + 10)} == set(ids)
        assert {s.id for s in await records.to_publish(NOW_MS + 11)} == set(ids[:3])
        assert await records.count_by_state() == {State.SCHEDULED: 3, State.ENDED: 1}


async def test_a_peak_only_rises(database: Database) -> None:
    async with database.write_spaces() as records:
        await records.add(new_space())
        for peak in (5, 3):
            await records.note_peak(new_space().id, peak)
        space = await records.get(new_space().id)
    assert space is not None
    assert space.peak_listeners == 5


async def test_invitations(database: Database) -> None:
    made = Invitation("i", new_space().id, "hash", Role.CO_HOST, 2, NOW_MS, NOW_MS + 1, ANA.id)
    async with database.write_spaces() as records:
        await records.add(new_space())
        await records.add_invitation(made)
        assert await records.invitation("hash") == made
        await records.set_uses("i", 1)
        assert await records.invitation("hash") == replace(made, uses_left=1)
        await records.drop_invitations(new_space().id)
        assert await records.invitation("hash") is None


async def test_everything_of_a_space_comes_back(database: Database) -> None:
    terms = Terms(
        grace_s=30,
        successors=("ben", "ana"),
        standby=Standby.LOOP,
        keep_open_s=0,
        auto_start=True,
        if_absent=IfAbsent.POSTPONE,
        postpone_s=60,
        recording=Recording.TRACKS,
    )
    space = replace(new_space(), terms=terms).seat_person(person("ben"), Role.CO_HOST, NOW_MS + 1)
    space = space.start(NOW_MS).with_standby_loop(there=True)
    space = space.with_acting("a-ben", host_away_since_ms=NOW_MS, acting_away_since_ms=NOW_MS + 2)
    handoff = Handoff("h1", space.id, None, "https://x/s/1", "x", "Because.", "ana", NOW_MS)
    asked = ask(space, replace(handoff, only_from="another000"))
    made = make(asked, replace(handoff, id="h0"), NOW_MS)
    async with database.write_spaces() as records:
        await records.add(space)
        for now in (asked, made, made.hold(NOW_MS + 3)):
            await records.save(now)
            assert await records.get(space.id) == now
        assert await records.handoff_from("h0") == space.id
        assert await records.handoff_from("h9") is None
        over = made.end(NOW_MS, 0)
        await records.save(over)
        assert await records.to_publish(NOW_MS + 1) == [over], "where it led is told for ever"


async def test_handoff_codes(database: Database) -> None:
    code = HandoffCode("c", new_space().id, "hash", ANA.id, NOW_MS, NOW_MS + 1)
    async with database.write_spaces() as records:
        await records.add(new_space())
        await records.add_handoff_code(code)
        assert await records.handoff_code("hash") == code
        await records.set_handoff_code_used("c", NOW_MS)
        assert await records.handoff_code("hash") == replace(code, used_at_ms=NOW_MS)
        assert await records.handoff_code("other") is None


async def test_the_log_is_read_backwards(database: Database) -> None:
    space = new_space()
    told = [
        Entry(space.id, NOW_MS, "ana", "muted", "ben", "Noise.", {"n": 1}),
        Entry(space.id, NOW_MS, None, "acting-began", "ben"),
        Entry(None, NOW_MS, "ana", "account-suspended", "ben", "Because."),
    ]
    async with database.write_spaces() as records:
        await records.add(space)
        for entry in told:
            await records.add_entry(entry)
        newest, older = await records.entries(space.id, None, 9)
        assert [replace(entry, id=0) for entry in (older, newest)] == told[:2]
        assert await records.entries(space.id, newest.id, 9) == [older]
        assert await records.entries(space.id, None, 1) == [newest]


async def test_suspended_seats_and_operators(database: Database) -> None:
    space = new_space().seat_person(person("ben"), Role.SPEAKER, NOW_MS + 1)
    suspension = Suspension("Because.", NOW_MS, "olga")
    async with database.write_spaces() as records:
        await records.add(space)
        await records.set_suspension("a-ben", suspension)
        [found] = await records.open_with_seat("a-ben")
        assert [(s.person.handle, s.suspended) for s in found.seats] == [("ana", False), ("ben", True)]
        assert [s.person.handle for s in found.on_stage] == ["ana"]
        ben = await records.account("ben")
        assert ben is not None
        assert ben.suspension == suspension
        await records.set_suspension("a-ben", None)
        assert await records.get(space.id) == space
        await records.save(found.end(NOW_MS, 0))
        assert await records.open_with_seat("a-ben") == []
        assert await records.unknown_handles(["zoe", "ben", "max"]) == ["zoe", "max"]
    async with database.write_people() as people:
        assert await people.set_operator("ana", operator=True)
        assert not await people.set_operator("zoe", operator=True)
        assert [account.handle for account in await people.operators()] == ["ana"]
        assert await people.set_operator("ana", operator=False)
        assert await people.operators() == []
