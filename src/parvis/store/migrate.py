"""Brings a database to the tables of this version; run by control before anything else.

All missing steps run in one transaction: a start that is killed half-way leaves what was there before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from parvis.store.database import open_engine

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


async def migrate(url: str, *, to: str = "head") -> None:
    """Upgrades the database at `url`. Raises what the database raises: without tables nothing can start."""
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
        async with engine.connect() as connection:
            await connection.execution_options(parvis_writes=True)
            async with connection.begin():
                await connection.run_sync(lambda sync: step(migration_config(sync)))
    finally:
        await engine.dispose()
