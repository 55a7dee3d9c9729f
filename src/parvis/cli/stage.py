"""`parvis stage`: a stage process, alone."""

from __future__ import annotations

from typing import Annotated

import typer

from parvis.cli.options import CONFIG
from parvis.configuration import Configuration
from parvis.settings import BusSettings, StageSettings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(stage)


def stage(
    name: Annotated[str, typer.Option(help="Name on the bus.")] = "stage-1", config: CONFIG = None
) -> None:
    """Run a stage alone, told by the file and PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_stage  # here, so that other commands start fast

    configuration = Configuration.load(config)
    run_stage(
        configuration.settings("bus", BusSettings()),
        configuration.settings("stage", StageSettings(name=name)),
    )
