"""The JSON of handoffs, succession, suspension and the log (docs/protocol.md §4, §5), in and out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from parvis.api.schemas import HostOut, Input, Output, Reason, SpaceOut, TimeOut
from parvis.spaces.handoff import CODE_EXPIRES_MAX_S, CODE_EXPIRES_MIN_S, CODE_EXPIRES_S, URL_MAX

SpaceId = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class HandoffBody(Input):
    """Where the audience should go; exactly one of `to` and `url`."""

    to: SpaceId | None = None
    url: Annotated[str, StringConstraints(min_length=1, max_length=URL_MAX)] | None = None
    reason: Reason
    code: Code | None = None
    only_from: SpaceId | None = None
    end: bool = Field(
        default_factory=bool, description="True by default, false with only_from: others are still there."
    )


class RescueBody(Input):
    """With `to` the audience is handed off, else the asker is host from now on."""

    to: SpaceId | None = None
    code: Code | None = None
    reason: Reason | None = None


class HandoffCodeTerms(Input):
    """How long a code is good."""

    expires_in_s: Annotated[int, Field(ge=CODE_EXPIRES_MIN_S, le=CODE_EXPIRES_MAX_S)] = CODE_EXPIRES_S


class SuspensionBody(Input):
    """Why; the account's owner is told."""

    reason: Reason


class Named(Output):
    """A Space by its id and title."""

    id: str
    title: str


class HandoffOut(Output):
    """A handoff; `at` is null until it is made."""

    id: str
    state: Literal["asked", "made", "declined", "expired", "withdrawn", "returned"]
    from_: Named = Field(serialization_alias="from", validation_alias="from")
    to: Named | None
    url: str
    title: str
    reason: str
    by: str
    asked_at: TimeOut
    expires_at: TimeOut
    at: TimeOut | None
    only_from: str | None
    end: bool


class HandoffList(Output):
    """All handoffs that concern a Space."""

    items: list[HandoffOut]


class RescueOut(Output):
    """The Space after its rescue, and the handoff if there is one."""

    space: SpaceOut
    handoff: HandoffOut | None


class HandoffCodeOut(Output):
    """Shown this once."""

    code: str
    expires_at: TimeOut


class SuspensionOut(Output):
    """A suspended account."""

    handle: str
    reason: str
    suspended_at: TimeOut


class StandbyLoopOut(Output):
    """The standby sound as it is kept."""

    revision: int
    duration_s: float
    size_bytes: int


class EntryOut(Output):
    """One act; `by` null is Parvis itself."""

    id: int
    at: TimeOut
    by: str | None
    act: str
    whom: str | None
    reason: str | None
    details: dict[str, Any]


class EntryPage(Output):
    """A page of the log, newest first."""

    items: list[EntryOut]
    next: str | None


class SuccessionOut(Output):
    """Who is host, who acts, and who will, when."""

    host: HostOut
    host_connected: bool
    acting: HostOut | None
    next: HostOut | None
    at: TimeOut | None
    in_s: int | None


class NoticeOut(Output):
    """What the plan of a Space did."""

    code: Literal["postponed", "host-awaited"]
    starts_at: TimeOut | None
    times: int
