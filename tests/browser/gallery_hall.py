"""The hall and the player for other sites, in every state that a listener can meet."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

from tests.browser.gallery import Gallery

TAPPED: Final = {
    "calm": "playing", "crowd": "playing", "packed": "playing", "talk": "playing", "acting": "playing",
    "captioned": "playing", "recorded": "playing", "talkpoll": "playing", "gap": "playing",
    "handed": "playing", "scheduled": "scheduled", "full": "waiting", "turn": "waiting", "long": "waiting",
    "broken": "reconnecting", "held": "held", "heldacting": "held", "passfull": "pass-full",
}  # fmt: skip
"""Spaces of the fixture, and what listening to them comes to."""
UNTAPPED: Final = {
    "calm": "ready", "empty": "ready", "early": "scheduled", "awaited": "scheduled", "postponed": "scheduled",
    "ended": "ended", "cancelled": "ended", "making": "ended", "deleted": "ended", "members": "members",
}  # fmt: skip


def take_all(gallery: Gallery) -> None:
    """The states of the fixture, then those that a page comes to by itself."""
    for name, state in UNTAPPED.items():
        if gallery.wants(f"hall-{name}-before"):
            page = hall(gallery, name)
            wait_for(page, state)
            gallery.take(page, f"hall-{name}-before", whole=False)
            page.context.close()
    for name, state in TAPPED.items():
        if gallery.wants(f"hall-{name}"):
            page = hall(gallery, name)
            page.get_by_test_id("play").click()
            wait_for(page, state)
            settle(page, name)
            gallery.take(page, f"hall-{name}", whole=False)
            page.context.close()
    sheets(gallery)
    alone(gallery)
    replay_and_player(gallery)


def settle(page: Page, name: str) -> None:
    """What of a state comes a little later than its word."""
    if name == "captioned":
        page.locator("[data-testid=captions] p").nth(1).wait_for()
        page.evaluate("document.querySelector('[data-testid=cc-size]').click()")
    elif name == "talkpoll":
        page.get_by_test_id("poll").wait_for()
    elif name == "handed":
        page.get_by_test_id("handed").wait_for()
    elif name == "gap":
        page.locator("#app:not([data-gaps='0'])").wait_for()
    elif name == "broken":
        page.wait_for_timeout(4_000)  # the seconds without sound run
    else:
        page.wait_for_timeout(800)  # levels and points come with the sound


def sheets(gallery: Gallery) -> None:
    """Chat and hand, signed in and not, and for who was banned."""
    if not gallery.wants("hall-sheet"):
        return
    for name, button in (("talk", "chat"), ("talkclosed", "chat"), ("talkclosed", "hand")):
        page = sheet(gallery, name, button)
        page.wait_for_timeout(2_000)  # a few lines are written
        gallery.take(page, f"hall-sheet-{button}-{name}", whole=False)
        page.context.close()
    page = sheet(gallery, "talk", "hand")
    gallery.take(page, "hall-sheet-door", whole=False)
    enter(page)
    page.get_by_test_id("hand-note").wait_for()
    gallery.take(page, "hall-sheet-hand", whole=False)
    page.get_by_test_id("hand-note").fill("Night shifts: who pays for them?")
    page.get_by_test_id("hand-raise").click()
    page.get_by_test_id("hand-up").wait_for()
    gallery.take(page, "hall-sheet-hand-up", whole=False)
    page.get_by_test_id("hand-lower").click()
    page.context.close()
    page = sheet(gallery, "talkcalled", "hand")
    enter(page)
    page.get_by_test_id("called").wait_for()
    gallery.take(page, "hall-sheet-called", whole=False)
    page.context.close()
    page = sheet(gallery, "talkbanned", "hand")
    enter(page)
    page.get_by_test_id("banned").wait_for()
    gallery.take(page, "hall-sheet-banned", whole=False)
    page.context.close()


def sheet(gallery: Gallery, name: str, button: str) -> Page:
    """Listening, with a sheet open."""
    page = hall(gallery, name)
    page.get_by_test_id("play").click()
    wait_for(page, "playing")
    page.get_by_test_id(button).click()
    page.get_by_test_id("sheet").wait_for()
    return page


def enter(page: Page) -> None:
    """A new account, in the sheet."""
    page.get_by_test_id("sign-up-name").fill("Camille Roy")
    page.get_by_test_id("sign-up-password").fill("correct horse battery")
    page.get_by_test_id("sign-up-submit").click()


def alone(gallery: Gallery) -> None:
    """No network, no such Space, a browser that plays nothing, a page without scripts."""
    if gallery.wants("hall-offline"):
        page = hall(gallery, "calm")
        page.context.set_offline(True)
        page.get_by_test_id("play").click()
        wait_for(page, "offline")
        gallery.take(page, "hall-offline", whole=False)
        page.context.close()
    if gallery.wants("hall-unsupported"):
        page = gallery.browser.new_context(locale="en").new_page()
        page.add_init_script(
            "delete window.MediaSource; delete window.ManagedMediaSource;"
            "HTMLMediaElement.prototype.canPlayType = () => ''"  # Chromium plays HLS by itself, too
        )
        page.goto(f"{gallery.fixture}/s/calm")
        page.get_by_test_id("play").click()
        wait_for(page, "unsupported")
        gallery.take(page, "hall-unsupported", whole=False)
        page.context.close()
    if gallery.wants("hall-unknown"):
        page = gallery.open(f"{gallery.parvis.edge}/s/nosuchspace")
        page.wait_for_timeout(1_000)
        gallery.take(page, "hall-unknown", whole=False)
        page.context.close()


def replay_and_player(gallery: Gallery) -> None:
    """What is over and can be heard again; what a newsroom puts into an article."""
    if gallery.wants("hall-replayed"):
        page = hall(gallery, "replayed")
        page.locator("[data-replay=ready]").wait_for(state="attached")
        gallery.take(page, "hall-replayed")
        page.context.close()


def hall(gallery: Gallery, name: str) -> Page:
    """A Space of the fixture."""
    return gallery.open(f"{gallery.fixture}/s/{name}")


def wait_for(page: Page, state: str) -> None:
    """Until the page says that it lives through this."""
    page.locator(f"#app[data-state={state}]").wait_for(state="attached")
