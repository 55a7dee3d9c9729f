"""Monitors of one Space: those who hear its program at stage delay, by WHEP, and say nothing.

For who must know what the audience will hear before it does: an interpreter, a captioner, a control room.

Rules:

- Only accounts that the host named have it, one session each: a new offer takes the place of the old session.
- A monitor hears the program with its standby sound, and silence while there is none: the green room stays
  among those who are in it.
- A monitor has no seat, is in no mix and counts as no listener. At most `max_monitors` at once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping

import structlog

from parvis.audio import Int16
from parvis.bus.messages import OfferReply
from parvis.clock import Clock
from parvis.errors import NotFound, Overloaded, Refused
from parvis.stage.ice import IceSession
from parvis.stage.peer import Peer, PeerSettings
from parvis.stage.sdp import check_monitor_offer
from parvis.stage.session import GONE_AFTER_S

log = structlog.get_logger(__name__)


class Monitor:
    """One monitor's session. Owned by `Monitors`."""

    def __init__(self, settings: PeerSettings, finish: Callable[[str], str], clock: Clock) -> None:
        self.id = secrets.token_urlsafe(24)
        self.peer = Peer(settings)
        self.ice = IceSession(self.peer, finish)
        self._clock = clock
        self._connected_s = clock.monotonic_s()

    def look(self) -> bool:
        """Whether anything can still be expected of it. Call it about twice a second."""
        if self.peer.state == "connected":
            self._connected_s = self._clock.monotonic_s()
        if self.peer.state in ("failed", "closed"):
            return False
        return self._clock.monotonic_s() - self._connected_s <= GONE_AFTER_S


class Monitors:
    """The monitors of one room, by handle. Owned by the room; `allowed` are the handles that may be there."""

    def __init__(
        self,
        space: str,
        settings: PeerSettings,
        finish: Callable[[str], str],
        clock: Clock,
        max_monitors: int,
    ) -> None:
        self._space = space
        self._settings = settings
        self._finish = finish
        self._clock = clock
        self._max_monitors = max_monitors
        self._allowed: frozenset[str] = frozenset()
        self._sessions: dict[str, Monitor] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def sessions(self) -> Mapping[str, Monitor]:
        """Those that are there, by handle."""
        return self._sessions

    def allow(self, handles: Collection[str]) -> None:
        """These may be there from now on; others are let go of."""
        self._allowed = frozenset(handles)
        for handle in self._sessions.keys() - self._allowed:
            self._drop(handle)

    def may(self, handle: str) -> bool:
        """The host named this account."""
        return handle in self._allowed

    async def offer(self, handle: str, sdp: str) -> OfferReply:
        """Answers a WHEP offer. Raises `offer-malformed`, `offer-unsupported`, `not-a-monitor` or
        `monitors-full`."""
        offer = check_monitor_offer(sdp)
        if not self.may(handle):
            raise Refused("not-a-monitor", "The host has not named you as a monitor.")
        old = self._sessions.get(handle)
        if old is None and len(self._sessions) >= self._max_monitors:
            raise Overloaded("monitors-full", "There are as many monitors as can be.", 30.0)
        monitor = self._sessions[handle] = Monitor(self._settings, self._finish, self._clock)
        if old is not None:
            self._close_later(old)
        try:
            answer = await monitor.ice.answer(offer, send=True, receive=False)
        except BaseException:
            if self._sessions.get(handle) is monitor:
                self._drop(handle)
            raise
        log.info("a monitor listens", space=self._space, monitor=handle)
        return OfferReply(monitor.id, answer, tag=monitor.ice.tag)

    def session(self, handle: str, session_id: str) -> Monitor:
        """Raises `NotFound` `session-unknown`."""
        monitor = self._sessions.get(handle)
        if monitor is None or monitor.id != session_id:
            raise NotFound("session-unknown", "There is no such session.")
        return monitor

    def hangup(self, handle: str, session_id: str) -> None:
        """Ends a session. Raises `NotFound` `session-unknown`."""
        self.session(handle, session_id)
        self._drop(handle)

    def send(self, samples: Int16) -> None:
        """One tick of what the audience will hear, int16[960], to all of them."""
        for monitor in self._sessions.values():
            monitor.peer.send(samples)

    def look(self) -> None:
        """Lets go of sessions that are over. Call it about twice a second."""
        for handle, monitor in list(self._sessions.items()):
            if not monitor.look():
                log.info("a monitor is gone", space=self._space, monitor=handle)
                self._drop(handle)

    def close(self) -> None:
        """Ends all sessions."""
        for handle in list(self._sessions):
            self._drop(handle)

    async def closed(self) -> None:
        """Waits until all sessions are really closed."""
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _drop(self, handle: str) -> None:
        self._close_later(self._sessions.pop(handle))

    def _close_later(self, monitor: Monitor) -> None:
        task = asyncio.get_running_loop().create_task(monitor.peer.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
