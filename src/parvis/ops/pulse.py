"""Which processes are hung: they live, and say nothing any more. Pure: it is told of beats and of time.

Rules:

- Each process says `process.{name}` once a second (bus/messages.py). One that has, and then says nothing for
  `HUNG_AFTER_S`, is hung: stopped, or in a loop. A hung edge goes on being handed newcomers by the kernel, so
  it is better killed and started again than left.
- A process that has never said anything is only starting; whether it ever comes is for others to see.
- A beat counts for the process id that it names: what a predecessor said is nothing.
- If this process itself was away (`AWAY_S`), so were perhaps all: everybody gets a new beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HUNG_AFTER_S: Final = 10.0
AWAY_S: Final = 3.0
"""Between two looks. They are meant to come twice a second."""


class Pulse:
    """The last beat of each process. Times are monotonic seconds."""

    def __init__(self, now_s: float) -> None:
        self._looked_at_s = now_s
        self._beats: dict[str, tuple[int, float]] = {}

    def beat(self, name: str, pid: int, now_s: float) -> None:
        """A process has said how it is."""
        self._beats[name] = (pid, now_s)

    def hung(self, pids: Mapping[str, int], now_s: float) -> list[str]:
        """Of the processes that run, by name and id, those that are hung. Call it twice a second."""
        away = now_s - self._looked_at_s > AWAY_S
        self._looked_at_s = now_s
        if away:
            self._beats.clear()
        return [
            name
            for name, (pid, at_s) in self._beats.items()
            if pids.get(name) == pid and now_s - at_s > HUNG_AFTER_S
        ]
