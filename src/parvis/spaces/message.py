"""A message of the chat: what may be written, who may take it away. Pure.

- One line of 1 to 500 characters in NFC; line breaks and runs of blanks become one blank.
- Who deleted a message may bring it back for a minute. After that its words are gone for good.
- What looks like a link is one: a scheme, `www.`, or a name that ends like those of sites.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from parvis.errors import Conflict, NotFound, Refused
from parvis.spaces import words
from parvis.spaces.seat import Person, Role

TEXT_MAX: Final = 500
RESTORE_MS: Final = 60_000

_BLANKS = re.compile(r"\s+")
_ENDINGS: Final = (
    "com|org|net|info|biz|app|dev|xyz|online|site|shop|live|link|club|top|tv|io|gg|me|co|ly|to|ai|"
    "fr|de|uk|eu|us|ch|be|es|it|nl|pl|ru|cn|in|br|ca|au|jp"
)
_LINK = re.compile(
    rf"[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:{_ENDINGS})(?=[/:?#]|\b(?![.\w-]))",
    re.IGNORECASE,
)
_ID = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it is kept. `id` grows with time, 0 until kept; `role` is its author's when it was
    written. `deleted_by` is an account."""

    space_id: str
    by: Person
    role: Role | None
    text: str
    reply_to: int | None
    at_ms: int
    deleted_at_ms: int | None = None
    deleted_by: str | None = None
    id: int = 0

    @property
    def deleted(self) -> bool:
        """It is not shown any more."""
        return self.deleted_at_ms is not None

    def check_restore(self, account_id: str, now_ms: int) -> None:
        """Raises `Conflict` `restore-late`, `Refused` `forbidden`."""
        if self.deleted_at_ms is None:
            raise Conflict("restore-late", "This message is not deleted.")
        if self.deleted_by != account_id:
            raise Refused("forbidden", "Only who deleted a message brings it back.")
        if now_ms - self.deleted_at_ms > RESTORE_MS:
            raise Conflict("restore-late", "It was deleted more than a minute ago.")


@dataclass(frozen=True, slots=True)
class Pinned:
    """The message that everybody sees: its id, its author and its words."""

    id: str
    by: str
    name: str
    text: str


def check_text(text: str) -> str:
    """The words as they are kept, or `UserError` `input-invalid`."""
    return words.check_line("text", _BLANKS.sub(" ", text), TEXT_MAX)


def has_link(text: str) -> bool:
    """Whether something in it leads elsewhere."""
    return _LINK.search(text) is not None


def number(message_id: str) -> int:
    """The id as it is kept. Raises `NotFound` `message-unknown`."""
    if _ID.fullmatch(message_id) is None:
        raise unknown()
    return int(message_id)


def unknown() -> NotFound:
    """No such message, or none that counts."""
    return NotFound("message-unknown", "There is no such message in this Space.")
