"""Who spoke when, from what the stage said of levels, and the chapters that follow from it. Pure.

Rules:

- The *active* speaker of each part (docs/protocol.md §3, `levels`) makes runs. A run goes on over pauses for
  breath of up to 3 s.
- A run under 3 s is an interjection: left out, it interrupts nobody's turn.
- Two turns of one person with less than 10 s and nobody else's turn between them are one.
- A chapter begins where the speaker changes; the first begins at 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

BREATH_S: Final = 3.0
SHORTEST_S: Final = 3.0
SAME_TURN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody speaks from `start_s` to `end_s` of the replay."""

    start_s: float
    end_s: float
    handle: str


def turns(active: Iterable[tuple[float, float, str]]) -> list[Turn]:
    """Turns from (start, end, handle) of each part in which somebody was active, in order."""
    runs: list[Turn] = []
    open_runs: dict[str, Turn] = {}
    for start_s, end_s, handle in active:
        run = open_runs.get(handle)
        if run is not None and start_s - run.end_s <= BREATH_S:
            open_runs[handle] = replace(run, end_s=end_s)
            continue
        if run is not None:
            runs.append(run)
        open_runs[handle] = Turn(start_s, end_s, handle)
    runs += open_runs.values()
    long = sorted(
        (run for run in runs if run.end_s - run.start_s >= SHORTEST_S - 1e-9), key=lambda run: run.start_s
    )
    merged: list[Turn] = []
    for run in long:
        before = merged[-1] if merged else None
        if before and before.handle == run.handle and run.start_s - before.end_s < SAME_TURN_S:
            merged[-1] = replace(before, end_s=max(before.end_s, run.end_s))
        else:
            merged.append(run)
    return merged


def chapters(found: Iterable[Turn]) -> list[Turn]:
    """The turns at which the speaker changes, each up to the next; the first from 0."""
    begun: list[Turn] = []
    for turn in found:
        if begun and begun[-1].handle == turn.handle:
            begun[-1] = replace(begun[-1], end_s=turn.end_s)
            continue
        if begun:
            begun[-1] = replace(begun[-1], end_s=turn.start_s)
        begun.append(turn if begun else replace(turn, start_s=0.0))
    return begun
