"""`parvis control`: the API, the studio and the database, alone."""

from __future__ import annotations

from typing import Annotated

import typer

from parvis.cli.options import CONFIG
from parvis.configuration import Configuration
from parvis.settings import BusSettings, ControlSettings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(control)


def control(
    name: Annotated[str, typer.Option(help="Name on the bus.")] = "control", config: CONFIG = None
) -> None:
    """Run control alone, told by the file and PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_control  # here, so that other commands start fast

    del name  # there is one control; its name is fixed
    configuration = Configuration.load(config)
    run_control(
        configuration.settings("bus", BusSettings()), configuration.settings("control", ControlSettings())
    )
