"""Migrations from nothing to now and back, on SQLite and PostgreSQL, with what people had in the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    insert,
    inspect,
)

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


CHOICES = {
    ("spaces", "state"): ("live", "ended"),
    ("spaces", "visibility"): ("public", "members"),
    ("seats", "role"): ("host", "speaker"),
    ("seats", "left_at_ms"): (None, 2),
    ("hands", "state"): ("raised", "declined"),
    ("handoffs", "state"): ("asked", "made"),
    ("invitations", "for_account"): (None, None),
}
"""What is not free text; of invitations only links: one to a handle goes on the way down (above)."""


def value_of(column: Column[Any], number: int) -> object:
    """Something that this column takes, another for each of two rows."""
    if (column.table.name, column.name) in CHOICES:
        return CHOICES[column.table.name, column.name][number]
    for key in column.foreign_keys:
        return value_of(key.column, number)
    if isinstance(column.type, JSON):
        return [f"{column.name} é", {"n": number, "none": None}]
    if isinstance(column.type, Boolean):
        return bool(number)
    if isinstance(column.type, Integer):
        return number + 1
    if isinstance(column.type, LargeBinary):
        return bytes((0, 255, number))
    assert isinstance(column.type, String)
    return f"{number} {column.table.name} {column.name} é"[: column.type.length]


async def fill(url: str) -> None:
    """Two rows in every table, nothing left out."""
    engine = open_engine(url)
    async with engine.connect() as connection, connection.begin():
        for table in metadata.sorted_tables:
            rows = [{column.name: value_of(column, number) for column in table.columns} for number in (0, 1)]
            await connection.execute(insert(table), rows)
    await engine.dispose()


Kept = dict[str, list[dict[str, Any]]]


async def kept_in(url: str) -> Kept:
    """All rows of all tables, as this moment's tables have them."""

    def read(connection: Connection) -> Kept:
        found: Kept = {}
        names = inspect(connection).get_table_names()
        for name in names:
            if name != "alembic_version" and not name.startswith(SEARCH_NAMES):
                rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"')
                found[name] = [dict(row._mapping) for row in rows]
        return found

    engine = open_engine(url)
    async with engine.connect() as connection:
        found = await connection.run_sync(read)
    await engine.dispose()
    return found


def in_both(one: Kept, other: Kept) -> list[list[tuple[str, list[str]]]]:
    """Of both what tables and columns both have, in an order of its own."""
    pairs = []
    for kept in (one, other):
        shown = []
        for table in sorted(one.keys() & other.keys()):
            columns = sorted(
                set.intersection(*(set(each[table][0]) if each[table] else set() for each in (one, other)))
            )
            shown.append((table, sorted(repr([row[name] for name in columns]) for row in kept[table])))
        pairs.append(shown)
    return pairs


async def test_every_step_keeps_what_is_in_every_table(empty_database: str) -> None:
    steps = [script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()]
    await migrate(empty_database)
    await fill(empty_database)
    whole = before = await kept_in(empty_database)
    assert {name for name, rows in whole.items() if len(rows) == 2} == set(metadata.tables)
    for step in steps[1:]:
        await migrate_down(empty_database, to=step)
        after = await kept_in(empty_database)
        one, other = in_both(before, after)
        assert one == other, f"down to {step}"
        before = after
    for step in reversed(steps[:-1]):
        await migrate(empty_database, to=step)
        after = await kept_in(empty_database)
        one, other = in_both(before, after)
        assert one == other, f"up to {step}"
        before = after
    full = {name for name, rows in before.items() if len(rows) == 2}
    assert full == {"accounts", "sessions", "spaces", "seats", "invitations"}, "there from the first"
    assert len(before["listings"]) == 1, "made of the Space that has a host"


def test_there_is_one_line_of_migrations() -> None:
    assert ScriptDirectory.from_config(migration_config()).get_heads() == ["0009"]
