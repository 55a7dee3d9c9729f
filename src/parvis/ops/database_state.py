"""Asks a database how it is, without writing to it: for `parvis doctor`."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Final

from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from parvis.errors import UserError
from parvis.ops.site import DatabaseState
from parvis.store.database import DATABASE_FILE, open_engine
from parvis.store.migrate import migration_config

PATIENCE_S: Final = 5.0
_REVISION: Final = "SELECT version_num FROM alembic_version"


def known_revisions() -> list[str]:
    """The steps of this version, oldest first."""
    return [step.revision for step in ScriptDirectory.from_config(migration_config()).walk_revisions()][::-1]


def read_state(configured: str, data: Path) -> DatabaseState:
    """`configured` is the URL, or "" for SQLite in the data folder."""
    url = configured or f"sqlite+aiosqlite:///{data / DATABASE_FILE}"
    try:
        parsed = make_url(url)
    except SQLAlchemyError as error:
        return DatabaseState("database_url", failure=str(error))
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(Path(parsed.database or ""), shown)
    try:
        return asyncio.run(_server(url, shown))
    except (SQLAlchemyError, OSError, TimeoutError, UserError) as error:
        reason = str(getattr(error, "orig", None) or getattr(error, "detail", None) or error)
        return DatabaseState(shown, failure=(reason or type(error).__name__).splitlines()[0])


def _sqlite(file: Path, shown: str) -> DatabaseState:
    if not file.exists():
        return DatabaseState(shown)
    read_only = not (os.access(file, os.W_OK) and os.access(file.absolute().parent, os.W_OK))
    try:
        # Not `immutable`: what stands in the write-ahead log counts.
        with sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE_S
        ) as connection:
            found = connection.execute(_REVISION).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return DatabaseState(shown, read_only=read_only)
        return DatabaseState(shown, failure=str(error))
    except sqlite3.DatabaseError as error:
        return DatabaseState(shown, failure=str(error))
    return DatabaseState(shown, found[0] if found else "", read_only)


async def _server(url: str, shown: str) -> DatabaseState:
    engine = open_engine(url)
    try:
        async with asyncio.timeout(PATIENCE_S), engine.connect() as connection:
            read_only = (await connection.execute(text("SHOW transaction_read_only"))).scalar_one() == "on"
            is_there = await connection.execute(text("SELECT to_regclass('alembic_version')"))
            if is_there.scalar_one() is None:
                return DatabaseState(shown, read_only=read_only)
            found = (await connection.execute(text(_REVISION))).scalar_one_or_none()
            return DatabaseState(shown, found or "", read_only)
    finally:
        await engine.dispose()
