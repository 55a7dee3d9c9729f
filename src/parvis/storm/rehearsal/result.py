"""What came out of a rehearsal, as one object with stable keys (docs/how-to/rehearse.md)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from parvis.storm.fleet import Outcome
from parvis.storm.rehearsal.director import Step
from parvis.storm.rehearsal.machine import Machine
from parvis.storm.summary import summary


@dataclass(slots=True)
class Result:
    """`planned` is how many steps there were to be; `failure` what ended it early, in words; `machine` None
    when what was rehearsed is not here."""

    target: str
    own: bool
    listeners: int
    speakers: int
    faults: str
    planned: int
    seconds: float
    steps: list[Step]
    interrupted: bool = False
    failure: str = ""
    outcome: Outcome | None = None
    machine: Machine | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        """A sentence for each thing that stands against it; none: ready."""
        said = [f"{step.title}: {reason}." for step in self.steps for reason in step.reasons]
        if self.failure:
            said.append(f"It ended early: {self.failure}.")
        if self.interrupted:
            said.append("It was interrupted.")
        elif len(self.steps) < self.planned and not self.failure:
            said.append(f"Only {len(self.steps)} of {self.planned} steps were made.")
        if self.outcome is not None:
            counts = self.outcome.report.counts
            faults = (
                (counts.malformed, "streams broke the protocol"),
                (counts.rejected, "requests were rejected"),
                (self.outcome.missed_workers, "workers of the storm ended before their time"),
            )
            said += [f"{number:,} {what}." for number, what in faults if number]
            measured = [step.measured for step in self.steps]
            between = (
                (counts.stalls - sum(one.stalls for one in measured), "players ran dry"),
                (counts.gaps - sum(one.gaps for one in measured), "listeners missed sound"),
                (counts.dropped - sum(one.dropped for one in measured), "streams broke"),
            )
            said += [f"Between the steps {what} {number:,} times." for number, what in between if number > 0]
        return said + (self.machine.reasons() if self.machine else [])

    @property
    def ready(self) -> bool:
        """Nothing stands against it."""
        return not self.reasons

    @property
    def longest_silence_s(self) -> float:
        """In any step."""
        return max((step.measured.silence_s or 0.0 for step in self.steps), default=0.0)

    @property
    def sentences(self) -> list[str]:
        """The verdict in plain words."""
        if not self.ready:
            return ["Not ready.", *self.reasons]
        return [
            "Ready.",
            f"{self.listeners:,} listeners came, {len(self.steps)} steps went as promised, nobody was lost; "
            f"the longest silence was {self.longest_silence_s:.1f} s.",
        ]

    def as_data(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "ready": self.ready,
            "reasons": self.reasons,
            "advice": self.machine.advice() if self.machine else [],
            "notes": [*self.notes, *(self.machine.sentences() if self.machine else [])],
            "target": self.target,
            "own": self.own,
            "interrupted": self.interrupted,
            "listeners": self.listeners,
            "speakers": self.speakers,
            "faults": self.faults,
            "seconds": round(self.seconds, 1),
            "steps": [
                {
                    "name": step.name,
                    "title": step.title,
                    "passed": step.passed,
                    "at_s": round(step.at_s, 1),
                    "took_s": step.took_s,
                    "said": step.said,
                    "reasons": step.reasons,
                    **asdict(step.measured),
                }
                for step in self.steps
            ],
            "machine": self.machine.as_data() if self.machine else None,
            "crowd": summary(self.outcome) if self.outcome else None,
        }
