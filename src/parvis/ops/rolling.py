"""Starts every process anew, one at a time, so that nobody who listens is dropped.

Rules:

- First the edges: each sends its listeners on to the others, which take them up where they stopped. Then
  what nobody hears, control after the rest. Last the stages, those with the fewest Spaces first: what a
  stage lets go of, another takes, and a Space should move once.
- The next one goes only when the one before it has spoken on the bus again. If it does not within
  `BACK_PATIENCE_S`, the others stay as they are: a version that does not start costs one process, not all.
- A single edge has nobody to send its listeners to, and a single stage nobody to take its Spaces: they come
  back to the new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog

from parvis.ops.supervisor import Child, Supervisor

BACK_PATIENCE_S: Final = 60.0
SETTLE_S: Final = 2.0
"""After a process is back, until the next one goes: who was sent on has arrived, leases are held."""
LOOK_S: Final = 0.1
_ORDER: Final = {"edge": 0, "control": 2, "stage": 3}
_OTHERS: Final = 1

log = structlog.get_logger(__name__)


class Heard(Protocol):
    """What processes said of themselves (`watch.py`)."""

    def pid(self, name: str) -> int: ...

    def gauges(self, name: str) -> Mapping[str, float]: ...


async def roll(
    children: Sequence[Child], supervisor: Supervisor, heard: Heard, tell: Callable[[str], None]
) -> bool:
    """Replaces each child; False if one did not come back. `tell` gets a line for people before each step."""
    waiting = list(children)
    while waiting:
        child = min(waiting, key=lambda one: (_ORDER.get(_kind(one), _OTHERS), _spaces(one, heard)))
        waiting.remove(child)
        tell(f"starting {child.name} anew, {len(waiting)} to come")
        await supervisor.replace(child)
        try:
            async with asyncio.timeout(BACK_PATIENCE_S):
                while heard.pid(child.name) != supervisor.pids.get(child.name, -1):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            left = [child.name for child in waiting]
            log.error("a process does not come back, the others stay", child=child.name, left=left)  # noqa: TRY400
            tell(f"{child.name} does not come back: {', '.join(left) or 'nobody'} stayed as it was")
            return False
        if waiting:
            await asyncio.sleep(SETTLE_S)
    tell("every process was started anew")
    return True


def _kind(child: Child) -> str:
    return child.name.partition("-")[0]


def _spaces(child: Child, heard: Heard) -> float:
    """How many Spaces a stage has; 0 of all others."""
    return heard.gauges(child.name).get("rooms", 0.0)
