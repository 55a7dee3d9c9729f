"""`parvis archive`: the archive process, alone."""

from __future__ import annotations

import typer

from parvis.settings import ArchiveSettings, BusSettings, from_environment


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(archive)


def archive() -> None:
    """Run the archive alone, told by PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_archive  # here, so that other commands start fast

    run_archive(from_environment(BusSettings()), from_environment(ArchiveSettings()))
