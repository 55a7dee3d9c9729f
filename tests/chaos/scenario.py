"""A scenario: one fault, caused for real in a world of its own, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.figures import Figures, Promise
from tests.chaos.world import World


@dataclass(frozen=True, slots=True)
class Scenario:
    """`run` causes the fault in a fresh world and says what it cost. It raises `AssertionError` when what it
    waits for does not happen."""

    name: str
    title: str
    run: Callable[[World], Figures]
    promise: Promise

    def once(self, folder: Path) -> Figures:
        """One run. `folder` is empty, and holds the log of Parvis afterwards."""
        with World(folder) as world:
            return self.run(world)
