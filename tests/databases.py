"""Both databases for tests: fixtures that run a test once on each, and tables that cost little.

The tables are made once for each kind and copied: migrating a database takes longer than most tests.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from parvis.store.database import DATABASE_FILE, database_url
from parvis.store.migrate import migrate
from tests.postgres import Postgres

KINDS = ("sqlite", "postgresql")
_chosen: list[str] = []
"""The URL that `any_database` gave to the test that runs now."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for all tests of a run."""
    server = Postgres()
    try:
        server.start()
        server.make_template()
        yield server
    finally:
        server.stop()
        server.remove()


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any tables, once of each kind."""
    if request.param == "sqlite":
        yield database_url("", tmp_path)
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new(migrated=False)
    yield url
    server.drop(url)


@pytest.fixture(params=KINDS)
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with today's tables, once of each kind; `api_world.world` then uses it."""
    server: Postgres | None = None if request.param == "sqlite" else request.getfixturevalue("postgres")
    url = sqlite_in(tmp_path) if server is None else server.new()
    _chosen.append(url)
    yield url
    _chosen.remove(url)
    if server is not None:
        server.drop(url)


def database_in(folder: Path) -> str:
    """The URL of the database that the running test asked for, else of an SQLite file in the folder."""
    return _chosen[-1] if _chosen else sqlite_in(folder)


def sqlite_in(folder: Path) -> str:
    """The URL of an SQLite file with today's tables; one that is there stays as it is."""
    url = database_url("", folder)
    if not (folder / DATABASE_FILE).exists():
        shutil.copyfile(_template(), folder / DATABASE_FILE)
    return url


@cache
def _template() -> Path:
    """An SQLite file that was migrated once, for all tests of this process."""
    folder = Path(tempfile.mkdtemp(prefix="parvis-tables-"))
    with ThreadPoolExecutor(1) as thread:  # a test may have a loop of its own in this one
        thread.submit(lambda: asyncio.run(migrate(database_url("", folder)))).result()
    return folder / DATABASE_FILE
