"""`parvis captions`: the captioner process, alone."""

from __future__ import annotations

from typing import Annotated

import typer

from parvis.cli.options import CONFIG
from parvis.configuration import Configuration
from parvis.settings import BusSettings, CaptionerSettings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(captions)


def captions(
    name: Annotated[str, typer.Option(help="Name on the bus.")] = "captioner", config: CONFIG = None
) -> None:
    """Run the captioner alone, told by the file and PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_captioner  # here, so that other commands start fast

    configuration = Configuration.load(config)
    run_captioner(
        configuration.settings("bus", BusSettings()),
        configuration.settings("captioner", CaptionerSettings(name=name)),
    )
