"""`parvis control`: the API, the studio and the database, alone."""

from __future__ import annotations

from typing import Annotated

import typer

from parvis.settings import BusSettings, ControlSettings, from_environment


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(control)


def control(name: Annotated[str, typer.Option(help="Name on the bus.")] = "control") -> None:
    """Run control alone, told by PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_control  # here, so that other commands start fast

    del name  # there is one control; its name is fixed
    run_control(from_environment(BusSettings()), from_environment(ControlSettings()))
