"""A podcast feed of one host's public replays: RSS 2.0 with the iTunes and Podcasting 2.0 names. Pure.

What directories insist on: `enclosure` with the exact byte length and type, a `guid` that never changes,
dates as RFC 5322, a length in whole seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

from parvis.archive.live_items import PODCAST, add_live_item
from parvis.bus.messages import SpaceMessage

ITUNES: Final = "http://www.itunes.com/dtds/podcast-1.0.dtd"
ATOM: Final = "http://www.w3.org/2005/Atom"
MAX_EPISODES: Final = 300
CHAPTERS_TYPE: Final = "application/json+chapters"

for _prefix, _uri in (("itunes", ITUNES), ("podcast", PODCAST), ("atom", ATOM)):
    ET.register_namespace(_prefix, _uri)


def feed(
    handle: str,
    name: str,
    replays: Iterable[Mapping[str, Any]],
    *,
    archive_url: str,
    edge_url: str,
    live: Sequence[SpaceMessage] = (),
) -> bytes:
    """The feed as UTF-8 XML. `replays` are replay.json objects, newest first; `live` what is on or comes."""
    episodes = list(replays)[:MAX_EPISODES]
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    own = f"{archive_url}/feeds/{handle}.xml"
    _text(channel, "title", name)
    _text(channel, "link", edge_url or archive_url)
    _text(channel, "description", f"Spaces hosted by {name}")
    _text(channel, "language", str(episodes[0]["language"]) if episodes else "en")
    _text(channel, "generator", "Parvis")
    ET.SubElement(channel, f"{{{ATOM}}}link", href=own, rel="self", type="application/rss+xml")
    _text(channel, f"{{{ITUNES}}}author", name)
    _text(channel, f"{{{ITUNES}}}explicit", "false")
    ET.SubElement(channel, f"{{{ITUNES}}}category", text="News")
    if episodes:
        _text(channel, "lastBuildDate", _date(episodes[0]))
    for message in live:
        add_live_item(channel, message, edge_url)
    for episode in episodes:
        _item(channel, episode, archive_url, edge_url)
    ET.indent(rss)
    document: bytes = ET.tostring(rss, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + document + b"\n"


def _item(channel: ET.Element, replay: Mapping[str, Any], archive_url: str, edge_url: str) -> None:
    space = str(replay["id"])
    base = f"{archive_url}/replay/{space}"
    audio = next(one for one in replay["audio"] if one["name"] == "aac")
    item = ET.SubElement(channel, "item")
    _text(item, "title", str(replay["title"]))
    _text(item, "description", str(replay["description"] or replay["title"]))
    _text(item, "link", f"{edge_url}/s/{space}")
    ET.SubElement(item, "guid", isPermaLink="false").text = f"parvis:{space}"
    _text(item, "pubDate", _date(replay))
    ET.SubElement(item, "enclosure", url=f"{base}/audio.m4a", length=str(audio["bytes"]), type="audio/x-m4a")
    _text(item, f"{{{ITUNES}}}duration", str(round(float(replay["duration_s"]))))
    _text(item, f"{{{ITUNES}}}author", str(replay["host"]["display_name"]))
    ET.SubElement(item, f"{{{PODCAST}}}chapters", url=f"{base}/chapters.json", type=CHAPTERS_TYPE)
    if replay.get("captions"):
        ET.SubElement(item, f"{{{PODCAST}}}transcript", url=f"{base}/captions.vtt", type="text/vtt")
    for speaker in replay["speakers"]:
        role = "Host" if speaker["role"] == "host" else "Guest"
        ET.SubElement(item, f"{{{PODCAST}}}person", role=role).text = str(speaker["display_name"])


def _date(replay: Mapping[str, Any]) -> str:
    moment = datetime.fromisoformat(str(replay["ended_at"] or replay["started_at"]))
    return format_datetime(moment)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = "".join(c for c in text if c >= " " or c in "\n\t")
