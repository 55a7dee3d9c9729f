"""The JSON of docs/protocol.md §4, in and out. What comes in is strict: no unknown fields, no coercion."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from parvis.api.times import parse_rfc3339
from parvis.people.account import DISPLAY_NAME_MAX, HANDLE_PATTERN, PASSWORD_MAX, PASSWORD_MIN
from parvis.spaces.invitation import DEFAULT_EXPIRES_S, EXPIRES_MAX_S, EXPIRES_MIN_S, USES_MAX
from parvis.spaces.log import REASON_MAX
from parvis.spaces.monitor import MONITORS_MAX
from parvis.spaces.terms import (
    CAPTIONERS_MAX,
    GRACE_MAX_S,
    KEEP_OPEN_MAX_S,
    POSTPONE_MAX_S,
    POSTPONE_MIN_S,
    SLOW_MAX_S,
    SUCCESSORS_MAX,
)
from parvis.spaces.visibility import TOPIC_MAX, TOPICS_MAX
from parvis.spaces.words import (
    DEFAULT_MAX_SPEAKERS,
    DESCRIPTION_MAX,
    LANGUAGE_PATTERN,
    SPEAKERS_MAX,
    TITLE_MAX,
)


def _time(text: str) -> str:
    parse_rfc3339(text)
    return text


Time = Annotated[str, AfterValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
TimeOut = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Handle = Annotated[str, StringConstraints(pattern=HANDLE_PATTERN)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_MAX)]
Description = Annotated[str, StringConstraints(max_length=DESCRIPTION_MAX)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
RoleName = Literal["host", "co-host", "speaker"]
GivenRole = Literal["co-host", "speaker"]
SeatRole = Literal["host", "co-host", "speaker"]
StateName = Literal["scheduled", "live", "held", "ended"]
StandbyName = Literal["silence", "tone", "notice", "loop"]
AbsentName = Literal["hold", "acting", "postpone"]
RecordingName = Literal["off", "program", "tracks"]
HandsName = Literal["open", "closed"]
ChatModeName = Literal["open", "stage", "off"]
CaptionsName = Literal["off", "automatic", "human"]
VisibilityName = Literal["public", "unlisted", "members"]
Topics = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=TOPIC_MAX)]], Field(max_length=TOPICS_MAX)
]
Grace = Annotated[int, Field(ge=0, le=GRACE_MAX_S)]
Successors = Annotated[list[Handle], Field(max_length=SUCCESSORS_MAX)]
Captioners = Annotated[list[Handle], Field(max_length=CAPTIONERS_MAX)]
Monitors = Annotated[list[Handle], Field(max_length=MONITORS_MAX)]
KeepOpen = Annotated[int, Field(ge=0, le=KEEP_OPEN_MAX_S)]
Postpone = Annotated[int, Field(ge=POSTPONE_MIN_S, le=POSTPONE_MAX_S)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=REASON_MAX)]


class Input(BaseModel):
    """Base of what comes in."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Output(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(extra="forbid")


class SignUp(Input):
    """A new account."""

    handle: Handle
    password: Annotated[str, StringConstraints(min_length=PASSWORD_MIN, max_length=PASSWORD_MAX)]
    display_name: Annotated[str, StringConstraints(min_length=1, max_length=DISPLAY_NAME_MAX)]


class SignInBody(Input):
    """Handle and password; anything that could not be one is simply wrong."""

    handle: Annotated[str, StringConstraints(max_length=100)]
    password: Annotated[str, StringConstraints(max_length=1_000)]


class ChatTerms(Input):
    """Who may write, how often, and what; only what is there changes."""

    mode: ChatModeName = "open"
    slow_s: Annotated[int, Field(ge=0, le=SLOW_MAX_S)] = 0
    links: bool = False


class TermsDraft(Input):
    """Settings; what is not there has its default."""

    grace_s: Grace = 10
    successors: Successors = Field(default_factory=list)
    standby: StandbyName = "silence"
    keep_open_s: KeepOpen = 3_600
    auto_start: bool = Field(default_factory=bool, description="True by default if there is a starts_at.")
    if_absent: AbsentName = "hold"
    postpone_s: Postpone = 600
    recording: RecordingName = "off"
    hands: HandsName = "open"
    stage_locked: bool = False
    chat: ChatTerms = Field(default_factory=ChatTerms)
    captions: CaptionsName = "off"
    captioners: Captioners = Field(default_factory=list)
    visibility: VisibilityName = "public"
    topics: Topics = Field(default_factory=list)


class SpaceDraft(TermsDraft):
    """A new Space."""

    title: Title
    description: Description = ""
    language: Language = "en"
    starts_at: Time | None = None
    max_speakers: Annotated[int, Field(ge=1, le=SPEAKERS_MAX)] = DEFAULT_MAX_SPEAKERS


class SpaceEdit(TermsDraft):
    """What should change, and nothing else; `starts_at` null takes the announced time back."""

    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    language: Language = Field(default_factory=str)
    starts_at: Time | None = Field(default_factory=lambda: None)
    monitors: Monitors = Field(default_factory=list)


