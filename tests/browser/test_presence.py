"""Who chose to be seen is seen by the signed-in and by nobody else; who is banned hears no more, at once."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Launch
from tests.browser.hall_people import HOST_HZ, PATIENCE_MS, enter, hall_of, on_air
from tests.browser.people import HALL, ears
from tests.browser.studio_people import studio_of
from tests.contract.api_world import picture
from tests.integration.signals import power_db
from tests.parvis import Parvis, wait_until

HEARD_DB = -50


def people(page: Page, name: str) -> str:
    """Signs up in the sheet of who is here; gives the handle."""
    page.get_by_test_id("who").click()
    handle = enter(page, name)
    expect(page.get_by_test_id("people")).to_be_visible(timeout=PATIENCE_MS)
    return handle


def test_some_are_seen_and_who_is_banned_hears_no_more(
    parvis: Parvis, launch: Launch, tmp_path: Path
) -> None:
    host = parvis.person("ana")
    put = host.api.put("accounts/me/avatar", content=picture(), headers={"Content-Type": "image/png"})
    assert put.status_code == 200
    with on_air(parvis, host, tmp_path) as space:
        stranger = hall_of(launch(), parvis, space["id"])
        face = stranger.get_by_test_id(f"speaker-{host.handle}").locator("img")
        expect(face).to_have_js_property("naturalWidth", 112, timeout=PATIENCE_MS)
        assert str(face.get_attribute("src")).startswith(f"/live/{space['id']}/faces/"), "no edge, no face"

        eve_page, looker = hall_of(launch(), parvis, space["id"]), hall_of(launch(), parvis, space["id"])
        eve = people(eve_page, "Eve Martin")
        people(looker, "Lou Petit")
        expect(looker.get_by_test_id("people")).to_have_attribute("data-seen", "0", timeout=PATIENCE_MS)
        eve_page.get_by_test_id("be-seen").check()
        expect(looker.get_by_test_id(f"present-{eve}")).to_contain_text("Eve Martin", timeout=PATIENCE_MS)
        expect(looker.get_by_test_id("people-now")).to_have_text("3", timeout=PATIENCE_MS)
        assert int(looker.get_by_test_id("people-total").inner_text()) >= 3
        for page in (eve_page, looker):
            gaps = (
                page.locator("#app").get_attribute("data-gaps"),
                page.locator("#app").get_attribute("data-stalls"),
            )
            assert gaps == ("0", "0"), "to say who one is costs no sound"
        studio = studio_of(launch(), parvis, host, space)
        expect(studio.get_by_test_id(f"present-{eve}")).to_be_attached(timeout=PATIENCE_MS)

        assert power_db(ears(eve_page, HALL, 0.6), HOST_HZ) > HEARD_DB
        host.post(f"spaces/{space['id']}/bans", {"handle": eve, "reason": "Shouting."})
        expect(eve_page.locator("[data-state=banned]").first).to_be_attached(timeout=PATIENCE_MS)
        expect(eve_page.locator("#app")).to_have_attribute("data-listening", "false")
        eve_page.get_by_test_id("hand").click()
        expect(eve_page.get_by_test_id("banned")).to_contain_text("Shouting.", timeout=PATIENCE_MS)
        eve_page.get_by_test_id("play").click()
        expect(eve_page.locator("[data-state=banned]").first).to_be_attached(timeout=PATIENCE_MS)
        expect(looker.get_by_test_id(f"present-{eve}")).to_have_count(0, timeout=PATIENCE_MS)
        for page in (stranger, looker):
            wait_until(lambda page=page: power_db(ears(page, HALL, 0.6), HOST_HZ) > HEARD_DB)  # type: ignore[misc]
        eve_page.get_by_test_id("sign-out").click()
        eve_page.get_by_test_id("play").click()
        expect(eve_page.locator("[data-state=playing]").first).to_be_attached(timeout=PATIENCE_MS)
