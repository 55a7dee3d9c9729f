"""What the studio is told, as server-sent events.

- `space` and `counts` when they change, `seats` when it changes and twice a second while anyone is connected;
  all three at the beginning. `succession`, `handoffs`, `notice`, `hands` (for those who decide about them,
  once a second at most), `talk`, `pin` and `poll` when there is something to say, and when it changes. A
  comment after 15 s without an event.
- The stream ends when the listener to it has no seat any more, has signed out, or control stops. A browser
  comes back by itself, and is then told why not.
- One stream holds nothing but what it last sent: a slow reader is waited for and gets the newest after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from pydantic import BaseModel

from parvis.api.schemas_manners import HandCounts
from parvis.api.services import Services
from parvis.api.views import counts_out, seats_out, space_out
from parvis.api.views_care import handoffs_out, notice_out, succession_out
from parvis.api.views_manners import pin_out, poll_out, talk_out
from parvis.errors import Overloaded
from parvis.people.port import Session
from parvis.spaces.permissions import Act, may
from parvis.spaces.space import Space

_SEATS_EVERY_S: Final = 0.5
_AT_MOST_EVERY_S: Final = 0.1
_COMMENT_AFTER_S: Final = 15.0
_SESSION_CHECKED_EVERY_S: Final = 15.0
_HANDS_EVERY_S: Final = 1.0


def studio_events(services: Services, space: Space, session: Session) -> AsyncIterator[str]:
    """The stream of one studio page. Raises `Overloaded` when the account has too many."""
    if services.streams.get(session.account.id, 0) >= services.http.events_per_account:
        raise Overloaded("too-many-requests", "Too many studio pages are open.", 10.0)
    return _stream(services, space, session)


async def _stream(services: Services, space: Space, session: Session) -> AsyncIterator[str]:
    account_id = session.account.id
    services.streams[account_id] = services.streams.get(account_id, 0) + 1
    try:
        with services.live.waiting(space.id) as woken:
            async for frame in _frames(services, space, session, woken):
                yield frame
    finally:
        services.streams[account_id] -= 1
        if not services.streams[account_id]:
            del services.streams[account_id]


async def _frames(
    services: Services, space: Space, session: Session, woken: asyncio.Event
) -> AsyncIterator[str]:
    now_s = services.clock.monotonic_s
    sent: dict[str, str] = {}
    written_s = checked_s = seats_s = now_s()
    line = _Line()
    yield "retry: 2000\n\n"
    while not services.closing.is_set():
        woken.clear()
        space = services.board.get(space.id) or space
        if space.role_of(session.account.id) is None:
            return
        if now_s() - checked_s >= _SESSION_CHECKED_EVERY_S:
            checked_s = now_s()
            if not await services.people.holds(session.id):
                return
        await line.look(services, space, session)
        for name, body in (_bodies(services, space, session) | line.bodies).items():
            data = body.model_dump_json(by_alias=True)
            again = name == "seats" and now_s() - seats_s >= _SEATS_EVERY_S and _anyone(services, space)
            if sent.get(name) == data and not again:
                continue
            sent[name] = data
            written_s = now_s()
            seats_s = written_s if name == "seats" else seats_s
            yield f"event: {name}\ndata: {data}\n\n"
        if now_s() - written_s >= _COMMENT_AFTER_S:
            written_s = now_s()
            yield ": still here\n\n"
        await asyncio.sleep(_AT_MOST_EVERY_S)
        await _wait(woken, _SEATS_EVERY_S - _AT_MOST_EVERY_S)


def _bodies(services: Services, space: Space, session: Session) -> dict[str, BaseModel]:
    counts = counts_out(space, services.live)
    shown = space_out(space, session.account.id, services.live, services.origins)
    bodies: dict[str, BaseModel] = {
        "space": shown,
        "seats": seats_out(space, services.live, services.origins),
        "counts": counts,
    }
    now_ms = int(services.clock.wall_s() * 1000)
    sometimes = {
        "succession": succession_out(space, services.live, now_ms),
        "handoffs": handoffs_out(space, services.board, services.origins),
        "notice": notice_out(space, now_ms),
        "talk": talk_out(services.talk.recent(space.id)),
        "pin": pin_out(space.pinned),
        "poll": poll_out(space.poll, services.ballots.counts(space.poll.id)) if space.poll else None,
    }
    return bodies | {name: body for name, body in sometimes.items() if body is not None}


class _Line:
    """How many hands are raised, as one studio was told. The database is asked after a change only."""

    def __init__(self) -> None:
        self.bodies: dict[str, BaseModel] = {}
        self._version = -1
        self._looked_s = float("-inf")

    async def look(self, services: Services, space: Space, session: Session) -> None:
        """Counts again if something has changed, for those whom it concerns."""
        now_s, version = services.clock.monotonic_s(), services.talk.hands_version(space.id)
        if version == self._version or now_s - self._looked_s < _HANDS_EVERY_S:
            return
        if not may(space.standing_of(session.account.id), Act.TAKE_HANDS):
            self.bodies = {}
            return
        self._version, self._looked_s = version, now_s
        total, screened = await services.hands.counts(space.id)
        if total or self.bodies:
            self.bodies = {"hands": HandCounts(total=total, screened=screened)}


def _anyone(services: Services, space: Space) -> bool:
    return services.live.anyone_connected(space.id)


async def _wait(woken: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await woken.wait()
    except TimeoutError:
        return
