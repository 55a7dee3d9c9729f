"""Whose token it is, and whether its session still counts.

- A token's signature and its end are looked at here. Whether its owner has signed out since, or was
  suspended, only control knows, and is asked each time.
- While control does not answer, what is signed counts: replays and their deletion work without it. A session
  that control has called over stays over even then.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from parvis.bus.port import Bus
from parvis.bus.sessions import SESSIONS, SessionReply, SessionRequest
from parvis.clock import Clock
from parvis.errors import NotSignedIn, ParvisError

log = structlog.get_logger(__name__)

PATIENCE_S: Final = 1.0
SILENT_S: Final = 2.0
"""How long control is not asked again after it did not answer."""
OVER_MAX: Final = 10_000

Read = Callable[[str], tuple[str, str]]
"""From a bearer token to the ids of its account and its session. Raises `NotSignedIn`."""


class Sessions:
    """Owned by the archive's loop."""

    def __init__(self, bus: Bus, clock: Clock, read: Read) -> None:
        self._bus = bus
        self._clock = clock
        self._read = read
        self._over: OrderedDict[str, None] = OrderedDict()
        self._ask_at_s = 0.0

    async def account_of(self, token: str) -> str:
        """The account's id. Raises `NotSignedIn` `not-signed-in`."""
        account, session = self._read(token)
        if session in self._over or not await self._holds(session):
            raise NotSignedIn("not-signed-in", "Sign in first.")
        return account

    async def _holds(self, session: str) -> bool:
        if self._clock.monotonic_s() < self._ask_at_s:
            return True
        try:
            request = SessionRequest(session).encode()
            reply = SessionReply.decode(await self._bus.request(SESSIONS, request, timeout_s=PATIENCE_S))
        except ParvisError as error:
            self._ask_at_s = self._clock.monotonic_s() + SILENT_S
            log.warning("control does not say whether a session counts", error=str(error))
            return True
        if not reply.holds:
            self._over[session] = None
            while len(self._over) > OVER_MAX:
                self._over.popitem(last=False)
        return reply.holds
