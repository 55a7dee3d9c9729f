"""Asking a stage: an SDP offer in, an answer out (docs/protocol.md §6)."""

from __future__ import annotations

from typing import Final

from parvis.bus.messages import HangupRequest, OfferReply, OfferRequest
from parvis.bus.port import Bus
from parvis.errors import RemoteProtocolError, Unavailable

_TIMEOUT_S: Final = 10.0
_RETRY_AFTER_S: Final = 2.0


class Stages:
    """Sends requests to the stage of a Space."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def offer(self, space_id: str, handle: str, sdp: str) -> OfferReply:
        """The stage's answer. Raises `Unavailable` `stage-away` and what the stage raised."""
        reply = await self._ask(space_id, OfferRequest(space_id, handle, sdp).encode())
        try:
            return OfferReply.decode(reply)
        except (RemoteProtocolError, TypeError) as error:
            raise _away() from error

    async def hang_up(self, space_id: str, handle: str, session: str) -> None:
        """Ends a session. Raises `NotFound` `session-unknown`, `Unavailable` `stage-away`."""
        await self._ask(space_id, HangupRequest(space_id, handle, session).encode())

    async def _ask(self, space_id: str, request: bytes) -> bytes:
        try:
            return await self._bus.request(f"stage.{stage_of(space_id)}", request, timeout_s=_TIMEOUT_S)
        except Unavailable as error:
            raise _away() from error


def stage_of(space_id: str) -> str:
    """Which stage holds a Space: one stage holds all."""
    assert space_id, "a Space has an id"
    return "stage-1"


def _away() -> Unavailable:
    return Unavailable("stage-away", "No stage answers; it will be back in a moment.", _RETRY_AFTER_S)
