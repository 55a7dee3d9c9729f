"""How an edge that is to end sends its listeners on: evenly, so that those who come back are no herd. Pure.

A listener whose connection ends without its last chunk knows that it is not over, waits a moment and goes on
at another edge with the part that it misses (docs/protocol.md §2, `from`).
"""

from __future__ import annotations


class Drain:
    """`total` listeners within `over_s` seconds from `began_s` on."""

    def __init__(self, began_s: float, over_s: float, total: int) -> None:
        self._began_s = began_s
        self._over_s = over_s
        self._total = total
        self._sent_on = 0

    def due(self, now_s: float) -> int:
        """How many are to be sent on now. What this returns counts as done."""
        elapsed = 1.0 if self._over_s <= 0 else min(1.0, (now_s - self._began_s) / self._over_s)
        count = round(self._total * elapsed) - self._sent_on
        self._sent_on += count
        return count
