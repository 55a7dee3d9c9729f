"""The ICE side of one session: its answer, the candidates that come later, and its restarts.

Rules (RFC 9725 §4.3):

- Each ICE session of a WebRTC session has an entity tag of its own. What is said of another one is refused
  (`ice-session-stale`): requests may overtake each other.
- Credentials that are not those of the ICE session ask for a restart, whatever else is said. It changes ICE
  and nothing else: the same sound goes on meanwhile, over the old path until the new one works.
- A restart that fails leaves the session as it was.
- Requests of one session are carried out one after the other.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Final

import structlog

from parvis.bus.messages import IceReply
from parvis.errors import Conflict
from parvis.stage.fragment import (
    CANDIDATES_MAX,
    Credentials,
    Fragment,
    credentials_of,
    fragment_of,
    restarted,
    usable_offer,
)
from parvis.stage.peer import Peer
from parvis.stage.sdp import Offer

log = structlog.get_logger(__name__)

ANY: Final = "*"
"""As in `If-Match: *`: whatever ICE session there is."""


class IceSession:
    """The ICE session of one peer, and those that follow it. `finish` gives an answer its last touches.

    `tag` names the one that is now; empty before the first answer.
    """

    def __init__(self, peer: Peer, finish: Callable[[str], str]) -> None:
        self._peer = peer
        self._finish = finish
        self._offer = ""
        self._remote: Credentials | None = None
        self._candidates = 0
        self._turn = asyncio.Lock()
        self.tag = ""

    async def answer(self, offer: Offer, *, send: bool, receive: bool = True) -> str:
        """Takes the session's offer and gives the answer that goes out. Raises as `Peer.answer`."""
        async with self._turn:
            sdp = usable_offer(offer.sdp)
            answer = self._finish(await self._peer.answer(sdp, send=send, receive=receive))
            self._begin(sdp, credentials_of(sdp))
            return answer

    async def patch(self, fragment: Fragment, tags: tuple[str, ...]) -> IceReply:
        """Takes candidates, or restarts, if one of `tags` is the ICE session's, or `ANY`.

        After a restart the reply has the new fragment and tag, else neither. Raises `Conflict`
        `ice-session-stale`, `RemoteProtocolError` `fragment-malformed`, `Unavailable` `no-candidates`.
        """
        async with self._turn:
            if ANY not in tags and self.tag not in tags:
                raise Conflict("ice-session-stale", "The session has another ICE session by now.")
            if fragment.credentials is None or fragment.credentials == self._remote:
                await self._trickle(fragment.candidates)
                return IceReply()
            return await self._restart(fragment, fragment.credentials)

    async def _trickle(self, candidates: tuple[str, ...]) -> None:
        room = CANDIDATES_MAX - self._candidates
        if len(candidates) > room:
            log.info("candidates left out", over=len(candidates) - room)
        for candidate in candidates[: max(room, 0)]:
            self._candidates += 1
            await self._peer.add_candidate(candidate)

    async def _restart(self, fragment: Fragment, credentials: Credentials) -> IceReply:
        offer = restarted(self._offer, fragment)
        answer = self._finish(await self._peer.restart(offer))
        self._begin(offer, credentials)
        log.info("restarted ICE")
        return IceReply(fragment_of(answer), self.tag)

    def _begin(self, offer: str, credentials: Credentials) -> None:
        self._offer = offer
        self._remote = credentials
        self._candidates = sum(line.startswith("a=candidate:") for line in offer.splitlines())
        self.tag = secrets.token_urlsafe(12)
