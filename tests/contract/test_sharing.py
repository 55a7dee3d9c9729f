"""Calendars, preview pictures and oEmbed, read by readers that are not ours."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from icalendar import Calendar
from PIL import Image

from tests.contract.api_world import world
from tests.contract.test_listings import at, start

pytestmark = pytest.mark.usefixtures("any_database")

EDGE = "http://127.0.0.1:8080"


def events(text: str) -> list[Any]:
    """The events of a calendar that must be a sound one."""
    assert "\n" not in text.replace("\r\n", ""), "lines end as RFC 5545 has it"
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    read = Calendar.from_ical(text)
    assert (read["method"], read["version"]) == ("PUBLISH", "2.0")
    for event in read.events:
        assert event.errors == []
        assert {"uid", "dtstamp", "dtstart", "sequence"} <= {name.lower() for name in event}
    return list(read.events)


async def test_a_calendar_follows_its_space(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        begins = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
        title = "Budget; night, with \\ and é" + " x" * 40
        space = await w.space("ana", title=title, description="One\nTwo", starts_at=begins.isoformat())
        ana, nobody = await w.person("ana"), w.nobody()
        path = f"/api/v1/spaces/{space}/calendar.ics"
        answer = await nobody.get(path)
        assert answer.headers["content-type"].startswith("text/calendar")
        [first] = events(answer.text)
        assert (first["summary"], first["dtstart"].dt, first["url"]) == (title, begins, f"{EDGE}/s/{space}")
        assert (first["status"], len(first.alarms.times)) == ("CONFIRMED", 1)
        assert first.alarms.times[0].trigger == begins - timedelta(minutes=10)
        later = begins + timedelta(hours=1)
        await ana.patch(f"/api/v1/spaces/{space}", json={"starts_at": later.isoformat()})
        [second] = events((await nobody.get(path)).text)
        assert second["uid"] == first["uid"]
        assert second["dtstart"].dt == later
        assert second["sequence"] > first["sequence"]
        assert (await ana.post(f"/api/v1/spaces/{space}/cancel")).json()["end_reason"] == "cancelled"
        for address in (path, "/api/v1/accounts/ana/calendar.ics"):
            [third] = events((await nobody.get(address)).text)
            assert (third["uid"], third["status"]) == (first["uid"], "CANCELLED")
            assert third["sequence"] > second["sequence"]


async def test_a_calendar_to_subscribe_to_has_all_public_spaces_with_a_time(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        spaces = [await w.space("ana", title=f"Night {i}", starts_at=at(i + 1)) for i in range(3)]
        await w.space("ana", title="Without a time")
        await w.space("ana", title="Hidden", starts_at=at(1), visibility="unlisted")
        await w.space("ben", title="Another's", starts_at=at(1))
        found = events((await w.nobody().get("/api/v1/accounts/ana/calendar.ics")).text)
        assert {event["uid"].partition("@")[0] for event in found} == set(spaces)
        assert (await w.nobody().get("/api/v1/accounts/nobody/calendar.ics")).status_code == 404


async def test_a_copy_has_the_same_settings_and_a_life_of_its_own(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        given = {
            "topics": ["Tax"],
            "visibility": "unlisted",
            "keep_open_s": 60,
            "description": "Words",
            "language": "fr",
        }
        space = await w.space("ana", starts_at=at(1), **given)
        await w.seat(space, "ana", "cleo", "co-host")
        ana = await w.person("ana")
        await start(w, "ana", space)
        await ana.post(f"/api/v1/spaces/{space}/end")
        begins = at(30)
        copy = (await ana.post(f"/api/v1/spaces/{space}/duplicate", json={"starts_at": begins})).json()
        assert copy["id"] != space
        assert (copy["state"], copy["starts_at"], copy["title"]) == ("scheduled", begins, "Budget night")
        assert {name: copy[name] for name in given} == given
        assert (copy["role"], copy["counts"]["peak_listeners"]) == ("host", 0)
        bare = (await (await w.person("cleo")).post(f"/api/v1/spaces/{space}/duplicate")).json()
        assert (bare["starts_at"], bare["host"]["handle"]) == (None, "cleo")


async def test_what_has_begun_is_not_called_off(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space, ana = await w.space("ana"), await w.person("ana")
        await start(w, "ana", space)
        assert (await ana.post(f"/api/v1/spaces/{space}/cancel")).json()["code"] == "space-begun"
        await ana.post(f"/api/v1/spaces/{space}/end")
        assert (await ana.post(f"/api/v1/spaces/{space}/cancel")).json()["code"] == "space-ended"
        assert (await ana.get(f"/api/v1/spaces/{space}")).json()["end_reason"] is None


@pytest.mark.parametrize("title", ["Budget night", "x" * 120, "日本語 العربية 🎈", "Ünïcödé & <tags>"])
async def test_a_preview_is_a_picture_that_changes_with_its_space(tmp_path: Path, title: str) -> None:
    async with world(tmp_path) as w:
        space, nobody = await w.space("ana", title=title, starts_at=at(1)), w.nobody()
        first = await nobody.get(f"/previews/{space}.png")
        assert first.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(first.content)) as picture:
            assert (picture.format, picture.size) == ("PNG", (1200, 630))
        etag = first.headers["etag"]
        unchanged = await nobody.get(f"/previews/{space}.png", headers={"If-None-Match": etag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        await start(w, "ana", space)
        live = await nobody.get(f"/previews/{space}.png", headers={"If-None-Match": etag})
        assert live.status_code == 200
        assert live.content != first.content
        assert (await nobody.get("/previews/0000000000.png")).json()["code"] == "space-unknown"
        assert (await nobody.get("/previews/..%2f.png")).json()["code"] == "not-found"


class Frame(HTMLParser):
    """The attributes of the one iframe."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.frames: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "iframe"
        self.frames.append(dict(attrs))


async def test_oembed_gives_a_player_no_larger_than_asked_for(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        title = 'A "quoted" <title>'
        space, nobody = await w.space("ana", title=title), w.nobody()
        for url in (f"{EDGE}/s/{space}", f"{EDGE}/s/{space}?lang=fr#x", f"{EDGE}/embed/{space}"):
            answer = await nobody.get("/oembed", params={"url": url, "maxwidth": 300, "maxheight": 500})
            fields = answer.json()
            assert (fields["version"], fields["type"], fields["title"]) == ("1.0", "rich", title)
            [frame] = Frame(fields["html"]).frames
            assert (frame["src"], frame["title"]) == (f"{EDGE}/embed/{space}", title)
            assert (frame["width"], fields["width"], fields["height"]) == ("300", 300, 180)
        xml = ET.fromstring((await nobody.get("/oembed", params={"url": url, "format": "xml"})).content)
        assert xml.tag == "oembed"
        assert {child.tag: child.text for child in xml} == {
            name: str(value)
            for name, value in (await nobody.get("/oembed", params={"url": url})).json().items()
        }
        assert (await nobody.get("/oembed", params={"url": url, "format": "yaml"})).status_code == 501
        for bad in (
            f"https://elsewhere.example/s/{space}",
            f"{EDGE}/s/0000000000",
            f"{EDGE}/s/{space}/x",
            "x",
        ):
            assert (await nobody.get("/oembed", params={"url": bad})).json()["code"] == "space-unknown"
        hidden = await w.space("ana", visibility="members")
        assert (await nobody.get("/oembed", params={"url": f"{EDGE}/s/{hidden}"})).status_code == 404
