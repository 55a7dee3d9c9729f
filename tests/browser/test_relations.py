"""Whom one follows and has blocked: on profiles, and all together on the account page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.barriers import look_at
from tests.browser.conftest import Launch
from tests.browser.hall_people import PATIENCE_MS
from tests.browser.studio_people import LOOKS, PICTURES, pictures, studio_of
from tests.parvis import Parvis


def test_follow_block_and_both_taken_back(parvis: Parvis, launch: Launch) -> None:
    ana, zoe = parvis.person("ana"), parvis.person("zoe")
    page = studio_of(launch(), parvis, zoe, locale="en")
    profile = f"{parvis.control}/@{ana.handle}"
    page.goto(profile)
    follow, block = page.locator("#follow"), page.locator("#block")
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)

    page.goto(f"{parvis.control}/account")
    expect(page.get_by_test_id(f"following-{ana.handle}")).to_contain_text("Ana", timeout=PATIENCE_MS)
    expect(page.get_by_test_id("blocks-none")).to_be_visible()

    page.goto(profile)
    block.click()
    expect(follow).to_be_hidden(timeout=PATIENCE_MS)
    expect(page.locator("#relation")).not_to_be_empty()
    look_at(page, "blocked")
    for language, scheme, size in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        page.goto(f"{profile}?lang={language}")
        expect(block).to_be_visible(timeout=PATIENCE_MS)
        page.screenshot(path=str(PICTURES / f"home-blocked-{language}-{scheme}-{size['width']}.png"))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0
    refused = ana.api.put(f"accounts/{zoe.handle}/follow")
    assert (refused.status_code, refused.json()["code"]) == (403, "blocked")

    page.goto(f"{parvis.control}/account")
    expect(page.get_by_test_id(f"blocks-{ana.handle}")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("following-none")).to_be_visible()
    look_at(page, "relations")
    pictures(page, "relations")
    page.get_by_test_id(f"blocks-undo-{ana.handle}").click()
    expect(page.get_by_test_id("blocks-none")).to_be_visible(timeout=PATIENCE_MS)
    assert ana.api.put(f"accounts/{zoe.handle}/follow").status_code == 204

    # And by handle, where there is no profile at hand; a follow is ended from here, too.
    zoe.api.put(f"accounts/{ana.handle}/follow").raise_for_status()
    page.reload()
    page.get_by_test_id(f"following-undo-{ana.handle}").click(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("following-none")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_test_id("block-handle").fill(f"@{ana.handle}")
    page.get_by_test_id("block-send").click()
    expect(page.get_by_test_id(f"blocks-{ana.handle}")).to_be_visible(timeout=PATIENCE_MS)
    assert [one["handle"] for one in zoe.get("accounts/me/blocks")["items"]] == [ana.handle]
