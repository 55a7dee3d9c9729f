"""Words as search knows them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.spaces.folding import QUERY_WORDS_MAX, WORD_MAX, asked_words, fold, fold_all, is_beginning


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Été à Zürich!", ["ete", "a", "zurich"]),
        ("L’ŒUVRE d'art", ["l", "œuvre", "d", "art"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("@lea_m, ben2", ["lea", "m", "ben2"]),
        ("公開討論 talk", ["公", "開", "討", "論", "talk"]),
        ("한국어", ["한", "국", "어"]),
        ("ﬁne №5 ½", ["fine", "no5", "1", "2"]),
        ("Νίκος Москва", ["νικοσ", "москва"]),
        ("", []),
        ("… — !?", []),
    ],
)
def test_fold(text: str, words: list[str]) -> None:
    assert fold(text) == words


@given(st.text(max_size=200))
def test_words_are_letters_and_digits_whatever_the_text(text: str) -> None:
    for word in fold(text):
        assert re.fullmatch(r"[^\W_]+", word), word
        assert len(word) <= WORD_MAX
        assert word == word.casefold()


@given(st.text(max_size=60))
def test_folding_again_changes_nothing(text: str) -> None:
    words = fold_all([text])
    assert fold_all([words]) == words
    assert words.split() == list(dict.fromkeys(fold(text)))


def test_a_question_has_few_words_and_each_once() -> None:
    assert asked_words("Budget budget BUDGET night") == ["budget", "night"]
    assert len(asked_words(" ".join(f"word{n}" for n in range(50)))) == QUERY_WORDS_MAX
    assert [is_beginning(word) for word in ("b", "bu", "論")] == [False, True, False]
