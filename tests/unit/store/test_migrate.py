"""Migrations from nothing to now and back, on SQLite and PostgreSQL, with what people had in the tables."""

from __future__ import annotations

from dataclasses import replace

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from parvis.people.account import Suspension
from parvis.people.port import Passkey
from parvis.spaces.handoff import Handoff, make
from parvis.spaces.log import Entry
from parvis.spaces.terms import Terms
from parvis.store.database import Database, open_engine
from parvis.store.migrate import migrate, migrate_down, migration_config
from parvis.store.tables import metadata
from parvis.store.tables_listing import SEARCH_NAMES


def compared(name: str | None, kind: str, _parents: object) -> bool:
    """What search needs is each database's own, and stands in no table of ours."""
    return name is None or not name.startswith(SEARCH_NAMES)


async def tables(url: str) -> set[str]:
    engine = open_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await engine.dispose()
    return {name for name in names if not name.startswith(SEARCH_NAMES)}


async def test_up_twice_and_down(empty_database: str) -> None:
    await migrate(empty_database)
    await migrate(empty_database)
    assert await tables(empty_database) == {*metadata.tables, "alembic_version"}
    await migrate_down(empty_database)
    assert await tables(empty_database) == {"alembic_version"}
    await migrate(empty_database)
    assert await tables(empty_database) == {*metadata.tables, "alembic_version"}


async def test_the_migrations_end_where_the_tables_are(empty_database: str) -> None:
    await migrate(empty_database)
    engine = open_engine(empty_database)

    def differences(connection: Connection) -> list[object]:
        opts = {"compare_type": True, "include_name": compared}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


OLD = (
    "INSERT INTO accounts VALUES ('a-ana', 'ana', 'Ana', 'hash', 1)",
    "INSERT INTO spaces VALUES ('0123456789', 1, 'Night', '', 'en', 'scheduled', 10, 1, 2, NULL, NULL, 0)",
    "INSERT INTO seats VALUES ('0123456789', 'a-ana', 'host', 1, false, false, NULL, false)",
    "INSERT INTO invitations VALUES ('i', '0123456789', 'hash', 'speaker', 1, 1, 2, 'a-ana')",
)


async def run(url: str, *statements: str) -> list[object]:
    """Runs statements, and gives the rows of the last."""
    engine = open_engine(url)
    rows: list[object] = []
    async with engine.connect() as connection, connection.begin():
        for statement in statements:
            result = await connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    await engine.dispose()
    return rows


async def test_what_was_there_before_succession_goes_up_and_comes_down(empty_database: str) -> None:
    await migrate(empty_database, to="0001")
    await run(empty_database, *OLD)
    kept = {
        table: await run(empty_database, f"SELECT * FROM {table}")
        for table in ("accounts", "spaces", "seats", "invitations")
    }
    await migrate(empty_database)
    database = Database(empty_database)
    async with database.read_spaces() as records:
        space = await records.get("0123456789")
    async with database.write_spaces() as records:
        assert space is not None
        assert space.terms == Terms(auto_start=False), "an old announcement does not go on air by itself"
        assert not space.auto_starts
        ana = await records.account("ana")
        assert ana is not None
        assert (ana.operator, ana.suspension) == (False, None)
        handoff = Handoff("h", space.id, None, "https://x/s/1", "x", "Because.", "ana", 1)
        await records.save(make(space, handoff, 1))
        await records.add_entry(Entry(space.id, 1, "ana", "handoff-made"))
        await records.set_suspension("a-ana", Suspension("Because.", 1, "olga"))
    await database.close()
    await migrate_down(empty_database, to="0001")
    now = {table: await run(empty_database, f"SELECT * FROM {table}") for table in kept}
    assert now == kept | {"spaces": now["spaces"]}
    [row] = now["spaces"]
    assert isinstance(row, tuple)
    assert (row[0], row[2], len(row)) == ("0123456789", "Night", 12)


