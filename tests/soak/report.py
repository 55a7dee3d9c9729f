"""What a soak found, as data, as a page, and as a picture."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bench import plot

from tests.soak.drift import LIMIT_MS, Drift
from tests.soak.evening import MOST_UNMADE_PARTS, Outcome, Plan
from tests.soak.flat import DESCRIPTORS, RSS_BYTES, RSS_SHARE, THREADS, Flatness, Line
from tests.soak.processes import Held, Moment

SHOWN = 5
"""Series that a panel takes."""


def as_data(outcome: Outcome, plan: Plan, machine: dict[str, Any]) -> dict[str, Any]:
    """Everything, ready for JSON."""
    return {
        "verdict": "flat" if not outcome.failures else "not flat",
        "failures": outcome.failures,
        "machine": machine,
        "plan": asdict(plan),
        **asdict(outcome),
    }


def markdown(outcome: Outcome, plan: Plan, ran_on: str) -> str:
    """The page."""
    crowds = outcome.crowds
    missed = sum(crowd["sound"]["missing_parts"] for crowd in crowds)
    dropped = sum(crowd["streams"]["dropped"] for crowd in crowds)
    lines = [
        f"# Soak, {outcome.seconds / 60:.1f} minutes\n\n{ran_on}\n",
        "**Flat, and nothing was lost.**" if not outcome.failures else "**Not so:**\n",
        *(f"- {line}" for line in outcome.failures),
        f"\n{len(crowds)} crowds of {plan.listeners} came and went, {len(outcome.listeners)} listeners "
        f"stayed; the stage was killed after {outcome.takeover_s:.0f} s.\n",
        "| process | moments | descriptors | threads | memory, MB | MB an hour | share (PSS), MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *map(_process, outcome.flat),
        "\nBetween two crowds, after the warm-up, first → last. Bounds of growth, by regression:"
        f" {DESCRIPTORS:.0f} descriptors, {THREADS:.0f} threads, "
        f"{RSS_BYTES / 1e6:.0f} MB or {RSS_SHARE:.0%}.\n",
        "| program time against the wall clock | measured | worst drift | by window |\n|---|--:|--:|---|",
        _drift("`prft` at arrival", "parts", outcome.prft),
        _drift("clicks, said and heard", "clicks", outcome.clicks),
        f"\nBound: {LIMIT_MS:.0f} ms.\n",
        "| listener | parts | lost | connections broken |\n|---|--:|--:|--:|",
        *(
            f"| {n} | {one['parts']:,} | {one['lost']} | {one['breaks']} |"
            for n, one in outcome.listeners.items()
        ),
        f"| all crowds | | {missed} | {dropped} |",
        f"| the recording | {outcome.replay['parts']:,} | {outcome.replay['lost_parts']}, "
        f"of the takeover (at most {MOST_UNMADE_PARTS}) | |",
    ]
    return "\n".join(lines) + "\n"


def _process(one: Flatness) -> str:
    return (
        f"| {one.name} ({one.pid}) | {one.moments} in {one.seconds:.0f} s | {_count(one.descriptors)} "
        f"| {_count(one.threads)} | {_mb(one.rss)} | {one.rss.per_hour / 1e6:+.1f} | {_mb(one.pss)} |"
    )


def _drift(name: str, what: str, drift: Drift) -> str:
    worst = f"too noisy: ±{drift.noise_ms:.0f} ms" if drift.is_noise else _ms(drift.worst_ms)
    return f"| {name} | {drift.count} {what} | {worst} | {_windows(drift.windows_ms)} |"


def picture(outcome: Outcome, plan: Plan, ran_on: str) -> str:
    """SVG: listeners, memory and descriptors over time."""
    moments = outcome.moments
    names = sorted({name for moment in moments for name in moment.held} - {"supervisor", "stage-2"})[:SHOWN]
    panels = [
        plot.Panel("Listeners", {"listeners": [float(moment.listeners) for moment in moments]}),
        plot.Panel("Resident memory, MB", {name: _series(moments, name, "rss", 1e6) for name in names}),
        plot.Panel("Open descriptors", {name: _series(moments, name, "descriptors") for name in names}),
        plot.Panel("Threads", {name: _series(moments, name, "threads") for name in names}),
    ]
    title = f"Soak: {plan.listeners} come and go, {outcome.seconds / 60:.0f} minutes"
    return plot.svg(title, ran_on, [moment.at_s for moment in moments], panels)


def _series(moments: list[Moment], name: str, what: str, unit: float = 1.0) -> list[float]:
    none = Held(0, 0, 0, 0, 0, 0)
    return [getattr(moment.held.get(name, none), what) / unit for moment in moments]


def _count(line: Line) -> str:
    return f"{line.first:.0f} → {line.last:.0f}"


def _mb(line: Line) -> str:
    return f"{line.first / 1e6:.1f} → {line.last / 1e6:.1f}"


def _ms(value: float | None) -> str:
    return "not measured" if value is None else f"{value:+.1f} ms"


def _windows(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.0f}" for value in values) + " ms" if values else ""
