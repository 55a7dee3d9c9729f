"""The `parvis` command: gathers the commands, one file each, and turns errors into one clear line.

A command is loaded when it is asked for, not before: a process holds what it needs and starts in a moment.

Exit codes: 0 fine, 1 it went wrong (one line on standard error), 2 wrong usage.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

import typer

from parvis import __version__
from parvis.errors import ParvisError

COMMANDS = (
    *("up", "demo", "speak", "listen", "storm", "rehearse"),
    *("control", "stage", "edge", "archive", "captions"),
    *("doctor", "operator"),
)


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        help="Parvis runs live audio Spaces that do not break when the crowd comes.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_root)
    for name in names:
        importlib.import_module(f"parvis.cli.{name}").register(app)
    return app


def _root(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    if version:
        typer.echo(f"parvis {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the console script."""
    asked = [name for name in sys.argv[1:2] if name in COMMANDS]
    try:
        application(asked or COMMANDS)()
    except ParvisError as error:
        typer.echo(f"parvis: {error.detail} [{error.code}]", err=True)
        sys.exit(1)
