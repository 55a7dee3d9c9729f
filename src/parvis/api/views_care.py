"""Handoffs, succession, notices and the log as the studio sees them."""

from __future__ import annotations

import math

from parvis.api.board import Board
from parvis.api.live import LiveState
from parvis.api.schemas_care import EntryOut, HandoffList, HandoffOut, Named, NoticeOut, SuccessionOut
from parvis.api.times import rfc3339, rfc3339_or_none
from parvis.api.views import Origins, handoff_url, person_out
from parvis.spaces import plan, succession
from parvis.spaces.handoff import Handoff
from parvis.spaces.log import Entry
from parvis.spaces.space import Space, State


def handoff_out(handoff: Handoff, board: Board, origins: Origins) -> HandoffOut:
    """A handoff as both sides see it."""
    to = handoff.to_id
    return HandoffOut.model_validate(
        {
            "id": handoff.id,
            "state": handoff.state.value,
            "from": Named(id=handoff.from_id, title=board.title_of(handoff.from_id)),
            "to": Named(id=to, title=handoff.title) if to is not None else None,
            "url": handoff_url(handoff, origins),
            "title": handoff.title,
            "reason": handoff.reason,
            "by": handoff.by,
            "asked_at": rfc3339(handoff.asked_at_ms),
            "expires_at": rfc3339(handoff.expires_at_ms),
            "at": rfc3339_or_none(handoff.at_ms),
            "only_from": handoff.only_from or None,
            "end": handoff.end,
        }
    )


def handoffs_out(space: Space, board: Board, origins: Origins) -> HandoffList | None:
    """All handoffs of a Space and into it; None when there is none."""
    items = [handoff_out(handoff, board, origins) for handoff in board.handoffs_of(space.id)]
    return HandoffList(items=items) if items else None


def succession_out(space: Space, live: LiveState, now_ms: int) -> SuccessionOut | None:
    """Who is host and who will be; None for a Space that is not on air."""
    if not space.is_on_air:
        return None
    seen = live.seen(space.id)
    coming = succession.coming(space, seen)
    return SuccessionOut(
        host=person_out(space.host),
        host_connected=succession.is_connected(space.host, seen),
        acting=person_out(space.acting) if space.acting is not None else None,
        next=person_out(coming.next) if coming is not None and coming.next is not None else None,
        at=rfc3339(coming.at_ms) if coming is not None else None,
        in_s=max(0, math.ceil((coming.at_ms - now_ms) / 1000)) if coming is not None else None,
    )


def notice_out(space: Space, now_ms: int) -> NoticeOut | None:
    """What the plan did; None when nothing is to be said."""
    if space.state is not State.SCHEDULED:
        return None
    starts_at = rfc3339_or_none(space.starts_at_ms)
    if plan.is_due(space, now_ms - plan.DECIDED_AFTER_MS):
        return NoticeOut(code="host-awaited", starts_at=starts_at, times=space.postponed)
    if space.postponed:
        return NoticeOut(code="postponed", starts_at=starts_at, times=space.postponed)
    return None


def entry_out(entry: Entry) -> EntryOut:
    """One line of the log."""
    return EntryOut(
        id=entry.id,
        at=rfc3339(entry.at_ms),
        by=entry.by,
        act=entry.act,
        whom=entry.whom,
        reason=entry.reason,
        details=dict(entry.details),
    )
