"""Hands, bans, messages and polls as clients see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parvis.api.schemas_manners import (
    AuthorOut,
    BanOut,
    HandOut,
    MessageOut,
    PinOut,
    PollOut,
    TalkOut,
)
from parvis.api.times import rfc3339, rfc3339_or_none
from parvis.spaces.ban import Ban
from parvis.spaces.hand import Standing
from parvis.spaces.message import Message, Pinned
from parvis.spaces.poll import Poll


def hand_out(standing: Standing) -> HandOut:
    """A hand where it stands."""
    hand = standing.hand
    return HandOut(
        id=hand.id,
        handle=hand.person.handle,
        display_name=hand.person.display_name,
        note=hand.note,
        raised_at=rfc3339(hand.raised_at_ms),
        screened=hand.screened,
        state=hand.state.value,
        position=standing.position,
        ask_again_s=standing.ask_again_s,
    )


def ban_out(ban: Ban) -> BanOut:
    """A ban as managers see it."""
    return BanOut(
        handle=ban.handle, display_name=ban.display_name, reason=ban.reason, by=ban.by, at=rfc3339(ban.at_ms)
    )


def message_out(message: Message, *, pinned: bool) -> MessageOut:
    """A message as everybody sees it: what is deleted has no words."""
    return MessageOut(
        id=str(message.id),
        at=rfc3339(message.at_ms),
        by=AuthorOut(
            handle=message.by.handle,
            display_name=message.by.display_name,
            role=message.role.value if message.role is not None else None,
        ),
        text="" if message.deleted else message.text,
        reply_to=str(message.reply_to) if message.reply_to is not None else None,
        pinned=pinned,
        deleted=message.deleted,
    )


def poll_out(poll: Poll, counted: Sequence[int] = ()) -> PollOut:
    """A poll with what was kept of its votes, or with what was counted since."""
    counts = poll.counted(counted).counts
    return PollOut(
        id=poll.id,
        question=poll.question,
        choices=list(poll.choices),
        counts=list(counts),
        votes=sum(counts),
        state="open" if poll.is_open else "closed",
        opened_at=rfc3339(poll.opened_at_ms),
        closes_at=rfc3339_or_none(poll.closes_at_ms),
        closed_at=rfc3339_or_none(poll.closed_at_ms),
    )


def pin_out(pinned: Pinned | None) -> PinOut:
    """The message that everybody sees, or that there is none."""
    if pinned is None:
        return PinOut(id=None, by=None, name=None, text=None)
    return PinOut(id=pinned.id, by=pinned.by, name=pinned.name, text=pinned.text)


def talk_out(events: Sequence[Mapping[str, Any]]) -> TalkOut | None:
    """The last events of the conversation; None when nothing was said."""
    return TalkOut(events=[dict(event) for event in events]) if events else None
