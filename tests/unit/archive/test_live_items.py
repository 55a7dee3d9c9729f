"""What is on and what comes in a feed, by a reader that is not ours and the namespace's rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import feedparser  # type: ignore[import-untyped]
import pytest

from parvis.archive.feed import feed
from parvis.archive.live_items import MAX_ITEMS, PODCAST, live_spaces
from parvis.bus.messages import SpaceMessage
from tests.unit.archive.makers import space_message
from tests.unit.archive.test_feed import REPLAY

NOW_S = datetime.fromisoformat("2026-10-14T18:30:00Z").timestamp()
EDGE, ARCHIVE = "https://e.example", "https://a.example"
ALLOWED = {
    "title", "description", "link", "guid", "enclosure",
    *(f"{{{PODCAST}}}{name}" for name in ("alternateEnclosure", "contentLink", "person")),
}  # fmt: skip


def announced(space: str = "next", at: str = "2026-10-20T18:00:00.000Z", **changes: Any) -> SpaceMessage:
    made = replace(space_message(state="scheduled"), id=space, started_at=None, starts_at=at)
    return replace(made, **changes)


def read(*live: SpaceMessage) -> tuple[ET.Element, Any]:
    """The channel as XML, and as feedparser has it, which must find nothing wrong."""
    data = feed("ana", "Ana", [REPLAY], archive_url=ARCHIVE, edge_url=EDGE, live=live)
    parsed = feedparser.parse(data)
    assert not parsed.bozo, parsed.get("bozo_exception")
    channel = ET.fromstring(data).find("channel")
    assert channel is not None
    return channel, parsed


@pytest.mark.parametrize(
    ("message", "status", "start", "end"),
    [
        (announced(), "pending", "2026-10-20T18:00:00.000Z", None),
        (space_message(), "live", "2026-10-14T17:00:00.000Z", None),
        (space_message(state="held"), "live", "2026-10-14T17:00:00.000Z", None),
        (space_message(state="ended"), "ended", "2026-10-14T17:00:00.000Z", "2026-10-14T18:00:00.000Z"),
    ],
)
def test_an_item_says_how_it_stands(message: SpaceMessage, status: str, start: str, end: str | None) -> None:
    channel, parsed = read(message)
    [item] = channel.findall(f"{{{PODCAST}}}liveItem")
    assert item.attrib == {"status": status, "start": start} | ({"end": end} if end else {})
    assert {child.tag for child in item} <= ALLOWED
    enclosure = item.find("enclosure")
    assert enclosure is not None
    assert enclosure.attrib == {
        "url": f"{EDGE}/live/{message.id}/stream.aac",
        "length": "0",
        "type": "audio/aac",
    }
    source = item.find(f"{{{PODCAST}}}alternateEnclosure/{{{PODCAST}}}source")
    assert source is not None
    assert source.attrib == {"uri": f"{EDGE}/live/{message.id}/index.m3u8"}
    link = item.find(f"{{{PODCAST}}}contentLink")
    assert link is not None
    assert (link.attrib["href"], item.findtext("link")) == (f"{EDGE}/s/{message.id}",) * 2
    assert item.findtext("guid") != channel.findtext("item/guid"), "the episode is another"
    assert parsed.feed.title == "Ana"
    assert [entry.title for entry in parsed.entries] == ["Budget <night> & more"], (
        "episodes stay what they were"
    )


def test_whatever_people_write_stays_text() -> None:
    evil = '</podcast:liveItem><item>&\u0001"'
    channel, _ = read(announced(title=evil, description=evil))
    assert channel.findtext(f"{{{PODCAST}}}liveItem/title") == evil.replace("\u0001", "")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (announced(), True),
        (announced(at=""), False),
        (announced(visibility="unlisted"), False),
        (announced(visibility="members"), False),
        (announced(host="ben"), False),
        (replace(space_message(state="ended"), end_reason="cancelled"), False),
        (replace(space_message(state="ended"), ended_at="2026-10-13T18:00:00.000Z"), False),
    ],
)
def test_what_belongs_into_a_feed(message: SpaceMessage, shown: bool) -> None:
    message = message if message.starts_at != "" else replace(message, starts_at=None)
    assert live_spaces([message], "ana", NOW_S) == ([message] if shown else [])


def test_what_is_live_comes_first_then_what_comes_next() -> None:
    later = [announced(f"n{i}", f"2026-11-{i + 1:02}T18:00:00.000Z") for i in range(28)]
    live = space_message()
    shown = live_spaces([*reversed(later), live], "ana", NOW_S)
    assert shown == [live, *later[: MAX_ITEMS - 1]]
