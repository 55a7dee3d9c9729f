"""What was begun and waits for somebody's next step: kept in memory, for 10 minutes, to be taken once.

Control is one process, and who was in the middle of a sign-in when it restarted begins again. There is room
for `ROOM` at once; the oldest goes first, so that a crowd of beginners never takes all memory.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, TypeVar

from parvis.clock import Clock

ROOM: Final = 20_000
KEPT_S: Final = 600.0

Kept = TypeVar("Kept")
Key = TypeVar("Key", str, bytes)


class Pending(Generic[Key, Kept]):
    """Values by a key that nobody can guess."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, Kept]] = OrderedDict()

    def put(self, key: Key, value: Kept) -> None:
        """Keeps it; what is too old or too much goes."""
        now_s = self._clock.monotonic_s()
        self._kept[key] = (now_s + KEPT_S, value)
        while self._kept and (len(self._kept) > ROOM or next(iter(self._kept.values()))[0] <= now_s):
            self._kept.popitem(last=False)

    def take(self, key: Key) -> Kept | None:
        """Gives it once; None when it was never there, is too old, or was taken."""
        expires_s, value = self._kept.pop(key, (0.0, None))
        return value if value is not None and expires_s > self._clock.monotonic_s() else None
