"""A scenario: one fault, caused for real in a world of its own, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.figures import Figures, Promise
from tests.chaos.world import House, World


@dataclass(frozen=True, slots=True)
class Scenario:
    """`run` causes the fault in a world of its own and says what it cost. It raises `AssertionError` when
    what it waits for does not happen."""

    name: str
    title: str
    run: Callable[[World], Figures]
    promise: Promise
    shim: bool = False
    """Whether it wants a disk or a wall clock that can be broken (`shim.py`)."""
    at_once: int = 1
    """How many runs go on side by side in one Parvis: more than one only if the fault hits a Space alone."""

    def once(self, house: House) -> Figures:
        """One run."""
        with World(house) as world:
            return self.run(world)
