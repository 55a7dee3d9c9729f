"""A Space for members, from its making to its end: entered by a pass, shut, copied, called off."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import Launch
from tests.browser.studio_people import studio_of
from tests.contract.api_world import picture
from tests.parvis import Parvis, wait_until

PATIENCE_MS = 30_000
PASSES = "[data-testid=pass][data-state=good]"


def width_of(page: Page, test_id: str) -> int:
    """Of the file itself, in pixels; 0 while it is not there."""
    picture_there = page.locator(f"img[data-testid={test_id}]")
    return int(picture_there.evaluate_all("all => all[0]?.naturalWidth ?? 0"))


def test_the_life_of_a_space_for_members(parvis: Parvis, launch: Launch, tmp_path: Path) -> None:
    ana = parvis.person("ana")
    browser = launch()
    studio = studio_of(browser, parvis, ana, locale="en", timezone_id="Europe/Paris")
    studio.set_default_timeout(PATIENCE_MS)

    # Made whole on one screen: words, topics, a picture that is seen before it is sent, who may come.
    studio.get_by_test_id("create-title").fill("The jury's evening")
    studio.get_by_test_id("create-description").fill("For the jury alone.")
    studio.get_by_test_id("look").locator("summary").click()
    studio.get_by_test_id("topic").fill("#Cinema, Short films")
    studio.get_by_test_id("topic").press("Enter")
    expect(studio.get_by_test_id("topics").get_by_role("listitem")).to_have_count(2)
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture(1600, 900))
    studio.get_by_test_id("cover").set_input_files(photo)
    wait_until(lambda: width_of(studio, "cover-shown") == 1_600)
    studio.get_by_test_id("visibility-members").check()
    studio.get_by_test_id("create-submit").click()
    expect(studio.get_by_test_id("space-card")).to_have_attribute("data-visibility", "members")
    wait_until(lambda: width_of(studio, "cover-there") == 1_200)
    space = ana.get(f"spaces/{studio.url.rpartition('/')[2]}")
    assert (space["visibility"], space["topics"]) == ("members", ["Cinema", "Short films"])

    # Changed, and taken back by one tap; the picture goes only when it is said twice.
    studio.get_by_test_id("space-edit").click()
    studio.get_by_test_id("look").locator("summary").click()
    studio.get_by_test_id("cover-drop").click()
    studio.get_by_test_id("cover-keep").click()
    studio.get_by_test_id("create-language").select_option("de")
    studio.get_by_test_id("space-save").click()
    expect(studio.get_by_test_id("space-card")).to_contain_text("Deutsch")
    studio.get_by_test_id("space-undo").click()
    expect(studio.get_by_test_id("space-card")).to_contain_text("English")

    # Two passes at once, each for one.
    ana.patch(f"spaces/{space['id']}", {"standby": "tone"})
    ana.post(f"spaces/{space['id']}/start")
    studio.get_by_test_id("pass-new").click()
    studio.get_by_test_id("pass-names").fill("Inès\nThe chair")
    studio.get_by_test_id("pass-make").click()
    expect(studio.get_by_test_id("pass-made")).to_have_attribute("data-count", "2")
    row = studio.locator(PASSES).filter(has_text="Inès")
    link = row.get_attribute("data-link") or ""
    assert link.startswith(space["links"]["share"] + "#pass=")

    # The edge itself refuses a stranger; who has the link hears.
    wait_until(lambda: httpx.get(space["links"]["space"]).json()["state"] in ("live", "held"))
    assert httpx.get(space["links"]["aac"]).json()["code"] == "pass-needed"
    guest = browser.new_context(locale="en").new_page()
    guest.goto(space["links"]["share"])
    expect(guest.locator("#app")).to_have_attribute("data-state", "members", timeout=PATIENCE_MS)
    guest.goto(link)
    guest.get_by_test_id("play").click(timeout=PATIENCE_MS)
    expect(guest.locator("#app")).to_have_attribute("data-listening", "true")
    wait_until(lambda: float(guest.locator("audio").evaluate("element => element.currentTime")) > 1)
    expect(row).to_have_attribute("data-listeners", "1", timeout=PATIENCE_MS)

    # Taken back: asked once, in words that say who hears nothing more; and so it is.
    row.get_by_test_id("pass-revoke").click()
    expect(studio.get_by_role("dialog")).to_contain_text("1 person who listens by it will hear nothing more")
    studio.get_by_test_id("confirm-yes").click()
    expect(studio.locator(PASSES)).to_have_count(1)
    expect(guest.locator("#app")).to_have_attribute("data-state", "members", timeout=PATIENCE_MS)
    expect(guest.get_by_test_id("notice")).to_contain_text("not good any more")

    # A copy, for next week; and then it is called off.
    studio.get_by_test_id("duplicate").click()
    studio.get_by_test_id("create-later").check()
    studio.get_by_test_id("confirm-yes").click()
    studio.wait_for_url(lambda url: space["id"] not in url)
    copy = ana.get(f"spaces/{studio.url.rpartition('/')[2]}")
    kept = ("title", "topics", "visibility", "cover", "state")
    assert [copy[name] for name in kept] == [*(space[name] for name in kept[:-1]), "scheduled"]
    expect(studio.get_by_test_id("passes")).to_have_attribute("data-good", "0")
    studio.get_by_test_id("end").click()
    expect(studio.get_by_test_id("call-off-what")).to_contain_text("calendars")
    studio.get_by_test_id("confirm-yes").click()
    expect(studio.get_by_test_id("after-title")).to_have_attribute("data-called-off", "true")
    calendar = ana.api.get(f"spaces/{copy['id']}/calendar.ics").text
    assert "STATUS:CANCELLED" in calendar
