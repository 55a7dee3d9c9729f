"""Asking the stage that has a Space: SDP in, SDP out (docs/protocol.md §6).

Rules:

- Who has a Space is told by its lease, and looked up for each request: a stage can lose it at any time.
- A request goes to one owner. When the owner changes before it has answered, the next one is asked instead:
  an offer is good for any stage, and the old owner refuses what was meant for its past self.
- A Space in which nobody is has no owner: stages are called until one has taken it. Nor has it for a moment
  when its stage died. That is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from parvis.bus.leases import Leases
from parvis.bus.messages import (
    CallMessage,
    HangupRequest,
    IceReply,
    IceRequest,
    OfferReply,
    OfferRequest,
)
from parvis.bus.port import Bus
from parvis.errors import RemoteProtocolError, Unavailable

_TIMEOUT_S: Final = 10.0
_OWNER_PATIENCE_S: Final = 3.0
"""More than twice the life of a lease: another stage, if there is one, has taken the Space by then."""
_LOOK_S: Final = 0.1
_RETRY_AFTER_S: Final = 2.0

Owner = tuple[str, int]
"""Name of a stage, and epoch of its lease."""


class Stages:
    """Sends requests to the stage of a Space."""

    def __init__(self, bus: Bus, leases: Leases) -> None:
        self._bus = bus
        self._leases = leases

    async def offer(self, space_id: str, handle: str, sdp: str, *, monitor: bool = False) -> OfferReply:
        """The stage's answer, to a seat or to a monitor. Raises `Unavailable` `stage-away` and what the stage
        raised."""
        reply = await self._ask(
            space_id, lambda epoch: OfferRequest(space_id, handle, sdp, epoch, monitor).encode()
        )
        try:
            return OfferReply.decode(reply)
        except (RemoteProtocolError, TypeError) as error:
            raise _away() from error

    async def patch(
        self,
        space_id: str,
        handle: str,
        session: str,
        fragment: str,
        tags: tuple[str, ...],
        *,
        monitor: bool = False,
    ) -> IceReply:
        """What the stage says to an SDP fragment. Raises as `offer`."""
        reply = await self._ask(
            space_id,
            lambda epoch: IceRequest(space_id, handle, session, fragment, tags, epoch, monitor).encode(),
        )
        try:
            return IceReply.decode(reply)
        except (RemoteProtocolError, TypeError) as error:
            raise _away() from error

    async def hang_up(self, space_id: str, handle: str, session: str, *, monitor: bool = False) -> None:
        """Ends a session. Raises `NotFound` `session-unknown`, `Unavailable` `stage-away`."""
        await self._ask(
            space_id, lambda epoch: HangupRequest(space_id, handle, session, epoch, monitor).encode()
        )

    async def _ask(self, space_id: str, request: Callable[[int], bytes]) -> bytes:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                while True:
                    owner = await self._owner(space_id)
                    reply = await self._asked(space_id, owner, request(owner[1]))
                    if reply is not None:
                        return reply
                    await asyncio.sleep(_LOOK_S)
        except (TimeoutError, Unavailable) as error:
            raise _away() from error

    async def _asked(self, space_id: str, owner: Owner, request: bytes) -> bytes | None:
        """The answer, or None when the stage has lost the Space."""
        asking = asyncio.ensure_future(self._bus.request(f"stage.{owner[0]}", request, timeout_s=_TIMEOUT_S))
        watching = asyncio.ensure_future(self._until_lost(space_id, owner))
        try:
            await asyncio.wait((asking, watching), return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        except Unavailable as error:
            if error.code != "not-owner":
                raise
            return None
        finally:
            asking.cancel()
            watching.cancel()
            await asyncio.gather(asking, watching, return_exceptions=True)

    async def _owner(self, space_id: str) -> Owner:
        """Who has the Space, if somebody has it soon."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _OWNER_PATIENCE_S
        while (owner := await self._leases.owner(space_id)) is None:
            if loop.time() > until_s:
                raise _away()
            call = CallMessage(space_id)
            self._bus.publish(call.subject, call.encode())
            await asyncio.sleep(_LOOK_S)
        return owner

    async def _until_lost(self, space_id: str, owner: Owner) -> None:
        while True:
            if await self._leases.owner(space_id) != owner:
                return
            await asyncio.sleep(_LOOK_S)


def _away() -> Unavailable:
    return Unavailable("stage-away", "No stage answers; it will be back in a moment.", _RETRY_AFTER_S)
