"""The JSON of hands, bans, the chat and polls (docs/protocol.md §8), in and out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from parvis.api.schemas import Handle, HostOut, Input, Output, Reason, RoleName, TimeOut
from parvis.spaces.hand import NOTE_MAX
from parvis.spaces.message import TEXT_MAX
from parvis.spaces.poll import CHOICE_MAX, CHOICES_MAX, CHOICES_MIN, FOR_MAX_S, FOR_MIN_S, QUESTION_MAX

MessageId = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,17}$")]
_SOMETHING: dict[str, Any] = {"minProperties": 1}


class HandBody(Input):
    """What somebody wants to say, if they care to tell."""

    note: Annotated[str, StringConstraints(max_length=NOTE_MAX)] = ""


class HandEdit(Input):
    """At least one of both."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_SOMETHING)

    screened: bool = Field(default_factory=bool)
    state: Literal["called", "declined"] = Field(default_factory=lambda: "declined")


class HandOut(Output):
    """A hand; `position` counts from 1 among those that are raised."""

    id: str
    handle: str
    display_name: str
    note: str
    raised_at: TimeOut
    screened: bool
    state: Literal["raised", "called", "declined", "lowered"]
    position: int | None
    ask_again_s: int | None


class HandPage(Output):
    """A page of those that are raised; `total` and `screened` count all of them."""

    items: list[HandOut]
    next: str | None
    total: int
    screened: int


class HandCounts(Output):
    """How many hands are raised, for the studio."""

    total: int
    screened: int


class MuteAllBody(Input):
    """Why, for the log."""

    reason: Reason | None = None


class MuteAllOut(Output):
    """How many speakers it was new to."""

    muted: int


class BanBody(Input):
    """Whom, and why: the banned one is told."""

    handle: Handle
    reason: Reason


class BanOut(Output):
    """Who is out of a Space, why, by whom."""

    handle: str
    display_name: str
    reason: str
    by: str
    at: TimeOut


class BanList(Output):
    """All bans of a Space, newest first."""

    items: list[BanOut]


class MessageBody(Input):
    """What to say, and to which message it answers."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX)]
    reply_to: MessageId | None = None


class AuthorOut(HostOut):
    """Who wrote it, and the role at that moment."""

    role: RoleName | None


class MessageOut(Output):
    """A message."""

    id: str
    at: TimeOut
    by: AuthorOut
    text: str
    reply_to: str | None
    pinned: bool
    deleted: bool


class MessagePage(Output):
    """A page of the chat, newest first; `next` is what to give as `before`."""

    items: list[MessageOut]
    next: str | None


class PinBody(Input):
    """Which message everybody shall see."""

    message: MessageId


class PinOut(Output):
    """The message that everybody sees; all null when there is none."""

    id: str | None
    by: str | None
    name: str | None
    text: str | None


class PollBody(Input):
    """A question; without `for_s` somebody closes it."""

    question: Annotated[str, StringConstraints(min_length=1, max_length=QUESTION_MAX)]
    choices: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=CHOICE_MAX)]],
        Field(min_length=CHOICES_MIN, max_length=CHOICES_MAX),
    ]
    for_s: Annotated[int, Field(ge=FOR_MIN_S, le=FOR_MAX_S)] | None = None


class PollOut(Output):
    """A poll, and what was counted so far."""

    id: str
    question: str
    choices: list[str]
    counts: list[int]
    votes: int
    state: Literal["open", "closed"]
    opened_at: TimeOut
    closes_at: TimeOut | None
    closed_at: TimeOut | None


class PollList(Output):
    """The polls of a Space, newest first."""

    items: list[PollOut]


class TalkOut(Output):
    """The last events of the conversation, oldest first, each with its own number: for the studio, which
    hears no program before the Space is on air."""

    events: list[dict[str, Any]]
