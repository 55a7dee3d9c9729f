"""The log: every act of a host, co-host or operator, and what Parvis did by itself, kept for good.

An entry is written in the transaction that carries out the act: there is none without the other. Names are
handles, which are unique and never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from parvis.spaces import words

REASON_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to whom, when, why. `by` None is Parvis itself; `id` 0 until kept; `space_id` None is an
    act that concerns no Space."""

    space_id: str | None
    at_ms: int
    by: str | None
    act: str
    whom: str | None = None
    reason: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    id: int = 0


def check_reason(reason: str) -> str:
    """The reason in NFC, 1 to 200 characters on one line, or `UserError` `input-invalid`."""
    return words.check_line("reason", reason, REASON_MAX)
