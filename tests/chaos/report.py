"""All runs of all scenarios as a table for people and as data for programs. The worst run counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.chaos.figures import Figures, Promise, worst
from tests.chaos.scenario import Scenario

HEAD = (
    "| fault | runs | sound lost | promised | voice whole again after | listeners lost | parts missing "
    "| parts twice | two sounds | kept |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"
)


@dataclass
class Result:
    """What became of one scenario."""

    scenario: Scenario
    runs: list[Figures] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    set_aside: list[Figures] = field(default_factory=list)
    """Runs on a machine that was too busy to measure: they count for nothing, and are kept."""
    seconds: float = 0.0

    @property
    def times(self) -> int:
        """How often it was run."""
        return len(self.runs) + len(self.failures) + len(self.set_aside)

    def add(self, figures: Figures) -> None:
        """One more run."""
        (self.runs if figures.is_measured else self.set_aside).append(figures)

    @property
    def broken(self) -> list[str]:
        """What was promised and not kept, by the worst of all runs, and runs that failed."""
        kept = worst(self.runs).broken(self.scenario.promise) if self.runs else []
        return [*kept, *self.failures]

    @property
    def is_broken(self) -> bool:
        return bool(self.broken)


def row(result: Result) -> str:
    """One line of the table."""
    title = f"{result.scenario.title} (`{result.scenario.name}`)"
    if not result.runs:
        return f"| {title} | 0 | | | | | | | | **no**: {'; '.join(result.broken)} |"
    found = worst(result.runs)
    cells = [
        title,
        f"{len(result.runs)}{f' ({len(result.set_aside)} set aside)' if result.set_aside else ''}",
        _ms(found.lost_ms),
        _promised(result.scenario.promise),
        "never" if found.recovery_ms is None else _ms(found.recovery_ms),
        str(found.listeners_lost),
        str(found.missing_parts),
        str(found.repeated_parts),
        str(found.two_sounds),
        "**no**: " + "; ".join(result.broken) if result.is_broken else "yes",
    ]
    return f"| {' | '.join(cells)} |"


def markdown(results: Sequence[Result], ran_on: str) -> str:
    """The whole report."""
    lines = [
        "# What faults cost",
        "",
        f"{ran_on}. The worst of all runs; sound lost is that of the listener who lost the most.",
        "",
        HEAD,
        *map(row, results),
    ]
    return "\n".join(lines) + "\n"


def as_data(results: Sequence[Result], ran_on: Mapping[str, Any]) -> dict[str, Any]:
    """Every run with all its figures."""
    return {
        "machine": dict(ran_on),
        "kept": not any(result.is_broken for result in results),
        "scenarios": {
            result.scenario.name: {
                "title": result.scenario.title,
                "promise": asdict(result.scenario.promise),
                "broken": result.broken,
                "failures": result.failures,
                "seconds": round(result.seconds, 1),
                "worst": worst(result.runs).as_data() if result.runs else None,
                "runs": [run.as_data() for run in result.runs],
                "set_aside": [run.as_data() for run in result.set_aside],
            }
            for result in results
        },
    }


def from_data(scenario: Scenario, data: Mapping[str, Any]) -> Result:
    """What `as_data` has made of one scenario's runs."""
    runs, set_aside = (
        [Figures(**{name: run[name] for name in run if name != "lost_ms"}) for run in data[kind]]
        for kind in ("runs", "set_aside")
    )
    return Result(scenario, runs, list(data["failures"]), set_aside, data["seconds"])


def _promised(promise: Promise) -> str:
    return "–" if promise.lost_ms is None else f"≤ {_ms(promise.lost_ms)}" if promise.lost_ms else "0"


def _ms(value_ms: float) -> str:
    return f"{value_ms:,.0f} ms" if value_ms else "0"
