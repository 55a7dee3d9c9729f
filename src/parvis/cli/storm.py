"""`parvis storm`: sends a crowd of real listeners to a Space, and says what they heard.

Exit codes: 0 when the verdict is good, 1 when it is not, 2 wrong usage. Standard output holds the result
only.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from parvis.errors import UserError
from parvis.media.rendition import Rendition
from parvis.ops.process import raise_open_files
from parvis.storm.curve import Curve
from parvis.storm.fleet import Fleet, Outcome, Sample, server_offset_s
from parvis.storm.plan import Limits, Plan
from parvis.storm.report import write_report
from parvis.storm.summary import milliseconds, rows, summary, verdict_of
from parvis.storm.target import Target

_SHARE = {"min": 0.0, "max": 1.0}


def storm(
    url: Annotated[str, typer.Argument(help="Share link (…/s/…) or stream link (…/stream.mp4).")],
    listeners: Annotated[int, typer.Option(min=1, help="How many come.")] = 1_000,
    arrive: Annotated[
        str, typer.Option(help='Seconds, "burst", or a curve "0:0,60:0.8,300:1" (second:share).')
    ] = "10",
    hold_s: Annotated[
        float, typer.Option("--for", min=0.0, help="Seconds that the crowd stays once all have come.")
    ] = 30.0,
    leave_s: Annotated[float, typer.Option("--leave", min=0.0, help="Seconds over which it leaves.")] = 0.0,
    codec: Annotated[Rendition | None, typer.Option(help="Rendition to ask for.")] = None,
    slow: Annotated[float, typer.Option(help="Share who read slower than the program.", **_SHARE)] = 0.0,
    lossy: Annotated[float, typer.Option(help="Share whose connection breaks now and then.", **_SHARE)] = 0.0,
    reconnect: Annotated[
        float, typer.Option(help="Share who come back after a break, with jitter, where they were.", **_SHARE)
    ] = 1.0,
    appointments: Annotated[
        float, typer.Option(help="Share who keep an appointment; others follow Retry-After.", **_SHARE)
    ] = 1.0,
    hls: Annotated[float, typer.Option(help="Share who listen by low-latency HLS.", **_SHARE)] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same crowd.")] = 1,
    skim: Annotated[
        bool,
        typer.Option("--skim", help="Read one burst in sixteen whole, count the others: half the work."),
    ] = False,
    max_stalled_share: Annotated[float, typer.Option(help="Share who may stall.", **_SHARE)] = 0.0,
    max_gap_share: Annotated[float, typer.Option(help="Share who may miss parts.", **_SHARE)] = 0.0,
    max_dropped_share: Annotated[float, typer.Option(help="Share who may be dropped.", **_SHARE)] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the result with plots to this HTML file.")
    ] = None,
    i_own_this_target: Annotated[
        bool, typer.Option("--i-own-this-target", help="Allow a target that is not this machine.")
    ] = False,
    ca: Annotated[
        Path | None, typer.Option(help="PEM file of the authorities to believe, for https.")
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Believe any certificate.")] = False,
) -> None:
    """Send a crowd of real listeners to a Space, and say what they heard."""
    plan = Plan(
        listeners=listeners,
        arrive=Curve.parse(arrive),
        hold_s=hold_s,
        leave_s=leave_s,
        slow_share=slow,
        lossy_share=lossy,
        reconnect_share=reconnect,
        appointment_share=appointments,
        hls_share=hls,
        seed=seed,
        skim=skim,
        limits=Limits(max_stalled_share, max_gap_share, max_dropped_share),
    )
    if report is not None and not report.parent.is_dir():
        raise UserError("report-unwritable", f"there is no folder {report.parent}")
    target = Target.of(url, codec, owned=i_own_this_target, ca=ca, insecure=insecure)
    fleet = Fleet(plan, target, files_per_process=raise_open_files(), offset_s=server_offset_s(target))
    outcome = _run(fleet, plan, Console(stderr=True))
    result = summary(outcome)
    if report is not None:
        write_report(outcome, report)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        _print(outcome)
    if not verdict_of(outcome).passed:
        raise typer.Exit(1)


def _run(fleet: Fleet, plan: Plan, say: Console) -> Outcome:
    """Runs with a live table where there is a terminal. The table begins after the fork: it has a thread."""
    with ExitStack() as stack:
        live: Live | None = None

        def show(sample: Sample) -> None:
            nonlocal live
            if not say.is_terminal:
                return
            if live is None:
                live = stack.enter_context(Live(console=say, auto_refresh=False, transient=True))
            live.update(_progress(sample, plan, fleet.workers), refresh=True)

        return fleet.run(show)


def _progress(sample: Sample, plan: Plan, workers: int) -> Table:
    counts = sample.counts
    delay = (
        "–"
        if sample.delay_p50_ms is None or sample.delay_p99_ms is None
        else f"p50 {milliseconds(sample.delay_p50_ms)}, p99 {milliseconds(sample.delay_p99_ms)}"
    )
    seconds = plan.ends_s + plan.leave_s
    return _grid(
        [
            ("storm", f"{max(0.0, sample.at_s):.0f} of {seconds:.0f} s, {workers} workers"),
            ("connected", f"{counts.connected:,} of {plan.listeners:,} ({counts.joining:,} asking)"),
            (
                "refused",
                f"{counts.refused:,}, {counts.appointments_given:,} with an appointment; "
                f"{counts.waiting:,} coming back",
            ),
            ("stalls", f"{counts.stalls:,} ({counts.dry:,} listeners dry now)"),
            ("gaps", f"{counts.gaps:,}, {counts.dropped:,} dropped"),
            ("delay", delay),
            ("received", f"{sample.bytes_per_s * 8 / 1e6:,.1f} Mbit/s"),
        ]
    )


def _print(outcome: Outcome) -> None:
    console, verdict = Console(), verdict_of(outcome)
    console.print(_grid(rows(summary(outcome))))
    if verdict.passed:
        console.print("[bold]Passed[/bold]: of those admitted, nobody stalled, missed a part or was dropped "
                      "beyond the limits.")  # fmt: skip
    for reason in verdict.reasons:
        console.print(f"[bold]Failed[/bold]: {reason}.", highlight=False)


def _grid(lines: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in lines:
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("storm")(storm)
