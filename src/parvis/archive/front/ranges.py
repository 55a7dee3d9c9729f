"""The `Range` header (RFC 9110 §14), as far as a sound file needs it. Pure.

One range is answered with 206. Several, another unit, or what can't be read: ignored, as §14.2 allows, so the
whole file comes with 200. A range that begins past the end is 416 (§15.5.17).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ONE: Final = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """No byte of the file is in the range."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From `start` to `end`, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Bytes."""
        return self.end - self.start + 1


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The one range asked for in a file of `size` bytes; None for the whole. Raises `Unsatisfiable`."""
    match = _ONE.fullmatch(header) if header is not None else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        if int(last) == 0 or size == 0:
            raise Unsatisfiable
        return ByteRange(max(0, size - int(last)), size - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return ByteRange(int(first), min(int(last), size - 1) if last else size - 1)


def range_holds(if_range: str | None, etag: str) -> bool:
    """Whether `If-Range` lets the range stand (§13.1.5): by a strong ETag alone, never by a date."""
    return if_range is None or if_range.strip() == etag


def is_match(if_none_match: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names this file (§13.1.2)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
