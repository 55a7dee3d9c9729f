"""A host prepares: when, what is heard meanwhile, what if they are late; and it begins by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from parvis.cli.speak import write_wav
from tests.browser.conftest import Launch
from tests.browser.studio_people import connect, pictures, studio_of
from tests.integration.signals import Int16, tone
from tests.parvis import Parvis, Person


def id_of(page: Page) -> str:
    page.wait_for_url("**/studio/*")
    return page.url.rpartition("/")[2]


def test_a_plan_is_made_heard_changed_and_taken_back(parvis: Parvis, launch: Launch, tmp_path: Path) -> None:
    ana = parvis.person("ana")
    page = studio_of(launch(), parvis, ana, locale="en", timezone_id="Europe/Paris")
    page.get_by_test_id("create-title").fill("Budget night")
    pictures(page, "create")
    page.get_by_test_id("create-later").check()
    page.get_by_test_id("create-starts-at").fill("2098-11-22T20:00")
    page.get_by_test_id("create-zone").select_option("America/New_York")
    expect(page.get_by_test_id("also-at")).to_contain_text("In UTC: 01:00")
    page.get_by_test_id("more").locator("summary").click()
    page.get_by_test_id("standby-hear").click()
    expect(page.get_by_test_id("standby-hear")).to_have_attribute("data-playing", "notice")
    page.get_by_test_id("standby-loop").check()
    sound = tmp_path / "jingle.wav"
    write_wav(sound, tone(330, 3))
    page.get_by_test_id("standby-file").set_input_files(sound)
    page.get_by_test_id("standby-hear").click()
    expect(page.get_by_test_id("standby-hear")).to_have_attribute("data-playing", "loop")
    page.get_by_test_id("if-absent-postpone").check()
    page.get_by_test_id("postpone").select_option("900")
    page.get_by_test_id("grace").select_option("5")
    page.get_by_test_id("successor").fill(ana.handle)
    page.get_by_test_id("successor-add").click()
    page.get_by_test_id("recording-tracks").check()
    expect(page.get_by_test_id("in-short")).to_contain_text("takes over after 5 seconds")
    pictures(page, "create-more")
    page.get_by_test_id("create-submit").click()

    space = ana.get(f"spaces/{id_of(page)}")
    wanted = {
        "starts_at": "2098-11-23T01:00:00.000Z", "auto_start": True, "if_absent": "postpone",
        "postpone_s": 900, "grace_s": 5, "successors": [ana.handle], "recording": "tracks",
        "standby": "loop", "standby_loop": True,
    }  # fmt: skip
    assert {name: space[name] for name in wanted} == wanted

    expect(page.get_by_test_id("recorded")).to_have_attribute("data-recording", "tracks")
    page.get_by_test_id("plan-edit").click()
    page.get_by_test_id("recording-off").check()
    page.get_by_test_id("plan-save").click()
    expect(page.get_by_test_id("recorded")).to_have_count(0)
    page.get_by_test_id("plan-undo").click()
    expect(page.get_by_test_id("recorded")).to_be_visible()
    assert ana.get(f"spaces/{space['id']}")["recording"] == "tracks"


def quiet_words() -> Int16:
    """Half a second at −50 dBFS each second, in a room at −75 dBFS, for 10 s."""
    words = np.tile(np.concatenate((tone(300, 0.5, peak=150), np.zeros(24_000, np.int16))), 10)
    room: Int16 = np.random.default_rng(1).normal(0, 6, len(words)).astype(np.int16)
    return words + room


def test_a_green_room_says_how_one_sounds_and_goes_on_air_by_itself(parvis: Parvis, launch: Launch) -> None:
    ana = parvis.person("ana")
    space = ana.post("spaces", {"title": "By itself", "starts_at": "2098-01-01T20:00:00Z"})
    page = studio_of(launch(quiet_words()), parvis, ana, space, locale="en")
    connect(page)
    check = page.get_by_test_id(f"check-{ana.handle}")
    expect(check).to_have_attribute("data-verdict", "bad", timeout=30_000)
    expect(check).to_contain_text("Too quiet")
    pictures(page, "green-room")
    ana.patch(f"spaces/{space['id']}", {"starts_at": in_seconds(8)})
    expect(page.get_by_test_id("announced")).to_be_visible()
    expect(page.get_by_test_id("on-air")).to_be_visible(timeout=30_000)
    acts = [entry["act"] for entry in ana.get(f"spaces/{space['id']}/log")["items"]]
    assert "began-by-plan" in acts
    assert "started" not in acts


def in_seconds(seconds: float) -> str:
    """RFC 3339."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def test_a_plan_can_be_made_by_keyboard_alone(parvis: Parvis, launch: Launch) -> None:
    ana: Person = parvis.person("ana")
    page = studio_of(launch(), parvis, ana, locale="en")
    page.get_by_test_id("create-title").focus()
    page.keyboard.type("No mouse")
    focused = "document.activeElement.dataset.testid ?? document.activeElement.tagName.toLowerCase()"
    walked: list[str] = []
    while page.evaluate(focused) != "create-submit" and len(walked) < 12:
        page.keyboard.press("Tab")
        walked.append(page.evaluate(focused))
    fields = ["create-description", "summary", "visibility-public", "create-now", "recording-off", "summary"]
    assert walked == [*fields, "create-submit"]
    page.keyboard.press("Enter")
    assert ana.get(f"spaces/{id_of(page)}")["title"] == "No mouse"
