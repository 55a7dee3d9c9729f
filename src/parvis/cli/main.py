"""The `parvis` command: gathers the commands, one file each, and turns errors into one clear line.

Exit codes: 0 fine, 1 it went wrong (one line on standard error), 2 wrong usage.
"""

from __future__ import annotations

import sys

import typer

from parvis import __version__
from parvis.cli import (
    archive,
    captions,
    control,
    demo,
    doctor,
    edge,
    listen,
    operator,
    rehearse,
    speak,
    stage,
    storm,
    up,
)
from parvis.errors import ParvisError

app = typer.Typer(
    help="Parvis runs live audio Spaces that do not break when the crowd comes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    if version:
        typer.echo(f"parvis {__version__}")
        raise typer.Exit


COMMANDS = (
    *(up, demo, speak, listen, storm, rehearse),
    *(control, stage, edge, archive, captions),
    *(doctor, operator),
)
for command in COMMANDS:
    command.register(app)


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except ParvisError as error:
        typer.echo(f"parvis: {error.detail} [{error.code}]", err=True)
        sys.exit(1)
