"""How much sound a player holds beyond its stretch (docs/protocol.md §2). Pure.

A burst of many parts is given where a crowd is large, and then it takes longer until its last listener has
it. So the reserve grows with the stretch: an eighth of it, and two parts at least.
"""

from __future__ import annotations

from typing import Final

LEAST_RESERVE_PARTS: Final = 2
RESERVE_SHARE: Final = 8
"""One part in so many of a stretch."""


def reserve_parts(stretch: int) -> int:
    """Parts that a player holds beyond its stretch when it begins, and at its lowest point later."""
    return max(LEAST_RESERVE_PARTS, stretch // RESERVE_SHARE)


def held_parts(stretch: int) -> int:
    """Parts that a newcomer gets at once, and begins with."""
    return stretch + reserve_parts(stretch)
