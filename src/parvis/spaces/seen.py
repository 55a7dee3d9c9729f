"""What the stage says of a Space, as far as the rules of succession and plans need it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """`connected` are handles; `reported` says that a stage speaks of this Space at all; `on_air` that what
    the seats say is in its program."""

    connected: frozenset[str] = frozenset()
    reported: bool = False
    on_air: bool = False


UNSEEN = Seen()
