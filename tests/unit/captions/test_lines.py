"""Where captions end, and how long they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parvis.captions.lines import LINE_MAX, Line, Word, lines


def said(text: str) -> list[Word]:
    """A word each half second."""
    return [Word(n / 2, n / 2 + 0.4, word) for n, word in enumerate(text.split())]


def test_a_sentence_is_a_caption() -> None:
    found = lines(said("Good evening to all of you. The bridge is open again."), 10_000, 20_000)
    assert found == [
        Line(10_000, 12_900, "Good evening to all of you."),
        Line(13_000, 15_400, "The bridge is open again."),
    ]


def test_a_short_sentence_stays_with_the_next() -> None:
    assert [line.text for line in lines(said("Yes. We begin in the spring."), 0, 9_000)] == [
        "Yes. We begin in the spring."
    ]


@given(st.lists(st.text("abc.", min_size=0, max_size=30), max_size=60))
def test_no_word_is_lost_and_none_is_outside(texts: list[str]) -> None:
    found = lines([Word(n, n + 2, text) for n, text in enumerate(texts)], 1_000, 31_000)
    assert " ".join(line.text for line in found).split() == [text for text in texts if text]
    assert all(1_000 <= line.start_ms <= line.end_ms <= 31_000 for line in found)
    assert all(len(line.text) <= LINE_MAX for line in found)
