"""RFC 3339 in UTC with milliseconds, to and from Unix milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_RFC_3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


def rfc3339(unix_ms: int) -> str:
    """`2026-11-22T14:36:44.120Z`."""
    moment = _EPOCH + unix_ms * _MS
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{unix_ms % 1000:03d}Z"


def rfc3339_or_none(unix_ms: int | None) -> str | None:
    """The same, or None."""
    return None if unix_ms is None else rfc3339(unix_ms)


def parse_rfc3339(text: str) -> int:
    """Unix milliseconds of a time with any offset. Raises `ValueError`."""
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError("a time like 2026-11-22T14:36:44.120Z is needed")
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment.astimezone(UTC) - _EPOCH) // _MS
    except (ValueError, OverflowError) as error:
        raise ValueError("there is no such time") from error
