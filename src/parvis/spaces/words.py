"""What a Space may be called, and the ids by which things are found.

- A title is 1 to 120 characters on one line, a description 0 to 2,000 with line breaks; both in Unicode NFC,
  without control characters and without marks that turn the direction of what follows.
- A language is a tag of BCP 47 in its common shape (`en`, `pt-BR`, `zh-Hant-TW`).
- A Space's id is 10 of Crockford's base 32 in lower case (no i, l, o, u): it can be read out on air. It is a
  name, not a secret. Secrets are 128 bits.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from typing import Final

from parvis.errors import UserError

TITLE_MAX: Final = 120
DESCRIPTION_MAX: Final = 2_000
LANGUAGE_PATTERN: Final = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
SPEAKERS_MAX: Final = 100
DEFAULT_MAX_SPEAKERS: Final = 10

_ID_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH: Final = 10
_ID = re.compile(f"[{_ID_ALPHABET}]{{{_ID_LENGTH}}}")
_LANGUAGE = re.compile(LANGUAGE_PATTERN)
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def new_space_id() -> str:
    """Ten readable characters, 50 bits."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


def is_space_id(text: str) -> bool:
    """Whether `text` could be a Space's id."""
    return _ID.fullmatch(text) is not None


def new_code() -> str:
    """The secret of an invitation, 128 bits."""
    return secrets.token_urlsafe(16)


def code_hash(code: str) -> str:
    """What is kept of a code: who reads the database can't use it. SHA-256 will do for 128 random bits."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def check_title(title: str) -> str:
    """The title in NFC without blanks around it, or `UserError` `input-invalid`."""
    return _checked("title", title, 1, TITLE_MAX, allowed="")


def check_description(description: str) -> str:
    """The description in NFC, or `UserError` `input-invalid`."""
    return _checked("description", description.replace("\r\n", "\n"), 0, DESCRIPTION_MAX, allowed="\n\t")


def check_line(field: str, text: str, longest: int) -> str:
    """One line of 1 to `longest` characters in NFC, or `UserError` `input-invalid`."""
    return _checked(field, text, 1, longest, allowed="")


def check_language(language: str) -> str:
    """The tag, or `UserError` `input-invalid`."""
    if _LANGUAGE.fullmatch(language) is None:
        raise UserError("input-invalid", "language: a tag such as en, fr or pt-BR is needed.")
    return language


def check_max_speakers(max_speakers: int) -> int:
    """The number, or `UserError` `input-invalid`."""
    if not 1 <= max_speakers <= SPEAKERS_MAX:
        raise UserError("input-invalid", f"max_speakers: 1 to {SPEAKERS_MAX} are allowed.")
    return max_speakers


def _checked(field: str, text: str, shortest: int, longest: int, *, allowed: str) -> str:
    clean = unicodedata.normalize("NFC", text).strip()
    if not shortest <= len(clean) <= longest:
        raise UserError("input-invalid", f"{field}: {shortest} to {longest} characters are allowed.")
    for character in clean:
        control = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        if (control and character not in allowed) or character in _DIRECTION:
            raise UserError("input-invalid", f"{field}: U+{ord(character):04X} is not allowed.")
    return clean
