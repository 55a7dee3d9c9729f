"""Brings those who listen to another stretch, and tells them before (docs/protocol.md §3, `pace`).

Rules:

- A cohort whose stretch is not between `floor` and `ceiling` is told at the head of its next burst.
- A longer stretch takes effect only when a player that slows down by a twentieth, pitch kept, has gathered
  what it will need, and never before two of the new bursts would be over. A shorter one needs no preparation.
- Then listeners move at the cohort's own boundaries, a share at each, so that they come to stand evenly in
  all the phases that they can reach. No part is left out and none comes twice.
- What was told is carried out, even when the strain has gone meanwhile; the way back is told like any other.
"""

from __future__ import annotations

import math
from typing import Final

from parvis.edge.bursts import MAX_STRETCH
from parvis.edge.cohorts import EVENTS, Cohort, Cohorts, Move
from parvis.media.events import Event
from parvis.media.reserve import held_parts

SLOWING: Final = 20
"""A player gathers one part while it plays so many: 5 % slower, which a voice hardly shows."""


def lead_parts(old: int, new: int) -> int:
    """From the burst that tells it, how many parts until bursts of `old` become bursts of `new`."""
    return max(2 * new, SLOWING * (held_parts(new) - held_parts(old)))


def pace_event(stretch: int, from_sequence: int) -> Event:
    """What listeners are told."""
    return Event.of("pace", stretch=stretch, from_sequence=from_sequence)


class Pacing:
    """Where all cohorts are to be. It moves nobody by itself: `Fanout` asks it at each burst."""

    def __init__(self) -> None:
        self.floor = 1
        self.ceiling = MAX_STRETCH
        self._moving: list[Cohort] = []

    @property
    def moving(self) -> bool:
        """Somebody was told of another stretch and has not got it yet."""
        return any(len(cohort) for cohort in self._moving)

    def notice(self, cohort: Cohort, first: int) -> Event | None:
        """What the cohort must be told at the head of the burst that begins with part `first`."""
        stretch = cohort.key.stretch
        if cohort.move is not None or cohort.key.source == EVENTS:
            return None
        wanted = max(self.floor, min(stretch, self.ceiling))
        if wanted == stretch:
            return None
        cohort.move = Move(wanted, first + lead_parts(stretch, wanted), _shares(stretch, wanted))
        self._moving.append(cohort)
        return pace_event(wanted, cohort.move.from_sequence)

    def settle(self, cohorts: Cohorts, cohort: Cohort) -> None:
        """The cohort stands at a boundary and nothing is being written to it: moves its share, if it is
        time."""
        move = cohort.move
        if move is None or cohort.position == move.done_at:
            return
        if not len(cohort):
            self.forget(cohort)
            return
        if cohort.position + 1 < move.from_sequence:
            return
        if cohorts.restretch(cohort, move.stretch, math.ceil(len(cohort) / move.shares)):
            move.shares = max(1, move.shares - 1)
            move.done_at = cohort.position
            if not len(cohort):
                self.forget(cohort)

    def settle_all(self, cohorts: Cohorts) -> None:
        """The same for all, when nothing at all is being written."""
        for cohort in list(self._moving):
            if not cohort.writing:
                self.settle(cohorts, cohort)

    def forget(self, cohort: Cohort) -> None:
        """The cohort has moved, or come to its end."""
        if cohort.move is not None:
            cohort.move = None
            self._moving.remove(cohort)


def _shares(old: int, new: int) -> int:
    """In how many phases of `new` the boundaries of one phase of `old` can end: one share for each."""
    return math.lcm(old, new) // old
