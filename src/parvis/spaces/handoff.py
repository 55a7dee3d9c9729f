"""Handoffs: the audience of a Space follows into another. Pure: every change gives a new Space.

The life of a handoff::

    asked ──accept──▶ made ──return──▶ returned
      ├─decline─▶ declined
      ├─60 s────▶ expired
      └─another is made, or the Space ends─▶ withdrawn

- The Space that gives keeps its handoffs. The last that is *in force* (made, for everybody, not returned) is
  where its share link leads, for ever.
- *Merge* is a handoff into a Space that has an audience of its own: nothing else is special about it.
- *Return*: to the Space from which they came, for those only (`only_from` is `to`). It ends the force of that
  Space's own handoff and its end that was near.
- Handoffs in force never lead in a circle: an audience must arrive somewhere.
- It is carried out at a whole second, 1 to 2 s after it is made, so that all edges know of it before.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from parvis.errors import Conflict, NotFound, UserError

if TYPE_CHECKING:
    from parvis.spaces.space import Space

ASKED_FOR_MS: Final = 60_000
"""How long a handoff waits for consent."""
END_AFTER_MS: Final = 30_000
"""How long a Space that gave its audience away stays open: for those who come through an old edge."""
LEAD_MS: Final = 1_000
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16}")
URL_MAX: Final = 500
CODE_EXPIRES_MIN_S: Final = 60
CODE_EXPIRES_MAX_S: Final = 86_400
CODE_EXPIRES_S: Final = 3_600


class HandoffState(StrEnum):
    """Where a handoff is in its life."""

    ASKED = "asked"
    MADE = "made"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Handoff:
    """One handoff of the Space `from_id`. Times are Unix milliseconds.

    `to_id` is a Space of this Parvis; None when `url` leads to another. `only_from` "" means everybody. `by`
    and `decided_by` are handles. `at_ms` is when the audience goes, None until made.
    """

    id: str
    from_id: str
    to_id: str | None
    url: str
    title: str
    reason: str
    by: str
    asked_at_ms: int
    end: bool = True
    only_from: str = ""
    state: HandoffState = HandoffState.ASKED
    at_ms: int | None = None
    decided_by: str | None = None

    @property
    def expires_at_ms(self) -> int:
        """When nobody can accept it any more."""
        return self.asked_at_ms + ASKED_FOR_MS

    @property
    def is_return(self) -> bool:
        """Whether those go back who came from there."""
        return self.to_id is not None and self.only_from == self.to_id


@dataclass(frozen=True, slots=True)
class HandoffCode:
    """The consent of a Space to one handoff into it. Only a hash of the code is kept."""

    id: str
    space_id: str
    code_hash: str
    created_by: str
    created_at_ms: int
    expires_at_ms: int
    used_at_ms: int | None = None

    def is_good(self, space_id: str, now_ms: int) -> bool:
        """Whether it opens this Space now."""
        return self.space_id == space_id and self.used_at_ms is None and now_ms < self.expires_at_ms


def new_id() -> str:
    """96 random bits."""
    return secrets.token_urlsafe(12)


def is_id(text: str) -> bool:
    """Whether `text` could be a handoff's id: nothing else need be looked for."""
    return _ID.fullmatch(text) is not None


# What is in force.


def in_force(space: Space) -> Handoff | None:
    """Where all the audience of a Space goes, if anywhere."""
    made = (h for h in reversed(space.handoffs) if h.state is HandoffState.MADE and not h.only_from)
    return next(made, None)


def check_target(space: Space, to: Space, handoff: Handoff, leads_to: Sequence[str]) -> None:
    """Whether the audience of `space` can go to `to`, whose own leads on to the Spaces `leads_to`.

    Raises `Conflict` `space-ended`, `space-not-live`, `handoff-loop`.
    """
    if to.id == space.id:
        raise Conflict("handoff-loop", "The audience is already in this Space.")
    to.check_open()
    if not to.is_on_air:
        raise Conflict("space-not-live", "The other Space is not on air yet: start it first.")
    if space.id in leads_to and not handoff.is_return:
        raise Conflict(
            "handoff-loop",
            "The other Space hands its audience to this one; say only_from to send back who came from there.",
        )


