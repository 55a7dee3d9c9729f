"""What the machine holds, by what can be read of it and by what was measured on it, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from parvis.ops import cost
from parvis.ops.findings import Report, Verdict
from parvis.storm.rehearsal.limits import HEARD_TICK_MS, LATE_TICK_MS
from parvis.storm.rehearsal.own import Gauges

ENOUGH_LISTENER_S: Final = 30_000.0
"""Below that, what an edge does for nobody in particular weighs more than what it does for listeners."""


@dataclass(frozen=True, slots=True)
class Machine:
    """`report` is doctor's for this crowd; `gauges` are of the Parvis that was started here, None of
    another."""

    report: Report
    cores: float | None
    gauges: Gauges | None = None

    @property
    def edge_cpu_us(self) -> float | None:
        """CPU of the edges for one listener in one second, in µs; None: not enough was measured."""
        if self.gauges is None or self.gauges.listener_s < ENOUGH_LISTENER_S:
            return None
        return self.gauges.edge_cpu_s * 1e6 / self.gauges.listener_s

    @property
    def holds_by_measured_cpu(self) -> int | None:
        """Listeners whom the cores hold at that price, as full as edges may be."""
        each_us = self.edge_cpu_us
        if not each_us or self.cores is None:
            return None
        return _two_figures(self.cores * cost.BUSY_SHARE * 1e6 / each_us)

    @property
    def holds(self) -> tuple[int, str] | None:
        """(listeners, what binds first), the measured price of a listener taken in."""
        by_name = {f.name: f.holds for f in self.report.findings if f.holds is not None}
        measured = self.holds_by_measured_cpu
        if measured is not None:
            by_name["cores"] = measured
        if not by_name:
            return None
        name = min(by_name, key=lambda each: by_name[each])
        return by_name[name], name

    def reasons(self) -> list[str]:
        """What would be heard on stage."""
        late_ms = 0.0 if self.gauges is None else self.gauges.tick_lateness_ms
        if late_ms <= HEARD_TICK_MS:
            return []
        return [f"The mixer was up to {late_ms:.0f} ms late while the crowd was there: speakers hear that."]

    def sentences(self) -> list[str]:
        """How much it holds, and why."""
        said = []
        burst_s = cost.burst_s(self.report.load.stretch)
        if (holds := self.holds) is not None:
            count, binds = holds
            said.append(
                f"This machine holds {count:,} listeners at bursts of {burst_s:.2g} s; "
                f"the first limit: {binds}."
            )
        if self.edge_cpu_us is not None:
            planned_us = cost.cpu_us(self.report.load.stretch)
            said.append(
                f"Measured: the edges used {self.edge_cpu_us:.1f} µs of CPU for a listener and second; "
                f"doctor plans with {planned_us:.1f}."
            )
        if self.gauges is not None and self.gauges.tick_lateness_ms > LATE_TICK_MS:
            said.append(
                f"The mixer's worst tick was {self.gauges.tick_lateness_ms:.0f} ms late (a tick is 20 ms)."
            )
        if self.report.unknown:
            said.append(f"Unknown here: {', '.join(self.report.unknown)}.")
        return said

    def advice(self) -> list[str]:
        """What to change, the needed first."""
        changes = [finding for finding in self.report.findings if finding.change]
        wanted = [(Verdict.RAISE, "needed"), (Verdict.BETTER, "better")]
        return [
            f"{finding.name} ({word}; now {finding.value}): {finding.change}"
            for verdict, word in wanted
            for finding in changes
            if finding.verdict is verdict
        ]

    def as_data(self) -> dict[str, Any]:
        """Ready for JSON; keys as in docs/how-to/rehearse.md."""
        holds = self.holds
        each_us = self.edge_cpu_us
        return {
            "fits": self.report.fine,
            "holds": holds[0] if holds else None,
            "binds": holds[1] if holds else None,
            "stretch": self.report.load.stretch,
            "burst_s": cost.burst_s(self.report.load.stretch),
            "edge_cpu_us_per_listener_s": None if each_us is None else round(each_us, 2),
            "tick_lateness_ms": None if self.gauges is None else round(self.gauges.tick_lateness_ms, 1),
        }


def _two_figures(value: float) -> int:
    """Rounded down to two figures: a measured price is not truer than that."""
    digits = str(int(value))
    return int(digits[:2].ljust(len(digits), "0"))
