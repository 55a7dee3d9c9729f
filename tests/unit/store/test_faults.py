"""What becomes of transactions when PostgreSQL goes away, refuses, or finds two that wait for each other."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from parvis.errors import Unavailable, UserError
from parvis.people.account import Account
from parvis.store.database import Database
from parvis.store.migrate import migrate
from tests.postgres import Postgres
from tests.unit.spaces.makers import NOW_MS, new_space

ANA = Account("a-ana", "ana", "Ana", NOW_MS)


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that a test may end."""
    server = Postgres()
    server.start()
    yield server
    server.stop()
    server.remove()


async def test_a_database_that_goes_and_comes_back(own_server: Postgres) -> None:
    url = own_server.new(migrated=False)
    await migrate(url)
    database = Database(url)

    async def end_it_meanwhile(number: signal.Signals) -> None:
        async with database.read_people() as people:
            own_server.stop(number)
            await people.credentials("ana")

    async with database.write_people() as people:
        await people.add_account(ANA, "hash")
    for number in (signal.SIGQUIT, signal.SIGINT):
        with pytest.raises(Unavailable, match="database-away"):
            await end_it_meanwhile(number)
        with pytest.raises(Unavailable, match="database-away"):
            await database.check()
        with pytest.raises(Unavailable, match="database-away"):
            await migrate(url)
        own_server.start()
        async with database.read_people() as people:
            assert await people.credentials("ana") == (ANA, "hash"), "what was kept is there"
    await database.close()


async def test_a_database_that_nobody_knows(postgres: Postgres) -> None:
    database = Database(postgres.url("nowhere"))
    with pytest.raises(UserError, match="setting-invalid"):
        await database.check()
    with pytest.raises(UserError, match=r'database "nowhere" does not exist'):
        await migrate(postgres.url("nowhere"))
    await database.close()


async def test_two_who_migrate_at_once_take_turns(postgres: Postgres) -> None:
    url = postgres.new(migrated=False)
    await asyncio.gather(*(migrate(url) for _ in range(3)))
    database = Database(url)
    async with database.write_people() as people:
        await people.add_account(ANA, "hash")
    await database.close()
    postgres.drop(url)


async def test_an_address_as_hosts_hand_it_out(postgres: Postgres) -> None:
    database = Database(postgres.url("postgres").replace("postgresql+asyncpg:", "postgres:"))
    await database.check()
    await database.close()


async def test_text_that_postgresql_can_not_keep(postgres: Postgres) -> None:
    url = postgres.new()
    database = Database(url)
    with pytest.raises(UserError, match="U\\+0000"):
        async with database.read_people() as people:
            await people.credentials("an\0a")
    await database.close()
    postgres.drop(url)


async def test_what_is_read_is_of_one_moment(any_database: str) -> None:
    database = Database(any_database)
    async with database.write_people() as people:
        await people.add_account(ANA, "hash")
    async with database.write_spaces() as records:
        await records.add(new_space())
    async with database.read_spaces() as before:
        assert await before.get(new_space().id) == new_space()
        async with database.write_spaces() as records:
            await records.save(new_space().start(NOW_MS))
        assert await before.get(new_space().id) == new_space(), "this reader began before"
    async with database.read_spaces() as after:
        assert await after.get(new_space().id) == new_space().start(NOW_MS)
    await database.close()


async def test_two_that_wait_for_each_other(postgres: Postgres) -> None:
    url = postgres.new()
    database = Database(url)
    spaces = [replace(new_space(), id=f"000000000{n}") for n in range(2)]
    async with database.write_people() as people:
        await people.add_account(ANA, "hash")
    async with database.write_spaces() as records:
        for space in spaces:
            await records.add(space)
    both_hold_one = asyncio.Barrier(2)

    async def take(one: str, other: str) -> None:
        async with database.write_spaces() as records:
            await records.get(one, lock=True)
            await both_hold_one.wait()
            await records.get(other, lock=True)

    ids = [space.id for space in spaces]
    results = await asyncio.gather(take(*ids), take(*reversed(ids)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Unavailable"]
    await database.close()
    postgres.drop(url)