def check_url(url: str) -> str:
    """The share link of another Parvis, or `UserError` `input-invalid`."""
    wrong = UserError("input-invalid", "url: a share link such as https://radio.example/s/k3v9 is needed.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    whole = not (parts.query or parts.fragment or parts.username or parts.password) and port != 0
    space = parts.path.removeprefix("/s/")
    named = parts.path.startswith("/s/") and space.isascii() and space.isalnum()
    good = parts.scheme == "https" and parts.hostname and whole and named
    if not good or len(url) > URL_MAX or not url.isascii() or not url.isprintable():
        raise wrong
    return url


def site_of(url: str) -> str:
    """What a link to another Parvis is called: its host."""
    return urlsplit(url).hostname or url


# How one comes and goes.


def ask(space: Space, handoff: Handoff) -> Space:
    """The other side is asked; what was asked before is asked no more. Raises `Conflict` `space-ended`."""
    space.check_open()
    return space.with_handoffs((*withdrawn(space.handoffs), handoff))


def make(space: Space, handoff: Handoff, now_ms: int) -> Space:
    """The audience goes. Raises `Conflict` `space-ended`."""
    space.check_open()
    at_ms = -(-(now_ms + LEAD_MS) // 1000) * 1000
    made = replace(handoff, state=HandoffState.MADE, at_ms=at_ms)
    others = tuple(h for h in space.handoffs if h.id != handoff.id)
    ends_at_ms = at_ms + END_AFTER_MS if handoff.end else space.ends_at_ms
    return space.with_handoffs((*withdrawn(others), made), ends_at_ms=ends_at_ms)


def take_back(space: Space) -> Space:
    """Its audience returns: nothing leads away any more, and it does not end by itself."""
    if in_force(space) is None:
        return space
    back = tuple(
        replace(h, state=HandoffState.RETURNED) if h.state is HandoffState.MADE and not h.only_from else h
        for h in space.handoffs
    )
    return space.with_handoffs(back, ends_at_ms=None)


def decide(space: Space, handoff_id: str, to_id: str, by: str, now_ms: int, *, accept: bool) -> Space:
    """What the Space that was asked says; it must then be checked again by `check_target`.

    Raises `NotFound` `handoff-unknown`, `Conflict` `handoff-over`, `space-ended`.
    """
    handoff = find(space, handoff_id)
    if handoff.to_id != to_id:
        raise unknown()
    if handoff.state is not HandoffState.ASKED or now_ms >= handoff.expires_at_ms:
        raise Conflict("handoff-over", "This handoff waits for no answer any more.")
    decided = replace(handoff, decided_by=by)
    if accept:
        return make(space, decided, now_ms)
    return _replaced(space, replace(decided, state=HandoffState.DECLINED))


def expire(space: Space, now_ms: int) -> Space:
    """What nobody answered in time is over."""
    late = [
        h for h in space.handoffs if h.state is HandoffState.ASKED and now_ms >= h.expires_at_ms
    ]  # at most one, by `ask`
    for handoff in late:
        space = _replaced(space, replace(handoff, state=HandoffState.EXPIRED))
    return space


def withdrawn(handoffs: tuple[Handoff, ...]) -> tuple[Handoff, ...]:
    """The same, and nobody is asked any more."""
    return tuple(
        replace(h, state=HandoffState.WITHDRAWN) if h.state is HandoffState.ASKED else h for h in handoffs
    )


def find(space: Space, handoff_id: str) -> Handoff:
    """Raises `NotFound` `handoff-unknown`."""
    for handoff in space.handoffs:
        if handoff.id == handoff_id:
            return handoff
    raise unknown()


def unknown() -> NotFound:
    """No such handoff, or none of this Space: both look alike."""
    return NotFound("handoff-unknown", "There is no such handoff.")


def _replaced(space: Space, handoff: Handoff) -> Space:
    return space.with_handoffs(tuple(handoff if h.id == handoff.id else h for h in space.handoffs))
