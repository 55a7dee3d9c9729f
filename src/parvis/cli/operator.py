"""`parvis operator`: who runs this Parvis, kept in its database.

It works on the database itself, so that nobody becomes operator through the network. It may run while Parvis
does: the next request of that account counts.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from parvis.cli.options import CONFIG
from parvis.configuration import Configuration
from parvis.errors import NotFound
from parvis.settings import ControlSettings

HANDLE = Annotated[str, typer.Argument(help="Handle of an account that exists.")]
DATA = Annotated[Path | None, typer.Option(help="Folder of this Parvis; else as `parvis up` finds it.")]
DATABASE_URL = Annotated[
    str | None, typer.Option(help="SQLAlchemy URL of the database; else as `parvis up` finds it.")
]
JSON = Annotated[bool, typer.Option("--json", help="Print the operators as one JSON object.")]

commands = typer.Typer(help="Say who runs this Parvis.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(commands, name="operator")


@commands.command()
def add(handle: HANDLE, data: DATA = None, database_url: DATABASE_URL = None, config: CONFIG = None) -> None:
    """Make an account operator: it may suspend accounts, hand any audience off, and read any log."""
    asyncio.run(_set(handle, _control(data, database_url, config), operator=True))
    typer.echo(f"@{handle} is an operator.")


@commands.command()
def remove(
    handle: HANDLE, data: DATA = None, database_url: DATABASE_URL = None, config: CONFIG = None
) -> None:
    """Make an operator an account like any other."""
    asyncio.run(_set(handle, _control(data, database_url, config), operator=False))
    typer.echo(f"@{handle} is no operator.")


@commands.command("list")
def list_(
    data: DATA = None, database_url: DATABASE_URL = None, config: CONFIG = None, as_json: JSON = False
) -> None:
    """Show all operators."""
    handles = asyncio.run(_all(_control(data, database_url, config)))
    if as_json:
        typer.echo(json.dumps({"operators": handles}))
        return
    for handle in handles:
        typer.echo(f"@{handle}")


def _control(data: Path | None, database_url: str | None, config: Path | None) -> ControlSettings:
    """The settings of the control whose database is meant; options override what is configured."""
    settings = Configuration.load(config).settings("control", ControlSettings())
    if data is not None:
        settings = replace(settings, data=data)
    return settings if database_url is None else replace(settings, database_url=database_url)


async def _set(handle: str, settings: ControlSettings, *, operator: bool) -> None:
    from parvis.spaces.log import Entry  # here, so that other commands start fast
    from parvis.store.database import Database

    database = Database(await _there(settings.data, settings.database_url))
    act = "operator-made" if operator else "operator-unmade"
    try:
        async with database.write_people() as people:
            if not await people.set_operator(handle, operator=operator):
                raise NotFound("account-unknown", f"there is no @{handle}")
        async with database.write_spaces() as records:
            await records.add_entry(Entry(None, int(time.time() * 1000), None, act, handle))
    finally:
        await database.close()


async def _all(settings: ControlSettings) -> list[str]:
    from parvis.store.database import Database  # here, so that other commands start fast

    database = Database(await _there(settings.data, settings.database_url))
    try:
        async with database.read_people() as people:
            return [account.handle for account in await people.operators()]
    finally:
        await database.close()


async def _there(data: Path, configured: str) -> str:
    """The URL of a database that exists and has the tables of this version."""
    from parvis.store.database import DATABASE_FILE, database_url
    from parvis.store.migrate import migrate

    if not configured and not (data / DATABASE_FILE).is_file():
        raise NotFound("database-unknown", f"there is no database in {data}; has Parvis run with it?")
    url = database_url(configured, data)
    await migrate(url)
    return url
