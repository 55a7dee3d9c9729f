"""The archive asks control whether a session still counts: it can tell that a token is control's, but not
that its owner has signed out, or may not come any more."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from parvis.errors import RemoteProtocolError

SESSIONS: Final = "control.sessions"
"""What control serves."""


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """The `sid` of a token whose signature is good."""

    session: str

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, payload: bytes) -> SessionRequest:
        """Raises `RemoteProtocolError` when the payload is none."""
        try:
            return cls(str(json.loads(payload)["session"]))
        except (KeyError, TypeError, ValueError) as error:
            raise RemoteProtocolError("bus-payload", f"session: {error!r}") from error


@dataclass(frozen=True, slots=True)
class SessionReply:
    """Whether it counts: it has not ended, and its account is not suspended."""

    holds: bool

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, payload: bytes) -> SessionReply:
        """Raises `RemoteProtocolError` when the payload is none."""
        try:
            return cls(bool(json.loads(payload)["holds"]))
        except (KeyError, TypeError, ValueError) as error:
            raise RemoteProtocolError("bus-payload", f"session: {error!r}") from error
