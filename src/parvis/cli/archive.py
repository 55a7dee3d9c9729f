"""`parvis archive`: the archive process, alone."""

from __future__ import annotations

import typer

from parvis.cli.options import CONFIG
from parvis.configuration import Configuration
from parvis.settings import ArchiveSettings, BusSettings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(archive)


def archive(config: CONFIG = None) -> None:
    """Run the archive alone, told by the file and PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_archive  # here, so that other commands start fast

    configuration = Configuration.load(config)
    run_archive(
        configuration.settings("bus", BusSettings()), configuration.settings("archive", ArchiveSettings())
    )
