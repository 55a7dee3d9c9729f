"""What is on and what comes, in a podcast feed: `podcast:liveItem` of the Podcasting 2.0 namespace. Pure.

- Only public Spaces: those announced for a time (`pending`), those on air (`live`), those that ended within a
  day (`ended`), for an app that has shown one as live must be told that it is over. What was called off is
  taken out: a pending item that is gone is forgotten.
- The enclosure is AAC that any player can play; HLS stands beside it as an alternative, the hall is where a
  browser goes (`contentLink`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from parvis.bus.messages import SpaceMessage

PODCAST: Final = "https://podcastindex.org/namespace/1.0"
ENDED_SHOWN_S: Final = 86_400.0
MAX_ITEMS: Final = 20
_STATUS: Final = {"scheduled": "pending", "live": "live", "held": "live", "ended": "ended"}
_ORDER: Final = ("live", "pending", "ended")


def live_spaces(messages: Iterable[SpaceMessage], handle: str, now_s: float) -> list[SpaceMessage]:
    """Those of a host that belong into its feed: what is live, then what comes next, then what is over."""
    mine = [message for message in messages if message.host == handle and _is_shown(message, now_s)]
    mine.sort(key=lambda message: (_ORDER.index(_STATUS[message.state]), _start(message)))
    return mine[:MAX_ITEMS]


def add_live_item(channel: ET.Element, message: SpaceMessage, edge_url: str) -> None:
    """A `podcast:liveItem` as the last child of a channel."""
    live, share = f"{edge_url}/live/{message.id}", f"{edge_url}/s/{message.id}"
    item = ET.SubElement(channel, _name("liveItem"), status=_STATUS[message.state], start=_start(message))
    if message.ended_at is not None:
        item.set("end", message.ended_at)
    for name, words in (("title", message.title), ("description", message.description or message.title)):
        ET.SubElement(item, name).text = "".join(c for c in words if c >= " " or c in "\n\t")
    ET.SubElement(item, "link").text = share
    ET.SubElement(item, "guid", isPermaLink="false").text = f"parvis:{message.id}:live"
    # What has no end has no length.
    ET.SubElement(item, "enclosure", url=f"{live}/stream.aac", length="0", type="audio/aac")
    hls = ET.SubElement(item, _name("alternateEnclosure"), type="application/vnd.apple.mpegurl", title="HLS")
    ET.SubElement(hls, _name("source"), uri=f"{live}/index.m3u8")
    ET.SubElement(item, _name("contentLink"), href=share).text = "Parvis"
    for seat in message.seats:
        role = "Host" if seat.handle == message.host else "Guest"
        ET.SubElement(item, _name("person"), role=role).text = seat.display_name


def host_name(messages: Iterable[SpaceMessage]) -> str:
    """The display name of the host of the first; its handle if no seat says it."""
    first = next(iter(messages))
    names = {seat.handle: seat.display_name for seat in first.seats}
    return names.get(first.host, first.host)


def _is_shown(message: SpaceMessage, now_s: float) -> bool:
    if message.visibility != "public" or message.end_reason is not None:
        return False
    if message.state == "scheduled":
        return message.starts_at is not None
    if message.state == "ended":
        return message.ended_at is not None and now_s - _unix_s(message.ended_at) < ENDED_SHOWN_S
    return message.state in _STATUS


def _start(message: SpaceMessage) -> str:
    return message.started_at or message.starts_at or message.created_at


def _unix_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _name(tag: str) -> str:
    return f"{{{PODCAST}}}{tag}"
