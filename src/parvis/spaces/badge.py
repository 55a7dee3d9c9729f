"""A badge: what who is signed in may show an edge beside listening, to be known there as who they are.

- Nobody needs one to listen: without it one is anonymous, and stays so. Who shows it counts once in a poll,
  may be seen among those who are there (`seen`), and is let go at once when banned.
- It is a JWT (RFC 7519) signed with the key of passes (`pass_text.py`), which edges verify by themselves.
  Claims: `acc` the account, `spc` the Space, `see` whether it may be shown who it is, `exp` in seconds. No
  name: what somebody is called is asked of the database by who shows it.
- It holds for one Space and some hours, and can't be taken back: what a ban needs, edges are told
  (`BanMessage`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from parvis.errors import Refused

LASTS_S: Final = 43_200
TEXT_MAX_CHARS: Final = 512
_ALGORITHM: Final = "EdDSA"


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says. `expires_at_s` is Unix time."""

    account_id: str
    space_id: str
    seen: bool
    expires_at_s: int


def sign(badge: Badge, key: Ed25519PrivateKey) -> str:
    """The text of a badge."""
    payload = {
        "acc": badge.account_id,
        "spc": badge.space_id,
        "see": int(badge.seen),
        "exp": badge.expires_at_s,
    }
    return jwt.encode(payload, key, algorithm=_ALGORITHM)


def read(text: str, key: Ed25519PublicKey) -> Badge:
    """What a badge says that was signed with this key, expired or not. Raises `Refused` `pass-invalid`."""
    if len(text) > TEXT_MAX_CHARS:
        raise _invalid()
    try:
        payload = jwt.decode(
            text,
            key,
            algorithms=[_ALGORITHM],
            # Time is for who reads: it has a clock of its own.
            options={"require": ["acc", "spc", "see", "exp"], "verify_exp": False},
        )
        return Badge(str(payload["acc"]), str(payload["spc"]), bool(payload["see"]), int(payload["exp"]))
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise _invalid() from error


def _invalid() -> Refused:
    return Refused("pass-invalid", "This badge is not good here.")
