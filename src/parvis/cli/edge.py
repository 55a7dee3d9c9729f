"""`parvis edge`: an edge process, alone."""

from __future__ import annotations

from typing import Annotated

import typer

from parvis.settings import BusSettings, EdgeSettings, from_environment


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(edge)


def edge(name: Annotated[str, typer.Option(help="Name on the bus.")] = "edge-1") -> None:
    """Run an edge alone, told by PARVIS_… variables; `parvis up` starts it for you."""
    from parvis.compose import run_edge  # here, so that other commands start fast

    run_edge(from_environment(BusSettings()), from_environment(EdgeSettings(name=name)))
