"""What a person would call the device of a sign-in, by what it says of itself (RFC 9110 §10.1.5).

Only to be recognised in the list of one's own sessions: "Firefox, Linux", "Parvis", else the first word.
The whole text is not kept: it would tell more than anybody needs.
"""

from __future__ import annotations

import re
from typing import Final

DEVICE_MAX: Final = 100

# The order counts: nearly everybody also claims to be Chrome, and Chrome to be Safari.
_PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_FIRST_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,40}")


def device_of(user_agent: str) -> str:
    """A name of at most 100 characters; empty when nothing is said."""
    names = [
        next((name for sign, name in known if sign in user_agent), "") for known in (_PROGRAMS, _SYSTEMS)
    ]
    named = ", ".join(name for name in names if name)
    if named:
        return named
    word = _FIRST_WORD.match(user_agent)
    return word.group().partition("/")[0] if word else ""
