"""A hand: somebody asks to speak. Pure.

::

    raised ──call──▶ called (a speaker's seat)
      │  ▲
      │  └─ raised again: at the end of the line
      ├──decline──▶ declined
      └──lower────▶ lowered

- One hand an account and Space. Raised again while it is raised, only its note changes, not its place.
- The line is in the order of raising; *screened* says that somebody has talked to this person before.
- Who waits asks how it stands at a pace that keeps fifty thousand from being a crowd at control's door.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from parvis.errors import Conflict, NotFound, UserError
from parvis.spaces import words
from parvis.spaces.seat import Person

NOTE_MAX: Final = 200
NAME_KEY_MAX: Final = 300
ASK_AGAIN_S: Final = 15
ASK_AGAIN_MAX_S: Final = 600
HEAD_OF_LINE: Final = 20
ASKS_PER_S: Final = 50
"""How many may ask in a second, of all who wait in one Space."""


class HandState(StrEnum):
    """Where a hand is in its life."""

    RAISED = "raised"
    CALLED = "called"
    DECLINED = "declined"
    LOWERED = "lowered"


class Order(StrEnum):
    """How a list of hands goes."""

    OLDEST = "oldest"
    NEWEST = "newest"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Hand:
    """One hand. `raised_at_ms` is Unix milliseconds."""

    id: str
    space_id: str
    person: Person
    note: str
    raised_at_ms: int
    screened: bool = False
    state: HandState = HandState.RAISED

    @property
    def is_raised(self) -> bool:
        """It is in the line."""
        return self.state is HandState.RAISED

    def decide(self, state: HandState) -> Hand:
        """Called, declined or lowered. Raises `Conflict` `hand-over` unless it is raised."""
        if not self.is_raised:
            raise Conflict("hand-over", "This hand is not raised any more.")
        return replace(self, state=state)


@dataclass(frozen=True, slots=True)
class Standing:
    """A hand in its line: `position` from 1, None when it is not raised; `raised` are all that are."""

    hand: Hand
    position: int | None
    raised: int

    @property
    def ask_again_s(self) -> int | None:
        """When its owner asks again how it stands; None when nothing more comes."""
        if self.position is None:
            return None
        if self.position <= HEAD_OF_LINE:
            return ASK_AGAIN_S
        return min(ASK_AGAIN_MAX_S, max(ASK_AGAIN_S, self.raised // ASKS_PER_S))


@dataclass(frozen=True, slots=True)
class Query:
    """Which raised hands, in which order. `after` is the last of the page before, by `place_of`; `search`
    is looked for in handle, name and note."""

    order: Order = Order.OLDEST
    search: str = ""
    screened: bool | None = None
    after: tuple[str | int, str] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A page of a line. `positions` are those of `hands`; `raised` and `screened` count the whole line."""

    hands: tuple[Hand, ...]
    positions: tuple[int, ...]
    raised: int
    screened: int


def name_key(person: Person) -> str:
    """By what a line is sorted by name."""
    return fold(person.display_name)[:NAME_KEY_MAX]


def place_of(hand: Hand, order: Order) -> tuple[str | int, str]:
    """Where a page that ends with this hand goes on."""
    return name_key(hand.person) if order is Order.NAME else hand.raised_at_ms, hand.id


def new_hand(space_id: str, person: Person, note: str, now_ms: int) -> Hand:
    """A raised hand. Raises `UserError` `input-invalid`."""
    return Hand(secrets.token_urlsafe(12), space_id, person, check_note(note), now_ms)


def check_note(note: str) -> str:
    """The note in NFC on one line, or `UserError` `input-invalid`."""
    note = " ".join(note.split())
    return words.check_line("note", note, NOTE_MAX) if note else ""


def check_search(search: str) -> str:
    """What is looked for, as it is kept. Raises `UserError` `input-invalid`."""
    if len(search) > NOTE_MAX:
        raise UserError("input-invalid", f"search: at most {NOTE_MAX} characters are allowed.")
    return fold(search.strip())


def fold(text: str) -> str:
    """The text as it is searched and sorted: capitals, accents and widths aside."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def unknown() -> NotFound:
    """No such hand here."""
    return NotFound("hand-unknown", "There is no such hand in this Space.")
