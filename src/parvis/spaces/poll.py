"""A poll: one question with a few choices, asked of everybody who listens. Pure.

- One at a time is open in a Space. It closes when a manager closes it, at `closes_at_ms`, or with its Space.
- Votes are anonymous and are taken at the edges; `counts` is what control has heard of them so far, and
  never goes down.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from parvis.errors import NotFound, UserError
from parvis.spaces import words

QUESTION_MAX: Final = 200
CHOICE_MAX: Final = 80
CHOICES_MIN: Final = 2
CHOICES_MAX: Final = 6
FOR_MIN_S: Final = 15
FOR_MAX_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll. Times are Unix milliseconds; `closes_at_ms` None: until somebody closes it."""

    id: str
    question: str
    choices: tuple[str, ...]
    counts: tuple[int, ...]
    opened_at_ms: int
    closes_at_ms: int | None = None
    closed_at_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Not closed, whatever the time."""
        return self.closed_at_ms is None

    def is_due(self, now_ms: int) -> bool:
        """Open, and its time is over."""
        return self.is_open and self.closes_at_ms is not None and now_ms >= self.closes_at_ms

    def counted(self, counts: Sequence[int]) -> Poll:
        """With these counts; with none, as it is."""
        return replace(self, counts=tuple(counts)) if counts else self

    def close(self, now_ms: int) -> Poll:
        """Closed; a second time changes nothing."""
        return self if not self.is_open else replace(self, closed_at_ms=now_ms)


def new_poll(question: str, choices: Sequence[str], for_s: int | None, now_ms: int) -> Poll:
    """An open poll. Raises `UserError` `input-invalid`."""
    if not CHOICES_MIN <= len(choices) <= CHOICES_MAX:
        raise UserError("input-invalid", f"choices: {CHOICES_MIN} to {CHOICES_MAX} are needed.")
    checked = tuple(words.check_line("choices", choice, CHOICE_MAX) for choice in choices)
    if len(set(checked)) < len(checked):
        raise UserError("input-invalid", "choices: they must differ.")
    if for_s is not None and not FOR_MIN_S <= for_s <= FOR_MAX_S:
        raise UserError("input-invalid", f"for_s: {FOR_MIN_S} to {FOR_MAX_S} are allowed.")
    return Poll(
        id=secrets.token_hex(8),
        question=words.check_line("question", question, QUESTION_MAX),
        choices=checked,
        counts=(0,) * len(checked),
        opened_at_ms=now_ms,
        closes_at_ms=None if for_s is None else now_ms + for_s * 1000,
    )


def unknown() -> NotFound:
    """No such poll here."""
    return NotFound("poll-unknown", "There is no such poll in this Space.")
