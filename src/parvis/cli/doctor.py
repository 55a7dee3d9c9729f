"""`parvis doctor`: what this machine allows, how many listeners it holds, and what to change."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parvis.media.rendition import Rendition
from parvis.ops.checks import examine
from parvis.ops.findings import Load, Report, Verdict
from parvis.ops.host import Host, read_host
from parvis.settings import EdgeSettings, StageSettings, from_environment

STYLES = {Verdict.FINE: "green", Verdict.BETTER: "yellow", Verdict.RAISE: "bold red", Verdict.UNKNOWN: "dim"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(doctor)


def doctor(
    listeners: Annotated[int, typer.Option(help="Listeners that this machine should hold.", min=1)] = 1000,
    arrive: Annotated[float, typer.Option(help="Seconds in which they come.", min=0.1)] = 60.0,
    edges: Annotated[int, typer.Option(help="Edge processes; 0 means one a core.", min=0, max=64)] = 0,
    stretch: Annotated[
        int, typer.Option(help="Parts in a burst: 1 when calm, 32 at most.", min=1, max=32)
    ] = 1,
    codec: Annotated[Rendition, typer.Option(help="What they listen to.")] = Rendition.OPUS,
    data: Annotated[Path, typer.Option(help="The data folder.")] = Path("data"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what this machine allows, how many listeners it holds, and what to change.

    Ends with 0 when everything is enough for --listeners, and with 1 when something stands below.
    """
    edge_settings = from_environment(EdgeSettings())
    stage_settings = from_environment(StageSettings())
    load = Load(
        listeners=listeners,
        arrive_s=arrive,
        edges=edges or os.cpu_count() or 1,
        connections_per_edge=edge_settings.max_connections,
        stretch=stretch,
        rendition=codec,
        rtc_ports=(stage_settings.rtc_port_min, stage_settings.rtc_port_max),
    )
    host = read_host(data)
    report = examine(host, load)
    console = Console()
    if as_json:
        console.print_json(data=as_data(host, report))
    else:
        console.print(_table(report))
        _print_summary(console, report)
    raise typer.Exit(0 if report.fine else 1)


def as_data(host: Host, report: Report) -> dict[str, Any]:
    """The whole report, ready for JSON. Keys are documented in docs/how-to/doctor.md."""
    binds = report.binds
    return {
        "fine": report.fine,
        "holds": binds.holds if binds else None,
        "binds": binds.name if binds else None,
        "unknown": report.unknown,
        "load": asdict(report.load),
        "findings": [asdict(finding) for finding in report.findings],
        "host": asdict(host),
    }


def _table(report: Report) -> Table:
    title = f"This machine, for {_listeners(report.load.listeners)}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("limit", no_wrap=True)
    table.add_column("holds", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("value, and what it limits")
    for finding in report.findings:
        holds = "" if finding.holds is None else f"{finding.holds:,}"
        style = STYLES[finding.verdict]
        said = Text(finding.value).append(f"\n{finding.limits}", "dim")
        table.add_row(finding.name, holds, Text(finding.verdict, style), said)
    return table


def _print_summary(console: Console, report: Report) -> None:
    changes = [finding for finding in report.findings if finding.change]
    for verdict, head in ((Verdict.RAISE, "To hold them"), (Verdict.BETTER, "Better, though not needed")):
        lines = [finding for finding in changes if finding.verdict is verdict]
        if lines:
            console.print(f"\n[bold]{head}[/bold]")
        for finding in lines:
            console.print(
                f"  {finding.name}: {finding.change}", highlight=False, markup=False, soft_wrap=True
            )
    binds = report.binds
    console.print()
    if binds:
        fit = f"room for {_listeners(binds.holds or 0)}"
        console.print(f"By what can be read here: {fit}; {binds.name} binds first.", soft_wrap=True)
    if report.unknown:
        console.print(f"Unknown here: {', '.join(report.unknown)}.")
    wanted = _listeners(report.load.listeners)
    console.print(
        f"[green]Fine for {wanted}.[/green]" if report.fine else f"[red]Too little for {wanted}.[/red]"
    )


def _listeners(count: int) -> str:
    return "1 listener" if count == 1 else f"{count:,} listeners"
