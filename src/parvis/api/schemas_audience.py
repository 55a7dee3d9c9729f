"""The JSON of badges and of who is there (docs/protocol.md §8)."""

from __future__ import annotations

from parvis.api.schemas import CountsOut, Input, Output, TimeOut


class BadgeTerms(Input):
    """Whether others may see that one is there."""

    seen: bool = False


class BadgeOut(Output):
    """What to show an edge, and until when it is good."""

    badge: str
    expires_at: TimeOut


class PresentOut(Output):
    """Somebody who is there and chose to be seen."""

    handle: str
    display_name: str
    avatar: str | None


class AudienceOut(Output):
    """How many listen, how many of them chose to be seen (`seen`), and some of these."""

    counts: CountsOut
    seen: int
    sample: list[PresentOut]
