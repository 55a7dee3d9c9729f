"""Words as search knows them: without case, without accents, cut alike in every database.

- Text is folded here and not by the database, so that SQLite and PostgreSQL find the same: NFKD, marks taken
  away, case folded, cut at everything that is neither letter nor digit.
- Chinese, Japanese and Korean are written without blanks: each of their characters is a word of its own.
- What is asked for must all be there; each word may be the beginning of one. A lone letter is a whole word,
  else it would be the beginning of nearly everything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

WORD_MAX: Final = 40
QUERY_WORDS_MAX: Final = 8
_WIDE: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD: Final = re.compile(f"[{_WIDE}]|(?:(?![{_WIDE}])[^\\W_])+")


def fold(text: str) -> list[str]:
    """The words of a text, in order: `"Été à Zürich"` is `["ete", "a", "zurich"]`."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    # NFKD takes Hangul apart; NFC puts it together again.
    plain = unicodedata.normalize("NFC", plain.casefold())
    return [word[:WORD_MAX] for word in _WORD.findall(plain)]


def fold_all(texts: Iterable[str]) -> str:
    """The different words of several texts, one blank between, in the order in which they first come."""
    return " ".join(dict.fromkeys(word for text in texts for word in fold(text)))


def asked_words(query: str) -> list[str]:
    """The different words of a query, at most 8: none if it has no letter and no digit."""
    return list(dict.fromkeys(fold(query)))[:QUERY_WORDS_MAX]


def is_beginning(word: str) -> bool:
    """Whether a word that is asked for also finds those that begin with it."""
    return len(word) > 1
