"""Brings a database to the tables of this version; run by control before anything else.

All missing steps run in one transaction: a start that is killed half-way leaves what was there before. Two
processes that start at once take turns (on SQLite by its one writer, on PostgreSQL by an advisory lock).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from parvis.store.database import open_engine
from parvis.store.faults import faults_told

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_TURN: Final = text("SELECT pg_advisory_xact_lock(7304880812435861)")
"""The number is ours alone in this database: what it is does not matter."""


async def migrate(url: str, *, to: str = "head") -> None:
    """Upgrades the database at `url`.

    Raises `Unavailable` `database-away`, `UserError` `setting-invalid`: without tables nothing can start.
    """
    await _run(url, lambda config: command.upgrade(config, to))


async def migrate_down(url: str, *, to: str = "base") -> None:
    """Takes steps back, down to `to`: what those tables held is lost."""
    await _run(url, lambda config: command.downgrade(config, to))


def migration_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file; `%` in the path is Alembic's own escape."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def _run(url: str, step: Callable[[Config], None]) -> None:
    engine = open_engine(url)
    try:
        with faults_told():
            async with engine.connect() as connection:
                await connection.execution_options(parvis_writes=True)
                async with connection.begin():
                    if engine.dialect.name == "postgresql":
                        await connection.execute(_TURN)
                    await connection.run_sync(lambda sync: step(migration_config(sync)))
    finally:
        await engine.dispose()
