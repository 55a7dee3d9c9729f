"""Plans: what happens by itself at the announced time of a scheduled Space.

- The stage opens the program at that second by its own clock, and says so (`on_air`): then the Space is live.
  Control is not needed for the second to be kept, and never says live before it is true.
- The host is absent:
  - *hold*: the stage waits with the standby sound for the host or a co-host, and so do we.
  - *acting*: the stage opens with whoever is there, and somebody acts as host without grace.
  - *postpone*: a new time, `postpone_s` later, `POSTPONED_MAX` times; after that as *hold*. The stage decides
    in the very tick and then waits for our word. What it reports is up to half a second old, so we wait until
    it surely speaks of that decision: `DECIDED_AFTER_MS`. A host who came within that time is let on air.
- While no stage reports nobody knows who is absent: nothing is postponed.
"""

from __future__ import annotations

from typing import Final

from parvis.spaces import succession
from parvis.spaces.seen import Seen
from parvis.spaces.space import Space, State
from parvis.spaces.terms import IfAbsent

POSTPONED_MAX: Final = 3
DECIDED_AFTER_MS: Final = 2_000


def step(space: Space, seen: Seen, now_ms: int) -> Space:
    """The Space with what its plan asks for now; the same when that is nothing."""
    if not is_due(space, now_ms):
        return space
    host_there = succession.is_connected(space.host, seen)
    if seen.on_air:
        live = space.start(now_ms)
        absent = space.terms.if_absent is IfAbsent.ACTING and not host_there
        return succession.without_grace(live, now_ms) if absent else live
    decided = seen.reported and is_due(space, now_ms - DECIDED_AFTER_MS)
    if decided and if_absent(space) is IfAbsent.POSTPONE:
        if host_there:
            return space.start(now_ms)
        assert space.starts_at_ms is not None
        later_ms = space.terms.postpone_s * 1000
        # After a long standstill the time that was announced may be far in the past.
        return space.postpone(max(space.starts_at_ms, now_ms - later_ms + 1) + later_ms)
    return space


def is_due(space: Space, now_ms: int) -> bool:
    """Whether the time of a plan has come and it is not carried out."""
    if space.state is not State.SCHEDULED or not space.auto_starts:
        return False
    return space.starts_at_ms is not None and now_ms >= space.starts_at_ms


def if_absent(space: Space) -> IfAbsent:
    """What is to happen without the host, as the stage must know it: who postponed enough holds."""
    used_up = space.terms.if_absent is IfAbsent.POSTPONE and space.postponed >= POSTPONED_MAX
    return IfAbsent.HOLD if used_up else space.terms.if_absent
