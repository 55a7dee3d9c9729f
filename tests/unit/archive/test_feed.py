"""The feed says what podcast directories insist on."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

from parvis.archive.feed import ITUNES, feed
from parvis.archive.live_items import PODCAST

REPLAY: dict[str, Any] = {
    "id": "0123456789",
    "title": "Budget <night> & more\u0001",
    "description": "",
    "language": "en",
    "host": {"handle": "ana", "display_name": "Ana"},
    "speakers": [
        {"handle": "ana", "display_name": "Ana", "role": "host"},
        {"handle": "ben", "display_name": "Ben", "role": "speaker"},
    ],
    "started_at": "2026-03-25T20:00:00.000Z",
    "ended_at": "2026-03-25T21:00:00.000Z",
    "duration_s": 3599.68,
    "audio": [{"name": "aac", "bytes": 123_456, "mime": "audio/mp4"}, {"name": "opus", "bytes": 1}],
    "captions": "/replay/0123456789/captions.vtt",
}


def test_an_episode() -> None:
    data = feed("ana", "Ana", [REPLAY], archive_url="https://a.example", edge_url="https://e.example")
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<rss ')
    channel = ET.fromstring(data).find("channel")
    assert channel is not None
    assert channel.findtext("title") == "Ana"
    item = channel.find("item")
    assert item is not None
    enclosure = item.find("enclosure")
    assert enclosure is not None
    assert enclosure.attrib == {
        "url": "https://a.example/replay/0123456789/audio.m4a",
        "length": "123456",
        "type": "audio/x-m4a",
    }
    guid = item.find("guid")
    assert guid is not None
    assert (guid.text, guid.attrib) == ("parvis:0123456789", {"isPermaLink": "false"})
    assert item.findtext("title") == "Budget <night> & more"
    assert item.findtext("link") == "https://e.example/s/0123456789"
    assert item.findtext(f"{{{ITUNES}}}duration") == "3600"
    assert parsedate_to_datetime(item.findtext("pubDate") or "").isoformat() == "2026-03-25T21:00:00+00:00"
    assert [person.attrib["role"] for person in item.findall(f"{{{PODCAST}}}person")] == ["Host", "Guest"]
    transcript = item.find(f"{{{PODCAST}}}transcript")
    assert transcript is not None
    assert transcript.attrib["type"] == "text/vtt"
