"""From words with times to captions of a length that can be read. Pure.

A caption is at most two lines of 42 characters, as broadcasters do it (EBU-TT-D, Netflix and BBC guidelines
agree), ends with a sentence where it can, and is never split inside a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LINE_MAX: Final = 84
"""Characters of a caption: two lines of 42."""
_SENTENCE_ENDS: Final = (".", "?", "!", "…")
_SHORTEST: Final = 20
"""A sentence shorter than that stays together with the next."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word, with its punctuation; times in seconds from where the sound began."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One caption; `start_ms` and `end_ms` in program time."""

    start_ms: int
    end_ms: int
    text: str


def lines(words: Sequence[Word], start_ms: int, end_ms: int) -> list[Line]:
    """Captions of words that were said between `start_ms` and `end_ms`."""
    made: list[Line] = []
    held: list[Word] = []
    for word in words:
        text = word.text.strip()
        if not text:
            continue
        if held and _length(held) + 1 + len(text) > LINE_MAX:
            made.append(_line(held, start_ms, end_ms))
            held = []
        held.append(Word(word.start_s, word.end_s, text[:LINE_MAX]))
        if text.endswith(_SENTENCE_ENDS) and _length(held) >= _SHORTEST:
            made.append(_line(held, start_ms, end_ms))
            held = []
    if held:
        made.append(_line(held, start_ms, end_ms))
    return made


def _length(words: list[Word]) -> int:
    return sum(len(word.text) for word in words) + len(words) - 1


def _line(words: list[Word], start_ms: int, end_ms: int) -> Line:
    """A recogniser's times may lie a little outside of what it heard."""
    first = min(max(start_ms, start_ms + round(words[0].start_s * 1000)), end_ms)
    last = min(max(first, start_ms + round(words[-1].end_s * 1000)), end_ms)
    return Line(first, last, " ".join(word.text for word in words))
