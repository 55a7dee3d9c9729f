"""Titles, languages, ids."""

from __future__ import annotations

import pytest

from parvis.errors import UserError
from parvis.spaces import words


def test_ids_are_short_and_readable() -> None:
    ids = {words.new_space_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert all(words.is_space_id(made) for made in ids)
    assert not set("".join(ids)) & set("ilou")
    assert not any(
        words.is_space_id(text) for text in ("", "012345678", "0123456789a", "ILOU567890", "a" * 9 + "\n")
    )


def test_codes_are_long_and_only_their_hash_is_kept() -> None:
    code = words.new_code()
    assert len(code) == 22
    assert words.code_hash(code) != words.code_hash(words.new_code())
    assert code not in words.code_hash(code)
    assert len(words.code_hash("\ud800")) == 64, "nonsense is hashed, too"


def test_words_are_trimmed_and_composed() -> None:
    assert words.check_title("  Soire\u0301e ") == "Soir\u00e9e"
    assert words.check_description("one\r\ntwo\tthree\n") == "one\ntwo\tthree"
    assert words.check_description("") == ""
    assert words.check_title("x" * 120) == "x" * 120


@pytest.mark.parametrize("title", ["", " ", "x" * 121, "a\nb", "a\tb", "a\u0007b", "a\u2066b", "\ud800"])
def test_titles_that_are_refused(title: str) -> None:
    with pytest.raises(UserError, match="title: "):
        words.check_title(title)


@pytest.mark.parametrize("language", ["en", "fr", "pt-BR", "zh-Hant-TW", "sgn-ase"])
def test_languages(language: str) -> None:
    assert words.check_language(language) == language


@pytest.mark.parametrize("language", ["", "e", "EN", "english", "en_US", "en-", "en\n"])
def test_what_is_no_language(language: str) -> None:
    with pytest.raises(UserError, match="language: "):
        words.check_language(language)


@pytest.mark.parametrize("number", [0, -1, 101])
def test_numbers_of_speakers_that_are_refused(number: int) -> None:
    with pytest.raises(UserError, match="max_speakers: "):
        words.check_max_speakers(number)
