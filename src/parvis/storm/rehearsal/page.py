"""The result of a rehearsal as one page that needs nothing else: no script, no request, light and dark."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from parvis import __version__
from parvis.errors import UserError
from parvis.storm.plots import Mark
from parvis.storm.rehearsal.director import Step
from parvis.storm.rehearsal.result import Result
from parvis.storm.report import plots
from parvis.storm.report_style import STYLE
from parvis.storm.summary import milliseconds

_MORE_STYLE: Final = """
h2 { font: 600 1.3rem/1.3 "Iowan Old Style", Palatino, "P052", Georgia, serif; margin: 2rem 0 .6rem; }
.scroll { overflow-x: auto; }
.steps { margin: 0; }
.steps td:nth-child(n+4) { text-align: right; white-space: nowrap; }
.steps thead th:nth-child(n+4) { text-align: right; }
.steps .failed { color: var(--bad); }
.steps small { display: block; }
.at { white-space: nowrap; color: var(--soft); }
@media (max-width: 40rem) { .steps td:nth-child(3) { min-width: 15rem; } }
code { overflow-wrap: anywhere; }
"""


def write_page(result: Result, path: Path) -> None:
    """Writes the page. Raises `UserError` `report-unwritable`."""
    try:
        path.write_text(page(result), encoding="utf-8")
    except OSError as error:
        raise UserError("report-unwritable", f"cannot write {path}: {error.strerror}") from error


def page(result: Result) -> str:
    """The page as text."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    title = f"Rehearsal with {result.listeners:,} listeners"
    where = "a Parvis started for it" if result.own else result.target
    said = f"{where} · {result.faults} faults · {result.speakers} speakers · {when} · parvis {__version__}"
    data = html.escape(json.dumps(result.as_data(), indent=2, ensure_ascii=False))
    marks = [Mark(step.at_s, str(number)) for number, step in enumerate(result.steps, 1)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}{_MORE_STYLE}</style></head><body>"
        f'<h1>{title}</h1><p class="where">{html.escape(said)}</p>'
        f"{_verdict(result)}{_figures(result)}{_steps(result.steps)}{_machine(result)}"
        + (f"<h2>What the crowd heard</h2>{plots(result.outcome, marks)}" if result.outcome else "")
        + f"<details><summary>Everything as JSON</summary><pre>{data}</pre></details></body></html>\n"
    )


def _verdict(result: Result) -> str:
    first, *rest = (html.escape(sentence) for sentence in result.sentences)
    if result.ready:
        return f'<div class="verdict"><strong>{first}</strong> {" ".join(rest)}</div>'
    items = "".join(f"<li>{reason}</li>" for reason in rest)
    return f'<div class="verdict failed"><strong>{first}</strong><ul>{items}</ul></div>'


def _figures(result: Result) -> str:
    figures = [("longest silence", f"{result.longest_silence_s:.1f} s")]
    if result.outcome is not None:
        report = result.outcome.report
        figures.insert(0, ("listeners at the peak", f"{result.outcome.peak_connected:,}"))
        figures.append(("players that ran dry", f"{report.counts.stalled_listeners:,}"))
        figures.append(("parts missing", f"{report.counts.missing_parts:,}"))
        for name, histogram in (("heard behind, p99", report.behind), ("first sound, p99", report.join)):
            value_ms = histogram.percentile(99)
            figures.append((name, "–" if value_ms is None else milliseconds(value_ms)))
    holds = result.machine.holds if result.machine else None
    if holds is not None:
        figures.append(("listeners this machine holds", f"{holds[0]:,}"))
    cells = "".join(f"<div><b>{html.escape(value)}</b><span>{name}</span></div>" for name, value in figures)
    return f'<div class="figures">{cells}</div>'


def _steps(steps: list[Step]) -> str:
    heads = ("", "at", "step", "silence", "ran dry", "came back", "as before after")
    head = "".join(f"<th scope=col>{name}</th>" for name in heads)
    rows = "".join(_step(number, step) for number, step in enumerate(steps, 1))
    table = f'<table class="steps"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<h2>Step by step</h2><div class="scroll">{table}</div>'


def _step(number: int, step: Step) -> str:
    measured = step.measured
    said = html.escape(step.said)
    wrong = "".join(f'<small class="failed">{html.escape(reason)}</small>' for reason in step.reasons)
    silence = "–" if measured.silence_s is None else f"{measured.silence_s:.1f} s"
    back = "–" if measured.back_s is None else f"{measured.back_s:.1f} s"
    mark = (
        '<span class="failed" title="failed">✗</span>'
        if step.reasons
        else '<span title="as promised">✓</span>'
    )
    return (
        f'<tr><td>{mark}</td><td class="at">{number} · {clock(step.at_s)}</td>'
        f"<td>{html.escape(step.title)}<small>{said}</small>{wrong}</td><td>{silence}</td>"
        f"<td>{measured.stalls:,}</td><td>{measured.returned:,}</td><td>{back}</td></tr>"
    )


def _machine(result: Result) -> str:
    data = result.as_data()
    if not data["notes"] and not data["advice"]:
        return ""
    notes = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in data["notes"])
    items = "".join(f"<li><code>{html.escape(line)}</code></li>" for line in data["advice"])
    return f"<h2>The machine</h2>{notes}" + (f"<p>To change:</p><ul>{items}</ul>" if items else "")


def clock(at_s: float) -> str:
    """Minutes and seconds, as 1:07."""
    minutes, seconds = divmod(max(0, round(at_s)), 60)
    return f"{minutes}:{seconds:02d}"