class InvitationCode(Input):
    """What is worth a seat."""

    invitation: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SeatEdit(Input):
    """At least one of `muted` and `role`."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"minProperties": 1})

    muted: bool = Field(default_factory=bool)
    role: SeatRole = Field(default_factory=lambda: "speaker")
    reason: Reason | None = None


class InvitationTerms(Input):
    """For whom, how often, how long. With `handle` for that account alone, once."""

    handle: Handle | None = None

    role: GivenRole = "speaker"
    uses: Annotated[int, Field(ge=1, le=USES_MAX)] = 1
    expires_in_s: Annotated[int, Field(ge=EXPIRES_MIN_S, le=EXPIRES_MAX_S)] = DEFAULT_EXPIRES_S


class AccountLinksOut(Output):
    """What others can follow: the profile, the podcast feed, the calendar of public Spaces."""

    profile: str
    feed: str
    calendar: str


class AccountOut(Output):
    """An account as its owner sees it."""

    id: str
    handle: str
    display_name: str
    bio: str
    avatar: str | None
    operator: bool
    has_password: bool
    created_at: TimeOut
    links: AccountLinksOut


class SessionOut(Output):
    """Who is signed in, until when."""

    expires_at: TimeOut
    account: AccountOut


class SignInOut(SessionOut):
    """A new session; the token is shown once."""

    token: str


class HostOut(Output):
    """The host of a Space."""

    handle: str
    display_name: str


class CountsOut(Output):
    """Listeners now, the most there were at once, and how many have begun to listen in all."""

    listeners: int
    peak_listeners: int
    total_listeners: int


class LinksOut(Output):
    """Where everything of a Space is."""

    share: str
    stream: str
    hls: str
    aac: str
    ogg: str
    m3u: str
    space: str
    whip: str
    whep: str
    studio: str
    events: str
    embed: str
    calendar: str
    preview: str
    replay: str | None


class HandedTo(Output):
    """Where the audience of a Space goes."""

    id: str | None
    url: str
    title: str
    reason: str
    at: TimeOut


class ChatOut(Output):
    """Who may write, how often, and whether listeners may write links."""

    mode: ChatModeName
    slow_s: int
    links: bool


class SpaceOut(Output):
    """A Space as the asker sees it."""

    id: str
    title: str
    description: str
    language: str
    state: StateName
    host: HostOut
    created_at: TimeOut
    starts_at: TimeOut | None
    started_at: TimeOut | None
    ended_at: TimeOut | None
    max_speakers: int
    counts: CountsOut
    role: RoleName | None
    acting: bool
    acting_host: HostOut | None
    handed_to: HandedTo | None
    ends_at: TimeOut | None
    postponed: int
    standby_loop: bool
    grace_s: int
    successors: list[str] | None
    monitors: list[str] | None
    standby: StandbyName
    keep_open_s: int
    auto_start: bool
    if_absent: AbsentName
    postpone_s: int
    recording: RecordingName
    hands: HandsName
    stage_locked: bool
    chat: ChatOut
    captions: CaptionsName
    captioners: list[str]
    visibility: VisibilityName
    topics: list[str]
    cover: str | None
    end_reason: str | None = Field(description="`cancelled`: called off before it began.")
    links: LinksOut


class SpacePage(Output):
    """A page of a list; `next` is the cursor of the following one."""

    items: list[SpaceOut]
    next: str | None


class SeatOut(Output):
    """A seat; what the stage measures of it is null when not connected."""

    handle: str
    display_name: str
    avatar: str | None
    role: RoleName
    acting: bool
    muted: bool
    muted_by: Literal["self", "host"] | None
    connected: bool
    level: int | None
    loss_percent: float | None
    rtt_ms: float | None
    jitter_ms: float | None
    check: dict[str, Any] | None = Field(description="The sound check, in the words of docs/protocol.md §4.")


class SeatList(Output):
    """Everybody on stage, what is recorded of them, and which owner of the stage says so: a session that
    began under a lower `stage_epoch` is dead."""

    items: list[SeatOut]
    recording: RecordingName
    stage_epoch: int | None


class InvitationOut(Output):
    """A new invitation. The link holds its secret and is shown once; one to a handle has none."""

    id: str
    link: str
    handle: str | None
    role: GivenRole
    uses_left: int
    expires_at: TimeOut


class InviterOut(HostOut):
    """Who invites, or is invited."""

    avatar: str | None


class InvitingSpaceOut(Output):
    """The Space of an invitation."""

    id: str
    title: str
    language: str
    state: StateName
    starts_at: TimeOut | None
    share: str


class WaitingOut(Output):
    """An invitation to oneself; the `id` is also the code that is worth the seat."""

    id: str
    space: InvitingSpaceOut
    role: GivenRole
    by: InviterOut
    created_at: TimeOut
    expires_at: TimeOut
    link: str


class WaitingList(Output):
    """What one is invited to, the newest first."""

    items: list[WaitingOut]


class SentOut(Output):
    """An invitation that still counts; `to` null: a link."""

    id: str
    role: GivenRole
    uses_left: int
    by: InviterOut
    to: InviterOut | None
    created_at: TimeOut
    expires_at: TimeOut


class SentList(Output):
    """Those of a Space, the newest first."""

    items: list[SentOut]


class Problem(BaseModel):
    """RFC 9457. `errors` names the fields of `input-invalid`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str


def problem_schema() -> dict[str, Any]:
    """The JSON schema of a problem, for OpenAPI."""
    return Problem.model_json_schema()
