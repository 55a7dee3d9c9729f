"""`parvis stage`: a stage process, alone."""

from __future__ import annotations

from typing import Annotated

import typer

from parvis.settings import BusSettings, StageSettings, from_environment


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(stage)


def stage(name: Annotated[str, typer.Option(help="Name on the bus.")] = "stage-1") -> None:
    """Run a stage alone, told by PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_stage  # here, so that other commands start fast

    run_stage(from_environment(BusSettings()), from_environment(StageSettings(name=name)))
