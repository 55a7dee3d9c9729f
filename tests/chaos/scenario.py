"""A scenario: one fault, caused for real in a world of its own, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    environment: Callable[[Path], Mapping[str, str]] = lambda _folder: {}
    """What Parvis is told beside its settings, given the folder of the run."""
    needs: Path | None = None
    """A file without which it can't run on this machine."""

    def once(self, folder: Path) -> Figures:
        """One run. `folder` is empty, and holds the log of Parvis afterwards."""
        with World(folder, environment=self.environment(folder)) as world:
            return self.run(world)
