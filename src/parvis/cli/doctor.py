"""`parvis doctor`: what this machine allows, what is configured on it, and what to change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parvis.cli.place import Place
from parvis.configuration import Configuration
from parvis.media.rendition import Rendition
from parvis.ops import site
from parvis.ops.checks import examine
from parvis.ops.findings import Finding, Load, Report, Verdict
from parvis.ops.host import Host, read_host

STYLES = {Verdict.FINE: "green", Verdict.BETTER: "yellow", Verdict.RAISE: "bold red", Verdict.UNKNOWN: "dim"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(doctor)


def doctor(
    file: Annotated[
        Path | None, typer.Argument(help="Settings; else as `parvis up` finds them.", show_default=False)
    ] = None,
    config: Annotated[
        bool, typer.Option("--config", help="Show what is in force, and from where, and end.")
    ] = False,
    listeners: Annotated[int, typer.Option(help="Listeners that this machine should hold.", min=1)] = 1000,
    arrive: Annotated[float, typer.Option(help="Seconds in which they come.", min=0.1)] = 60.0,
    edges: Annotated[
        int | None, typer.Option(help="Edge processes; else as configured.", min=0, max=64)
    ] = None,
    stretch: Annotated[
        int, typer.Option(help="Parts in a burst: 1 when calm, 64 at most.", min=1, max=64)
    ] = 1,
    codec: Annotated[Rendition, typer.Option(help="What they listen to.")] = Rendition.OPUS,
    data: Annotated[Path | None, typer.Option(help="The data folder; else as configured.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what this machine allows, how many listeners it holds, and what to change.

    Ends with 0 when everything is enough for --listeners, and with 1 when something stands below.
    """
    if config:
        _show_settings(Configuration.load(file), as_json=as_json)
        return
    place = Place.of(file, {"edges": edges, "data": data}, check=False)
    load = Load(
        listeners=listeners,
        arrive_s=arrive,
        edges=place.edges,
        connections_per_edge=place.edge.max_connections,
        stretch=stretch,
        rendition=codec,
        rtc_ports=(place.stage.rtc_port_min, place.stage.rtc_port_max),
    )
    host = read_host(place.data)
    report = examine(host, load)
    report = replace(report, findings=[*report.findings, *_look_at(place)])
    console = Console()
    if as_json:
        console.print_json(data=as_data(host, report))
    else:
        console.print(_table(report))
        _print_summary(console, report)
    raise typer.Exit(0 if report.fine else 1)


def _look_at(place: Place) -> list[Finding]:
    """What is configured, looked at for real."""
    from parvis.ops.database_state import known_revisions, read_state  # here: it loads a database's library

    doors = place.doors
    return [
        *site.tcp_ports(doors),
        *site.certificates(doors),
        site.disk_speed(place.data, place.run_dir),
        site.database(read_state(place.control.database_url, place.data), known_revisions()),
        *site.secret_files(_secret_files(place.configuration)),
    ]


def _secret_files(configuration: Configuration) -> Mapping[str, Path]:
    """Files that hold secrets: the settings themselves, where one stands in them, and those they name."""
    found = {}
    for process in configuration.given:
        for variable, text in configuration.variables(process).items():
            if variable.endswith("_FILE"):
                found[variable.removeprefix("PARVIS_").lower()] = Path(text)
    secrets = [one for one in configuration.in_force() if one.value == "(set)"]
    if configuration.file and any(one.source.startswith(f"{configuration.file}:") for one in secrets):
        found["the settings"] = configuration.file
    return found


def _show_settings(configuration: Configuration, *, as_json: bool) -> None:
    settings = list(configuration.in_force())
    if as_json:
        shown = {
            "file": configuration.file and str(configuration.file),
            "settings": [asdict(s) for s in settings],
        }
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    console = Console()
    title = f"Settings in force, from {configuration.file or 'no file'}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("process", "setting", "value", "from"):
        table.add_column(column, overflow="fold")
    for one in settings:
        style = "dim" if one.source == "default" else ""
        table.add_row(*(Text(text, style) for text in (one.process, one.name, one.value, one.source)))
    console.print(table)


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
