"""Every fault that is caused, in the order of the report."""

from __future__ import annotations

from tests.chaos.scenario import Scenario
from tests.chaos.scenarios import archive, control, edge, handoff, hardware, machine, people, stage

SCENARIOS: tuple[Scenario, ...] = (
    *people.SCENARIOS,
    *stage.SCENARIOS,
    *control.SCENARIOS,
    *edge.SCENARIOS,
    *handoff.SCENARIOS,
    *archive.SCENARIOS,
    *machine.SCENARIOS,
    *hardware.SCENARIOS,
)
