"""Who may come to a Space, and what those outside it are shown.

- `public`: on the home page, in search, on its host's profile and in feeds. `unlisted`: whoever has the link.
  `members`: whoever has a pass (`entry_pass.py`) or a seat; everybody else sees its title and state only.
- Topics are at most 5, of 1 to 30 characters each, in Unicode NFC; the same word in another case is the same.
- A cover is known by the hash of its content, so that what is shown under an address never changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from parvis.errors import UserError
from parvis.spaces.words import check_line

TOPICS_MAX: Final = 5
TOPIC_MAX: Final = 30
_COVER: Final = re.compile(r"[0-9a-f]{64}")


class Visibility(StrEnum):
    """Who may come."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Listing:
    """As above. `cover` is a SHA-256 in hexadecimal digits, or "" without one."""

    visibility: Visibility = Visibility.PUBLIC
    topics: tuple[str, ...] = ()
    cover: str = ""


DEFAULT_LISTING: Final = Listing()


def check_listing(listing: Listing) -> Listing:
    """The listing with its topics in NFC, or `UserError` `input-invalid`."""
    return Listing(listing.visibility, check_topics(listing.topics), listing.cover)


def check_topics(topics: Sequence[str]) -> tuple[str, ...]:
    """The topics in NFC and in order, or `UserError` `input-invalid`."""
    if len(topics) > TOPICS_MAX:
        raise UserError("input-invalid", f"topics: at most {TOPICS_MAX} are allowed.")
    clean = tuple(check_line("topics", topic, TOPIC_MAX) for topic in topics)
    if len({topic.casefold() for topic in clean}) < len(clean):
        raise UserError("input-invalid", "topics: one of them is there twice.")
    return clean


def is_cover(text: str) -> bool:
    """Whether `text` could be the hash of a cover."""
    return _COVER.fullmatch(text) is not None
