"""The result of a storm as one page that needs nothing else: no script, no request, light and dark."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from parvis import __version__
from parvis.errors import UserError
from parvis.storm.fleet import Outcome
from parvis.storm.plots import Line, Mark, over_time, spread
from parvis.storm.report_style import STYLE
from parvis.storm.summary import milliseconds, rows, summary


def write_report(outcome: Outcome, path: Path) -> None:
    """Writes the page. Raises `UserError` `report-unwritable`."""
    try:
        path.write_text(page(outcome), encoding="utf-8")
    except OSError as error:
        raise UserError("report-unwritable", f"cannot write {path}: {error.strerror}") from error


def page(outcome: Outcome) -> str:
    """The page as text."""
    result = summary(outcome)
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    title = f"Storm of {outcome.plan.listeners:,} listeners"
    where = f"{outcome.target.url} · {outcome.target.rendition} · {when} · parvis {__version__}"
    table = "".join(
        f"<tr><th scope=row>{html.escape(what)}</th><td>{html.escape(said)}</td></tr>"
        for what, said in rows(result)
    )
    data = html.escape(json.dumps(result, indent=2, ensure_ascii=False))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        f'<h1>{title}</h1><p class="where">{html.escape(where)}</p>'
        f"{_verdict(result['verdict']['reasons'])}{_figures(outcome)}{plots(outcome)}<table>{table}</table>"
        f"<details><summary>Everything as JSON</summary><pre>{data}</pre></details></body></html>\n"
    )


def _verdict(reasons: list[str]) -> str:
    if not reasons:
        said = "Of those admitted, nobody stalled, missed a part or was dropped beyond the limits."
        return f'<div class="verdict"><strong>Passed.</strong> {said}</div>'
    items = "".join(f"<li>{html.escape(reason)}</li>" for reason in reasons)
    return f'<div class="verdict failed"><strong>Failed.</strong><ul>{items}</ul></div>'


def _figures(outcome: Outcome) -> str:
    report = outcome.report
    figures = [
        ("listeners at the peak", f"{outcome.peak_connected:,}"),
        ("stalls", f"{report.counts.stalls:,}"),
        ("parts missing", f"{report.counts.missing_parts:,}"),
        ("dropped", f"{report.counts.dropped:,}"),
    ]
    spreads = (("delay", report.delay), ("heard behind", report.behind), ("first sound", report.join))
    for name, histogram in spreads:
        value_ms = histogram.percentile(99)
        figures.append((f"{name}, p99", "–" if value_ms is None else milliseconds(value_ms)))
    cells = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for name, value in figures)
    return f'<div class="figures">{cells}</div>'


def plots(outcome: Outcome, marks: Sequence[Mark] = ()) -> str:
    """All pictures of a storm, with marks in those over time."""
    samples = [sample for sample in outcome.samples if sample.at_s >= 0]
    seconds = [sample.at_s for sample in samples]
    counts = [sample.counts for sample in samples]
    report = outcome.report
    crowd = (
        Line("connected", "one", [count.connected for count in counts]),
        Line("asking", "two", [count.joining for count in counts]),
        Line("coming back later", "three", [count.waiting for count in counts]),
    )
    delays = (
        Line("p50", "one", [sample.delay_p50_ms for sample in samples]),
        Line("p99", "two", [sample.delay_p99_ms for sample in samples]),
    )
    trouble = (
        Line("stalls", "one", [count.stalls for count in counts]),
        Line("gaps", "two", [count.gaps for count in counts]),
        Line("dropped", "three", [count.dropped for count in counts]),
    )
    received = (Line("bit/s", "one", [sample.bytes_per_s * 8 for sample in samples]),)
    return "".join(
        (
            over_time("Listeners", seconds, crowd, marks=marks),
            over_time("Delay of bursts", seconds, delays, " ms", marks=marks),
            over_time("Trouble since the start", seconds, trouble, marks=marks),
            over_time("Received", seconds, received, marks=marks),
            spread("Delay of bursts, all of them", report.delay),
            spread("How far behind the stage listeners hear", report.behind),
            spread("Time to first sound", report.join),
            spread("Length of stalls", report.stall),
        )
    )
