"""A Space as its audience sees it: `space.json` (docs/protocol.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from parvis.bus.messages import Handoff, SpaceMessage
from parvis.clock import PART_MS, part_start_s
from parvis.edge.spaces import SpaceRecord
from parvis.media.events import Event
from parvis.media.rendition import Rendition


@dataclass(frozen=True, slots=True)
class Origins:
    """Where browsers find us, without a slash at the end."""

    edge: str
    control: str
    archive: str = ""


def rfc3339(unix_s: float) -> str:
    """UTC with milliseconds."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def hall_link(origins: Origins, record: SpaceRecord) -> str:
    """The share link of a Space."""
    return f"{origins.edge}/s/{record.id}"


def space_fields(record: SpaceRecord, origins: Origins, wall_s: float) -> dict[str, Any]:
    """The members of `space.json`."""
    message = record.message or _from_program(record)
    handed = record.handed
    listeners = int(record.latest.get("counts", {}).get("listeners", 0))
    running = [rendition for rendition in Rendition if _running(record, rendition)]
    return {
        "id": record.id,
        "title": message.title,
        "description": message.description,
        "language": message.language,
        "state": record.state,
        "host": _host(record, message),
        "speakers": _speakers(record, message),
        "visibility": record.visibility,
        "topics": list(message.topics),
        "cover": f"{origins.control}/covers/{message.cover}.webp" if message.cover else None,
        "end_reason": message.end_reason,
        "recording": message.recording != "off" and record.state in ("live", "held"),
        "captions": record.captioned_by,
        "acting_host": message.acting_host,
        "hands": message.hands,
        "stage_locked": message.stage_locked,
        "chat": asdict(message.chat),
        "handed_to": handed and _handed_to(handed, origins.edge),
        "counts": {
            "listeners": listeners,
            "peak_listeners": max(record.attendance.peak, listeners),
            "total_listeners": max(record.attendance.total, listeners),
        },
        "created_at": message.created_at,
        "starts_at": message.starts_at,
        "started_at": message.started_at,
        "ended_at": message.ended_at,
        "now": rfc3339(wall_s),
        "part_ms": PART_MS,
        "sequence": max((record.feeds[rendition].newest for rendition in running), default=None),
        "renditions": [
            {
                "name": rendition.value,
                "mime": rendition.mime,
                "bitrate_bps": rendition.bitrate_bps,
                "stream": f"/live/{record.id}/stream.mp4?codec={rendition}",
            }
            for rendition in running
        ],
        "edges": [],
        "links": {
            "share": hall_link(origins, record),
            "studio": f"{origins.control}/studio/{record.id}",
            "hls": f"{origins.edge}/live/{record.id}/index.m3u8",
            "aac": f"{origins.edge}/live/{record.id}/stream.aac",
            "ogg": f"{origins.edge}/live/{record.id}/stream.ogg",
            "m3u": f"{origins.edge}/live/{record.id}/listen.m3u",
            "embed": f"{origins.edge}/embed/{record.id}",
            "calendar": f"{origins.control}/api/v1/spaces/{record.id}/calendar.ics",
            "preview": f"{origins.control}/previews/{record.id}.png",
            "home": f"{origins.control}/",
            "api": f"{origins.control}/api/v1",
            "chat": f"{origins.edge}/live/{record.id}/chat.json",
            "replay": f"{origins.archive}/replay/{record.id}" if record.ended and message.recorded else None,
        },
    }


def hidden_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What strangers see of a Space for members: title and state."""
    return {
        **fields,
        "description": "",
        "topics": [],
        "cover": None,
        "host": {"handle": "", "display_name": ""},
        "speakers": [],
        "acting_host": None,
        "handed_to": None,
        "counts": {"listeners": 0, "peak_listeners": 0, "total_listeners": 0},
        "starts_at": None,
        "started_at": None,
        "ended_at": None,
        "sequence": None,
        "renditions": [],
        "links": {**fields["links"], "replay": None},
    }


def shown_fields(record: SpaceRecord, origins: Origins, wall_s: float) -> dict[str, Any]:
    """The members of `space.json` that anybody may know."""
    fields = space_fields(record, origins, wall_s)
    return hidden_fields(fields) if record.visibility == "members" else fields


def talk_fields(record: SpaceRecord) -> dict[str, Any]:
    """The members of `chat.json`."""
    message = record.message
    pinned = asdict(message.pinned) if message is not None and message.pinned is not None else None
    poll = {name: value for name, value in record.latest.get("poll", {}).items() if name != "type"} or None
    asked = message.poll if message is not None else None
    if asked is not None and (poll is None or poll["id"] != asked.id):
        poll = {**asdict(asked), "votes": sum(asked.counts)}
    if poll is not None and poll.get("state") == "closed":
        poll = None
    return {"items": record.talk.messages(), "pinned": pinned, "poll": poll}


def share_link(handoff: Handoff, edge_origin: str) -> str:
    """The page where a handoff leads."""
    return handoff.url or f"{edge_origin}/s/{handoff.to}"


def handoff_event(space: str, handoff: Handoff, edge_origin: str) -> Event:
    """What listeners are told."""
    return Event.of(
        "handoff",
        **{"from": space},
        to=handoff.to,
        url=share_link(handoff, edge_origin),
        title=handoff.title,
        reason=handoff.reason,
        by=handoff.by,
    )


def _handed_to(handoff: Handoff, edge_origin: str) -> dict[str, str | None]:
    return {
        "id": handoff.to or None,
        "url": share_link(handoff, edge_origin),
        "title": handoff.title,
        "reason": handoff.reason,
        "at": handoff.at,
    }


def _running(record: SpaceRecord, rendition: Rendition) -> bool:
    return not record.ended and rendition in record.feeds and record.feeds[rendition].running


def _speakers(record: SpaceRecord, message: SpaceMessage) -> list[Mapping[str, Any]]:
    if "stage" in record.latest and record.running:
        return list(record.latest["stage"].get("speakers", ()))
    return [
        {
            "handle": seat.handle,
            "display_name": seat.display_name,
            "role": seat.role,
            "connected": False,
            "muted": seat.muted_by is not None,
            "avatar": seat.avatar or None,
        }
        for seat in message.seats
    ]


def _host(record: SpaceRecord, message: SpaceMessage) -> dict[str, str]:
    names = {seat["handle"]: seat["display_name"] for seat in _speakers(record, message)}
    return {"handle": message.host, "display_name": names.get(message.host, message.host)}


def _from_program(record: SpaceRecord) -> SpaceMessage:
    """What the program alone tells, while control is away."""
    assert record.program is not None
    began = rfc3339(part_start_s(record.program.first_sequence))
    speakers = record.latest.get("stage", {}).get("speakers", ())
    said = record.latest.get("state", {})
    return SpaceMessage(
        id=record.id,
        revision=0,
        title=str(said.get("title", "")),
        description="",
        language="en",
        state=record.state,
        host=next((speaker["handle"] for speaker in speakers if speaker["role"] == "host"), ""),
        created_at=began,
        starts_at=said.get("starts_at"),
        started_at=None if record.state == "scheduled" else began,
        ended_at=None,
    )
