"""Which STUN and TURN servers a client is told, as `Link` headers (RFC 9725 §4.6).

A TURN password is made for one account and a time, of a secret that the TURN servers share (the "TURN REST
API", draft-uberti-behave-turn-rest): user name `{Unix second of its end}:{account}`, password the Base64 of
its HMAC-SHA-1. Nothing has to be asked or kept, and what leaks is soon worth nothing. Neither the secret nor
a password is ever logged.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from parvis.settings import ControlSettings

REL = "ice-server"


@dataclass(frozen=True, slots=True)
class IceServers:
    """The servers of this Parvis. `now_s` is Unix time."""

    stun_urls: tuple[str, ...]
    turn_urls: tuple[str, ...]
    secret: str = field(repr=False)
    valid_s: int
    now_s: Callable[[], float]

    @classmethod
    def of(cls, settings: ControlSettings, now_s: Callable[[], float]) -> IceServers:
        """As settings say."""
        return cls(
            _urls(settings.stun_urls),
            _urls(settings.turn_urls),
            settings.turn_secret,
            settings.turn_credential_s,
            now_s,
        )

    def links(self, account_id: str) -> list[str]:
        """A `Link` for each server, with a password of this account's for TURN."""
        found = [f'<{url}>; rel="{REL}"' for url in self.stun_urls]
        if self.turn_urls:
            username, password = self.credential(account_id)
            told = f'rel="{REL}"; username="{username}"; credential="{password}"; credential-type="password"'
            found += [f"<{url}>; {told}" for url in self.turn_urls]
        return found

    def credential(self, account_id: str) -> tuple[str, str]:
        """User name and password of an account, good from now on for `valid_s`."""
        username = f"{int(self.now_s()) + self.valid_s}:{account_id}"
        digest = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        return username, base64.b64encode(digest).decode()


def _urls(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))
