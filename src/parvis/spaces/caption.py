"""A caption that a person writes: what may be written, and how long it stays. Pure.

- One line of 1 to 200 characters; line breaks become blanks. A correction may also be empty: taken back.
- It begins when its first letter was typed, not when the line was sent, and stays long enough to be read.
- Who wrote a line may correct it, for `CORRECTED_FOR_MS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from parvis.errors import Conflict, NotFound
from parvis.spaces import words
from parvis.spaces.space import Space
from parvis.spaces.terms import CaptionsMode

TEXT_MAX: Final = 200
AGO_MAX_MS: Final = 60_000
CORRECTED_FOR_MS: Final = 120_000
_SHORTEST_MS: Final = 1_500
_LONGEST_MS: Final = 7_000
_MS_A_CHARACTER: Final = 65
"""Fifteen characters a second can be read."""
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Caption:
    """One line. `start_ms` and `end_ms` are program time, `account_id` is who wrote it."""

    space_id: str
    id: str
    start_ms: int
    end_ms: int
    text: str
    language: str
    by: str
    account_id: str


def check_text(text: str, *, correction: bool = False) -> str:
    """The words as they are shown, or `UserError` `input-invalid`."""
    line = _BLANKS.sub(" ", text).strip()
    if not line and correction:
        return ""
    return words.check_line("text", line, TEXT_MAX)


def reading_ms(text: str) -> int:
    """How long it takes to read."""
    return min(max(len(text) * _MS_A_CHARACTER, _SHORTEST_MS), _LONGEST_MS)


def check_takes_captions(space: Space) -> None:
    """Raises `Conflict` `space-ended`, `captions-off`, `space-not-live`."""
    space.check_open()
    if space.terms.captions is not CaptionsMode.HUMAN:
        raise Conflict("captions-off", "This Space is not captioned by people.")
    if not space.is_on_air:
        raise Conflict("space-not-live", "This Space is not on air.")


def unknown() -> NotFound:
    """No such caption, or none that can be corrected."""
    return NotFound("caption-unknown", "There is no such caption of yours that can still be corrected.")
