"""What travels on the bus, subject by subject (table in docs/design.md).

JSON for what is small and rare; a fixed header and raw bytes for parts. Every message decodes what any
version of its sender wrote: unknown fields are ignored.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from parvis.errors import RemoteProtocolError
from parvis.media.events import Event
from parvis.media.rendition import Rendition

RING_PARTS = 94
"""Parts that a stage retains for edges that come late, and that an edge keeps: 30 s."""


@dataclass(frozen=True, slots=True)
class SeatState:
    """A seat as control wants it: `muted_by` is "self", "host" or None. `account` is whose it is, so that the
    archive knows its owner by their token; it is shown to nobody. `avatar` names a picture (`faces.py`)."""

    handle: str
    display_name: str
    role: str
    muted_by: str | None = None
    account: str = ""
    avatar: str = ""


@dataclass(frozen=True, slots=True)
class ChatState:
    """Who may write ("open", "stage", "off"), how often, and whether listeners may write links."""

    mode: str = "open"
    slow_s: int = 0
    links: bool = False


@dataclass(frozen=True, slots=True)
class PinnedState:
    """The message that everybody sees; `by` is a handle."""

    id: str
    by: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class PollState:
    """The newest poll: "open" or "closed"; `counts` is the least that it stands at, `closes_at` RFC 3339."""

    id: str
    question: str
    choices: tuple[str, ...]
    counts: tuple[int, ...]
    state: str
    closes_at: str | None = None


@dataclass(frozen=True, slots=True)
class Handoff:
    """Where the audience of a Space is sent. `to` is a Space of this Parvis, or "" when `url` leads to
    another. `title` is that of the Space where they go, `by` a handle, `at` RFC 3339: parts of the new Space
    are heard from then on. With `only_from` just those go who came from that Space (*return*)."""

    id: str
    to: str
    url: str
    title: str
    reason: str
    by: str
    at: str
    only_from: str = ""


@dataclass(frozen=True, slots=True)
class SpaceMessage:
    """Desired state of a Space. `revision` grows with each change; times are RFC 3339 or None.

    `standby` is what is heard while nobody speaks: "silence", "tone", "notice" or "loop". `if_absent` is what
    happens at `starts_at` without the host: "hold", "acting" or "postpone"; with `auto_start` the program
    opens by itself at that second. `recording` is "off", "program" or "tracks", `recorded` whether it was
    ever another than "off" on air. `handoffs` are in the order in which they were made. `visibility` is
    "public", "unlisted" or "members"; `cover` the hash of a picture, or ""; `end_reason` "cancelled" or None.
    """

    id: str
    revision: int
    title: str
    description: str
    language: str
    state: str
    host: str
    created_at: str
    starts_at: str | None
    started_at: str | None
    ended_at: str | None
    seats: tuple[SeatState, ...] = ()
    max_speakers: int = 10
    acting_host: str | None = None
    standby: str = "silence"
    auto_start: bool = False
    if_absent: str = "hold"
    recording: str = "off"
    recorded: bool = False
    visibility: str = "public"
    topics: tuple[str, ...] = ()
    cover: str = ""
    end_reason: str | None = None
    handoffs: tuple[Handoff, ...] = ()
    hands: str = "open"
    stage_locked: bool = False
    chat: ChatState = ChatState()
    pinned: PinnedState | None = None
    poll: PollState | None = None
    monitors: tuple[str, ...] = ()
    """Handles of those who may listen at stage delay without a seat."""
    captions: str = "off"
    """Who captions: "off", "automatic" or "human"."""

    @property
    def subject(self) -> str:
        return f"space.{self.id}"

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> SpaceMessage:
        fields = _load(payload, cls)
        fields["seats"] = tuple(SeatState(**_known(seat, SeatState)) for seat in fields.get("seats", ()))
        fields["topics"] = tuple(fields.get("topics", ()))
        fields["handoffs"] = tuple(Handoff(**_known(one, Handoff)) for one in fields.get("handoffs", ()))
        fields["chat"] = ChatState(**_known(fields.get("chat") or {}, ChatState))
        if fields.get("pinned") is not None:
            fields["pinned"] = PinnedState(**_known(fields["pinned"], PinnedState))
        if fields.get("poll") is not None:
            poll = PollState(**_known(fields["poll"], PollState))
            fields["poll"] = replace(poll, choices=tuple(poll.choices), counts=tuple(poll.counts))
        fields["monitors"] = tuple(fields.get("monitors", ()))
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class StandbyMessage:
    """The sound of a Space whose `standby` is "loop". `audio` is an Ogg Opus file of 1 to 30 s, 48 kHz, mono;
    empty when it was taken away. `revision` grows with each upload."""

    space: str
    revision: int
    audio: bytes

    @property
    def subject(self) -> str:
        return f"standby.{self.space}"

    def encode(self) -> bytes:
        return _dump({"space": self.space, "revision": self.revision, "audio": _b64(self.audio)})

    @classmethod
    def decode(cls, payload: bytes) -> StandbyMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        fields = _load(payload, cls)
        try:
            return cls(fields["space"], fields["revision"], base64.b64decode(fields["audio"], validate=True))
        except (KeyError, TypeError, ValueError) as error:
            raise RemoteProtocolError("bus-payload", f"standby: {error}") from error


@dataclass(frozen=True, slots=True)
class ProgramRendition:
    """What an edge must know of a rendition: its init segment and one silent access unit."""

    rendition: Rendition
    init: bytes
    silence: bytes


@dataclass(frozen=True, slots=True)
class ProgramMessage:
    """A program exists (or, with `last_sequence`, is over). `first_sequence` is its first part. `epoch` is
    that of the lease under which the stage makes it: of two stages that speak, the higher is right."""

    space: str
    stage: str
    first_sequence: int
    last_sequence: int | None
    renditions: tuple[ProgramRendition, ...]
    epoch: int = 0

    @property
    def subject(self) -> str:
        return f"program.{self.space}"

    def encode(self) -> bytes:
        renditions = [
            {"rendition": r.rendition, "init": _b64(r.init), "silence": _b64(r.silence)}
            for r in self.renditions
        ]
        return _dump(
            {
                "space": self.space,
                "stage": self.stage,
                "first_sequence": self.first_sequence,
                "last_sequence": self.last_sequence,
                "renditions": renditions,
                "epoch": self.epoch,
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> ProgramMessage:
        fields = _load(payload, cls)
        fields["renditions"] = tuple(
            ProgramRendition(
                Rendition(r["rendition"]), base64.b64decode(r["init"]), base64.b64decode(r["silence"])
            )
            for r in fields["renditions"]
        )
        return cls(**fields)


_PART_HEADER = struct.Struct(">QBIQ")
"""Sequence, flags, bytes of events, epoch."""
_LAST = 1


@dataclass(frozen=True, slots=True)
class PartMessage:
    """One part of one rendition. `body` is what a listener gets; `events` are those inside it, for SSE.
    `last` says that the program ends with it; `epoch` as in `ProgramMessage`."""

    space: str
    rendition: Rendition
    sequence: int
    body: bytes
    events: tuple[Event, ...] = ()
    last: bool = False
    epoch: int = 0

    @property
    def subject(self) -> str:
        return f"part.{self.space}.{self.rendition}"

    def encode(self) -> bytes:
        events = b"\n".join(event.body for event in self.events)
        header = _PART_HEADER.pack(self.sequence, _LAST if self.last else 0, len(events), self.epoch)
        return header + events + self.body

    @classmethod
    def decode(cls, subject: str, payload: bytes) -> PartMessage:
        """Also of a speaker's track (`track.{space}.{handle}`): Opus. Raises `RemoteProtocolError` when the
        payload is not a part."""
        kind, space, rendition = subject.split(".")
        if kind == "track":
            rendition = Rendition.OPUS
        try:
            sequence, flags, events_size, epoch = _PART_HEADER.unpack_from(payload)
        except struct.error as error:
            raise RemoteProtocolError("bus-payload", f"{subject}: {error}") from error
        start = _PART_HEADER.size + events_size
        if start > len(payload):
            raise RemoteProtocolError("bus-payload", f"{subject}: events run past the end")
        lines = payload[_PART_HEADER.size : start].split(b"\n") if events_size else []
        events = tuple(Event.parse(line) for line in lines)
        return cls(space, Rendition(rendition), sequence, payload[start:], events, bool(flags & _LAST), epoch)


@dataclass(frozen=True, slots=True)
class SeatReport:
    """A seat as the stage sees it. Level as in docs/protocol.md §3; the rest None until measured.

    `check` is the sound check of docs/protocol.md §4, in the green room and for a session's first minute.
    """

    handle: str
    connected: bool
    level: int | None = None
    loss_percent: float | None = None
    rtt_ms: float | None = None
    jitter_ms: float | None = None
    check: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SeatsMessage:
    """All seats of a Space that have, or had, a session.

    `revision` is that of the `SpaceMessage` which the stage has obeyed, `epoch` that of the stage's lease.
    `on_air`: what the seats say is in the program, by control's word or by the go-live clock.
    """

    space: str
    stage: str
    revision: int
    seats: tuple[SeatReport, ...]
    epoch: int = 0
    on_air: bool = False

    @property
    def subject(self) -> str:
        return f"seats.{self.space}"

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> SeatsMessage:
        fields = _load(payload, cls)
        fields["seats"] = tuple(SeatReport(**_known(seat, SeatReport)) for seat in fields["seats"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class EdgeMessage:
    """How many listen at one edge, by Space. Sent once a second; one older than 5 s no longer counts.
    `joined` is how many have begun to listen there, by Space, since that edge started: `life` tells one run
    of an edge from the next. Who comes back within its stream is no new listener."""

    edge: str
    listeners: dict[str, int]
    life: str = ""
    joined: dict[str, int] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"edge.{self.edge}"

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> EdgeMessage:
        return cls(**_load(payload, cls))


@dataclass(frozen=True, slots=True)
class PassesMessage:
    """Passes of a Space that let nobody in: `void` are good no more, whoever listens by them is let go; by
    `full` ones as many listen as they are for. A lower `revision` than the last is old."""

    space: str
    revision: int
    void: tuple[str, ...] = ()
    full: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return f"passes.{self.space}"

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> PassesMessage:
        fields = _load(payload, cls)
        return cls(**fields | {name: tuple(fields.get(name, ())) for name in ("void", "full")})


@dataclass(frozen=True, slots=True)
class PassUseMessage:
    """How many listen at one edge by each pass, by the pass's id. Sent once a second while there are any, and
    once after."""

    edge: str
    used: dict[str, int]

    @property
    def subject(self) -> str:
        return f"pass-use.{self.edge}"

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> PassUseMessage:
        return cls(**_load(payload, cls))


@dataclass(frozen=True, slots=True)
class ArchiveMessage:
    """How the recording of a Space goes: `state` is "recording", "behind" (written late), "failing" (the disk
    takes nothing, sound is kept in memory) or "done". `detail` is for people."""

    space: str
    state: str
    recorded_parts: int = 0
    lost_parts: int = 0
    waiting_parts: int = 0
    detail: str = ""

    @property
    def subject(self) -> str:
        return f"archive.{self.space}"

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> ArchiveMessage:
        return cls(**_load(payload, cls))


@dataclass(frozen=True, slots=True)
class ProcessMessage:
    """Heartbeat of a process: `gauges` are its figures by metric name."""

    name: str
    role: str
    pid: int
    gauges: dict[str, float] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"process.{self.name}"

    def encode(self) -> bytes:
        return _dump({"name": self.name, "role": self.role, "pid": self.pid, "gauges": self.gauges})

    @classmethod
    def decode(cls, payload: bytes) -> ProcessMessage:
        return cls(**_load(payload, cls))


@dataclass(frozen=True, slots=True)
class CallMessage:
    """Control → stages, not retained: somebody comes to this Space, and no stage has it. Whose turn it is
    takes it (`stage/awake.py`)."""

    space: str

    @property
    def subject(self) -> str:
        return f"call.{self.space}"

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> CallMessage:
        return cls(**_load(payload, cls))


@dataclass(frozen=True, slots=True)
class OfferRequest:
    """Control asks a stage to answer a WHIP offer for a seat, or a WHEP offer of a `monitor`. `epoch` is that
    of the lease by which control found the stage: under another one it is refused (`not-owner`); 0 means
    whoever owns the Space."""

    space: str
    handle: str
    sdp: str
    epoch: int = 0
    monitor: bool = False

    def encode(self) -> bytes:
        return _dump({"do": "offer", **asdict(self)})


@dataclass(frozen=True, slots=True)
class OfferReply:
    """The answer, the session's unguessable id, the epoch of the stage that made it, and the entity tag of
    the ICE session."""

    session: str
    sdp: str
    epoch: int = 0
    tag: str = ""

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> OfferReply:
        return cls(**_load(payload, cls))


@dataclass(frozen=True, slots=True)
class HangupRequest:
    """Control asks a stage to end a session. Answered with `{}`, or NotFound `session-unknown`. `epoch` as in
    `OfferRequest`."""

    space: str
    handle: str
    session: str
    epoch: int = 0
    monitor: bool = False

    def encode(self) -> bytes:
        return _dump({"do": "hangup", **asdict(self)})


@dataclass(frozen=True, slots=True)
class IceRequest:
    """Control asks a stage to take an SDP fragment: candidates, or a restart of ICE. `tags` are the entity
    tags that were sent with it, "*" among them for any."""

    space: str
    handle: str
    session: str
    fragment: str
    tags: tuple[str, ...]
    epoch: int = 0
    monitor: bool = False

    def encode(self) -> bytes:
        return _dump({"do": "ice", **asdict(self)})


@dataclass(frozen=True, slots=True)
class IceReply:
    """After a restart the stage's fragment and the new entity tag; else neither."""

    fragment: str = ""
    tag: str = ""

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> IceReply:
        return cls(**_load(payload, cls))


StageRequest = OfferRequest | HangupRequest | IceRequest


def decode_stage_request(payload: bytes) -> StageRequest:
    """Raises `RemoteProtocolError` for a request that this version does not know."""
    fields = _object(payload)
    kinds: dict[str, type[OfferRequest] | type[HangupRequest] | type[IceRequest]] = {
        "offer": OfferRequest,
        "hangup": HangupRequest,
        "ice": IceRequest,
    }
    kind = kinds.get(fields.get("do", ""))
    if kind is None:
        raise RemoteProtocolError("bus-payload", f"unknown stage request {fields.get('do')!r}")
    known = _known(fields, kind)
    if kind is IceRequest:
        known["tags"] = tuple(known["tags"])
    return kind(**known)


def _dump(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _object(payload: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(payload)
    except ValueError as error:
        raise RemoteProtocolError("bus-payload", f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise RemoteProtocolError("bus-payload", "not a JSON object")
    return fields


def _load(payload: bytes, kind: type) -> dict[str, Any]:
    return _known(_object(payload), kind)


def _known(fields: dict[str, Any], kind: Any) -> dict[str, Any]:
    return {name: fields[name] for name in kind.__dataclass_fields__ if name in fields}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
