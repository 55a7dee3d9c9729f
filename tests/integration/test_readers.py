"""Calendars, cards and embeds as others read them: ical.js (Thunderbird's reader), open-graph-scraper and
unfurl.js, each over HTTP from a running Parvis. None of them knows ours."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.parvis import Parvis, Person, wait_until

READERS = Path(__file__).parent / "readers"
TITLE = 'Budget night: 5 < 6, "quotes" & é'
WORDS = "What it costs; who pays, and when.\nLine two \\ with a long tail: " + "é" * 80


def read(kind: str, url: str) -> Any:
    assert (READERS / "node_modules").is_dir(), f"run `npm ci` in {READERS} (make test does)"
    command = ["node", str(READERS / "read.mjs"), kind, url]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def planned(parvis: Parvis, handle: str) -> tuple[dict[str, Any], datetime, Person]:
    """A public Space in a week, its time and its host."""
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    text = at.isoformat().replace("+00:00", "Z")
    draft = {"title": TITLE, "description": WORDS, "starts_at": text, "topics": ["budget"]}
    host = parvis.person(handle)
    space = host.post("spaces", draft)
    wait_until(lambda: parvis.space_json(space["id"])["title"] == TITLE)
    return space, at, host


def test_a_calendar_says_what_when_and_where(parvis: Parvis) -> None:
    space, at, host = planned(parvis, "cal")
    path = f"{parvis.control}/api/v1/spaces/{space['id']}/calendar.ics"
    found = read("calendar", path)
    assert found["type"].startswith("text/calendar")
    [event] = found["events"]
    assert (event["summary"], event["url"]) == (TITLE, space["links"]["share"])
    assert WORDS in event["description"]
    assert event["begins"] == at.isoformat().replace("+00:00", ".000Z")
    assert event["zone"] == "UTC"
    [same] = read("calendar", f"{parvis.control}/api/v1/accounts/{host.handle}/calendar.ics")["events"]
    assert (same["uid"], same["summary"]) == (event["uid"], TITLE)


def test_a_calendar_follows_a_space_that_is_called_off(parvis: Parvis) -> None:
    space, _, host = planned(parvis, "off")
    path = f"{parvis.control}/api/v1/spaces/{space['id']}/calendar.ics"
    [before] = read("calendar", path)["events"]
    host.post(f"spaces/{space['id']}/cancel")
    [after] = read("calendar", path)["events"]
    assert (after["uid"], after["status"]) == (before["uid"], "CANCELLED")
    assert after["sequence"] > before["sequence"]


def test_a_card_shows_the_title_and_a_picture(parvis: Parvis) -> None:
    space, *_ = planned(parvis, "card")
    share = space["links"]["share"]
    found = read("card", share)
    assert found["success"] is True
    assert found["ogTitle"].startswith(TITLE)
    assert (found["ogUrl"], found["ogSiteName"]) == (share, "Parvis")
    assert found["twitterCard"] in ("summary_large_image", "player")
    [picture] = found["ogImage"]
    assert picture["url"].startswith(f"{parvis.control}/previews/{space['id']}.png?v=")
    assert (picture["width"], picture["height"]) == ("1200", "630")


def test_an_embed_is_found_from_the_page_alone(parvis: Parvis) -> None:
    space, *_ = planned(parvis, "embed")
    found = read("embed", space["links"]["share"])
    assert (found["version"], found["type"], found["title"]) == ("1.0", "rich", TITLE)
    assert found["provider_name"] == "Parvis"
    assert f"/embed/{space['id']}" in found["html"]
    assert found["html"].startswith("<iframe ")
    assert found["width"] > 0
    assert found["height"] > 0
