"""`parvis edge`: an edge process, alone."""

from __future__ import annotations

from typing import Annotated

import typer

from parvis.cli.options import CONFIG
from parvis.configuration import Configuration
from parvis.settings import BusSettings, EdgeSettings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(edge)


def edge(
    name: Annotated[str, typer.Option(help="Name on the bus.")] = "edge-1", config: CONFIG = None
) -> None:
    """Run an edge alone, told by the file and PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_edge  # here, so that other commands start fast

    configuration = Configuration.load(config)
    run_edge(
        configuration.settings("bus", BusSettings()),
        configuration.settings("edge", EdgeSettings(name=name)),
    )
