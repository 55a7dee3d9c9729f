"""The database: one engine, short transactions, one writer at a time on SQLite.

- SQLite runs in WAL mode, so readers never wait; foreign keys are on; each transaction is begun by us
  (`BEGIN IMMEDIATE` to write), for the driver's own way leaves DDL and reads outside.
- Writers of this process queue in memory, in order, rather than on SQLite's busy handler; `busy_timeout` is
  for those of other processes (a backup, a shell).
- PostgreSQL needs none of that: rows are locked where it matters (`SpaceRecords.get(lock=True)`). What only
  reads sees one moment (`REPEATABLE READ`), as it does on SQLite: a Space never has another's seats.
- When the database is away it is said so (`Unavailable` `database-away`, `faults.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from parvis.errors import UserError
from parvis.people.port import PeopleRecords
from parvis.spaces.listings import ListingRecords
from parvis.spaces.port import SpaceRecords
from parvis.store.faults import faults_told
from parvis.store.listings import ListingTables
from parvis.store.people import PeopleTables
from parvis.store.spaces import SpaceTables

DATABASE_FILE: Final = "parvis.sqlite3"
_BUSY_TIMEOUT_MS: Final = 5_000
_WRITES: Final = "parvis_writes"
_DRIVERS: Final = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}
"""For addresses without a driver, as hosting companies hand them out."""

_POSTGRESQL: Final[dict[str, Any]] = {
    # A connection that died while it lay in the pool is noticed before it is used.
    "pool_pre_ping": True,
    "pool_size": 8,
    "max_overflow": 8,
    "pool_timeout": 5.0,
    "connect_args": {
        "timeout": 5.0,
        "command_timeout": 15.0,
        "server_settings": {
            "application_name": "parvis control",
            # A plan for any word walks all Spaces for a rare one; to plan takes less than that.
            "plan_cache_mode": "force_custom_plan",
        },
    },
}


def database_url(configured: str, data: Path) -> str:
    """The SQLAlchemy URL: as configured, or SQLite in the data folder, which is made.

    Raises `UserError` `setting-invalid` when the folder can't be made.
    """
    if configured:
        return configured
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("setting-invalid", f"The data folder {data} can't be made: {error}") from error
    return f"sqlite+aiosqlite:///{data / DATABASE_FILE}"


def open_engine(url: str) -> AsyncEngine:
    """An engine as the rules above say. Raises `UserError` `setting-invalid` for a bad URL."""
    try:
        parsed = _with_driver(make_url(url))
        options = _POSTGRESQL if parsed.get_backend_name() == "postgresql" else {}
        # What a statement was given is for nobody's log: hashes of passwords and codes are among it.
        engine = create_async_engine(parsed, hide_parameters=True, **options)
    except (SQLAlchemyError, ImportError) as error:
        raise UserError("setting-invalid", f"database_url can't be used: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _with_driver(url: URL) -> URL:
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


class Database:
    """Opens transactions for people and Spaces; implements the ports of both."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        sqlite = self._engine.dialect.name == "sqlite"
        self._one_writer = asyncio.Lock() if sqlite else None
        self._to_read: dict[str, Any] = (
            {} if sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )

    @asynccontextmanager
    async def read_people(self) -> AsyncIterator[PeopleRecords]:
        async with self._transaction(writes=False) as connection:
            yield PeopleTables(connection)

    @asynccontextmanager
    async def write_people(self) -> AsyncIterator[PeopleRecords]:
        async with self._transaction(writes=True) as connection:
            yield PeopleTables(connection)

    @asynccontextmanager
    async def read_spaces(self) -> AsyncIterator[SpaceRecords]:
        async with self._transaction(writes=False) as connection:
            yield SpaceTables(connection)

    @asynccontextmanager
    async def write_spaces(self) -> AsyncIterator[SpaceRecords]:
        async with self._transaction(writes=True) as connection:
            yield SpaceTables(connection)

    @asynccontextmanager
    async def read_listings(self) -> AsyncIterator[ListingRecords]:
        async with self._transaction(writes=False) as connection:
            yield ListingTables(connection)

    async def check(self) -> None:
        """Raises `Unavailable` `database-away`."""
        async with self._transaction(writes=False) as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Closes all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _transaction(self, *, writes: bool) -> AsyncIterator[AsyncConnection]:
        turn: AbstractAsyncContextManager[Any] = (
            self._one_writer if writes and self._one_writer is not None else nullcontext()
        )
        options = {_WRITES: True} if writes else self._to_read
        async with turn:
            with faults_told():
                async with self._engine.connect() as connection:
                    await connection.execution_options(**options)
                    async with connection.begin():
                        yield connection


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",  # first, for a new file can be locked while it is made WAL
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