async def test_who_was_signed_in_before_profiles_stays_so_up_and_down(empty_database: str) -> None:
    await migrate(empty_database, to="0004")
    await run(
        empty_database,
        "INSERT INTO accounts (id, handle, display_name, password_hash, created_at_ms) "
        "VALUES ('a-ana', 'ana', 'Ana', 'hash', 1), ('a-ben', 'ben', 'Ben', 'hash', 1)",
        "INSERT INTO sessions VALUES ('s', 'a-ana', 5, 9)",
    )
    kept = {table: await run(empty_database, f"SELECT * FROM {table}") for table in ("accounts", "sessions")}
    await migrate(empty_database, to="0005")
    database = Database(empty_database)
    async with database.write_people() as people:
        session = await people.session("s")
        assert session is not None
        assert (session.device, session.last_seen_at_ms) == ("", 5)
        assert (session.account.bio, session.account.avatar, session.account.has_password) == ("", None, True)
        await people.follow("a-ana", "a-ben", 1)
        await people.block("a-ben", "a-ana", 1)
        await people.add_passkey(Passkey("p", "a-ana", "Key", "id", b"\x00\xff", 2**32 - 1, ("usb",), 1))
        await people.add_identity("https://id.example", "ana", "a-ana", 1)
    async with database.read_people() as people:
        assert [key.public_key for key in await people.passkeys_of("a-ana")] == [b"\x00\xff"]
        assert await people.identity("https://id.example", "ana") == "a-ana"
    await database.close()
    await migrate_down(empty_database, to="0004")
    assert {table: await run(empty_database, f"SELECT * FROM {table}") for table in kept} == kept


async def test_passes_and_counts_from_before_badges_go_up_and_come_down(empty_database: str) -> None:
    await migrate(empty_database, to="0001")
    await run(empty_database, *OLD)
    await migrate(empty_database, to="0007")
    await run(
        empty_database,
        "INSERT INTO passes (id, space_id, label, uses, created_at_ms, created_by) "
        "VALUES ('p', '0123456789', '', 1, 1, 'a-ana')",
    )
    kept = {table: await run(empty_database, f"SELECT * FROM {table}") for table in ("spaces", "passes")}
    await migrate(empty_database)
    database = Database(empty_database)
    async with database.write_spaces() as records:
        space = await records.get("0123456789")
        assert space is not None
        assert space.total_listeners == 0
        assert [one.held_by for one in await records.passes("0123456789")] == [None]
        await records.hold_pass("p", "a-ana")
        await records.hold_pass("p", "somebody else")
        await records.note_joined("0123456789", {"edge-1:a": 5, "edge-2:b": 7})
        await records.save(space)
        assert [one.id for one in await records.held_passes("0123456789", "a-ana")] == ["p"]
    async with database.read_spaces() as records:
        assert await records.joined() == {"0123456789": {"edge-1:a": 5, "edge-2:b": 7}}
        again = await records.get("0123456789")
        assert again is not None
        assert again.total_listeners == 12, "who saves a Space does not write what was counted meanwhile"
    await database.close()
    await migrate_down(empty_database, to="0007")
    assert {table: await run(empty_database, f"SELECT * FROM {table}") for table in kept} == kept


async def test_invitations_from_before_handles_stay_links_and_those_to_one_go_down(
    empty_database: str,
) -> None:
    await migrate(empty_database, to="0001")
    await run(empty_database, *OLD)
    await migrate(empty_database, to="0008")
    kept = await run(empty_database, "SELECT * FROM invitations")
    await migrate(empty_database)
    database = Database(empty_database)
    async with database.write_spaces() as records:
        old = await records.invitation("hash")
        assert old is not None
        assert old.for_account is None
        named = replace(old, id="j", code_hash="other", for_account="a-ana")
        await records.add_invitation(named)
        assert await records.invitation("other") == named
    await database.close()
    await migrate_down(empty_database, to="0008")
    assert await run(empty_database, "SELECT * FROM invitations") == kept, "nobody else may spend it"


def test_there_is_one_line_of_migrations() -> None:
    assert ScriptDirectory.from_config(migration_config()).get_heads() == ["0009"]
