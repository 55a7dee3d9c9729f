"""The JSON of lists, passes and embedding (docs/protocol.md §4)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from parvis.api.schemas import HostOut, Input, Output, StateName, Time, TimeOut
from parvis.spaces.entry_pass import EXPIRES_MAX_S, EXPIRES_MIN_S, LABEL_MAX, USES_MAX

PhaseName = Literal["live", "upcoming", "past"]


class Copy(Input):
    """What is new about a copy."""

    starts_at: Time | None = None


class PassTerms(Input):
    """For whom (a note of the host's own, and an account if it is one person's), how many at once, how
    long."""

    label: Annotated[str, StringConstraints(max_length=LABEL_MAX)] = ""
    uses: Annotated[int, Field(ge=1, le=USES_MAX)] = 1
    expires_in_s: Annotated[int, Field(ge=EXPIRES_MIN_S, le=EXPIRES_MAX_S)] | None = None
    handle: Annotated[str, StringConstraints(max_length=100)] | None = None


class PassOut(Output):
    """A pass. `listeners` is how many listen by it now."""

    id: str
    link: str
    label: str
    uses: int
    listeners: int
    created_at: TimeOut
    expires_at: TimeOut | None
    void_at: TimeOut | None
    void_reason: Literal["revoked", "shared", "banned"] | None


class PassList(Output):
    """All passes of a Space, the newest first."""

    items: list[PassOut]


class CoverOut(Output):
    """Where a cover is; it never changes."""

    cover: str


class ListedOut(Output):
    """A Space in a list."""

    id: str
    title: str
    description: str
    language: str
    state: StateName
    host: HostOut
    topics: list[str]
    cover: str | None
    listeners: int
    starts_at: TimeOut | None
    started_at: TimeOut | None
    ended_at: TimeOut | None
    share: str
    replay: str | None


class ListedPage(Output):
    """A page of a list; `next` is the cursor of the following one."""

    items: list[ListedOut]
    next: str | None
