"""Accounts and the rules of what people choose about themselves (docs/protocol.md §4).

- A handle is 2 to 30 of `a-z 0-9 _`, is unique and never changes. `me` stands for who asks. A handle whose
  account was deleted is nobody's again: who had it was trusted under it.
- A display name is 1 to 60 characters on one line, in Unicode NFC, without control or direction characters
  (somebody else's line on the stage could be rewritten with them).
- A bio is 0 to 300 characters, with line breaks.
- A password is 8 to 200 characters; nothing else is asked of it (NIST SP 800-63B §5.1.1.2).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from parvis.errors import Conflict, UserError

HANDLE_PATTERN: Final = r"^[a-z0-9_]{2,30}$"
DISPLAY_NAME_MAX: Final = 60
BIO_MAX: Final = 300
DELETED: Final = "deleted account"
"""How the log calls who has gone, whoever it was."""
DELETED_NAME: Final = "Deleted account"
PASSWORD_MIN: Final = 8
PASSWORD_MAX: Final = 200

_RESERVED: Final = frozenset({"me"})
_HANDLE = re.compile(HANDLE_PATTERN)
_DIRECTION = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why an account can't act, since when (Unix milliseconds), by which operator's handle."""

    reason: str
    at_ms: int
    by: str


@dataclass(frozen=True, slots=True)
class Account:
    """One person. Times are Unix milliseconds. An `operator` runs this Parvis; `avatar` is the name
    under which the picture is kept; without a password one signs in by a passkey or by OpenID Connect."""

    id: str
    handle: str
    display_name: str
    created_at_ms: int
    operator: bool = False
    suspension: Suspension | None = None
    bio: str = ""
    avatar: str | None = None
    has_password: bool = True


def is_handle(text: str) -> bool:
    """Whether `text` could be somebody's handle."""
    return _HANDLE.fullmatch(text) is not None


def check_handle(handle: str) -> str:
    """The handle of a new account, or `UserError` `input-invalid`, `Conflict` `handle-taken`."""
    if not is_handle(handle):
        raise UserError("input-invalid", "handle: 2 to 30 of a-z, 0-9 and _ are allowed.")
    if handle in _RESERVED:
        raise Conflict("handle-taken", f"@{handle} is taken.")
    return handle


def check_display_name(display_name: str) -> str:
    """The name in NFC without blanks around it, or `UserError` `input-invalid`."""
    name = unicodedata.normalize("NFC", display_name).strip()
    if not 1 <= len(name) <= DISPLAY_NAME_MAX:
        raise UserError("input-invalid", f"display_name: 1 to {DISPLAY_NAME_MAX} characters are allowed.")
    if any(_is_control(c) for c in name):
        raise UserError("input-invalid", "display_name: control characters are not allowed.")
    return name


def check_bio(bio: str) -> str:
    """The text in NFC without blanks around it, or `UserError` `input-invalid`."""
    text = unicodedata.normalize("NFC", bio.replace("\r\n", "\n")).strip()
    if len(text) > BIO_MAX:
        raise UserError("input-invalid", f"bio: at most {BIO_MAX} characters are allowed.")
    if any(_is_control(c) and c not in "\n\t" for c in text):
        raise UserError("input-invalid", "bio: control characters are not allowed.")
    return text


def check_password(password: str) -> str:
    """The password, or `UserError` `input-invalid`."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise UserError(
            "input-invalid", f"password: {PASSWORD_MIN} to {PASSWORD_MAX} characters are allowed."
        )
    if any(unicodedata.category(c) == "Cs" for c in password):
        raise UserError("input-invalid", "password: half of a surrogate pair is not a character.")
    return password


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _DIRECTION
