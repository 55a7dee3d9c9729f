"""Migrations from nothing to now and back, on a real file."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from parvis.store.database import database_url, open_engine
from parvis.store.migrate import migrate, migrate_down, migration_config
from parvis.store.tables import metadata


async def tables(url: str) -> set[str]:
    engine = open_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await engine.dispose()
    return names


async def test_up_twice_and_down(tmp_path: Path) -> None:
    url = database_url("", tmp_path)
    await migrate(url)
    await migrate(url)
    assert await tables(url) == {*metadata.tables, "alembic_version"}
    await migrate_down(url)
    assert await tables(url) == {"alembic_version"}
    await migrate(url)
    assert await tables(url) == {*metadata.tables, "alembic_version"}


async def test_the_migrations_end_where_the_tables_are(tmp_path: Path) -> None:
    url = database_url("", tmp_path)
    await migrate(url)
    engine = open_engine(url)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_there_is_one_line_of_migrations() -> None:
    assert ScriptDirectory.from_config(migration_config()).get_heads() == ["0002"]
