"""People in the studio whose account and seat are made by the API, so that a test begins where it matters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.people import KEEP_AUDIO
from tests.parvis import Parvis, Person

PICTURES: Final = Path("test-results/screens")
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
LOOKS: Final[tuple[tuple[str, Literal["light", "dark"], ViewportSize], ...]] = (
    ("fr", "dark", PHONE),
    ("fr", "light", DESKTOP),
    ("en", "dark", DESKTOP),
    ("en", "light", PHONE),
)


def seat_in(space: Mapping[str, Any], host: Person, guest: Person, role: str = "speaker") -> None:
    """The guest has a seat in the host's Space."""
    link: str = host.post(f"spaces/{space['id']}/invitations", {"role": role})["link"]
    guest.post(f"spaces/{space['id']}/seats", {"invitation": link.rpartition("invitation=")[2]})


def studio_of(
    browser: Browser, parvis: Parvis, person: Person, space: Mapping[str, Any] | None = None, **context: Any
) -> Page:
    """A page of this person, signed in, at home or in the studio of a Space."""
    opened = browser.new_context(**context)
    opened.add_cookies(
        [{"name": "parvis_session", "value": person.token, "url": parvis.control, "httpOnly": True}]
    )
    page = opened.new_page()
    page.add_init_script(KEEP_AUDIO)
    page.goto(f"{parvis.control}/studio/{space['id']}" if space is not None else f"{parvis.control}/studio")
    return page


def connect(page: Page) -> None:
    """On stage with sound, as the microphone gives it."""
    page.get_by_test_id("mic-on").click()
    for cleaner in ("echoCancellation", "noiseSuppression", "autoGainControl"):
        page.get_by_test_id(f"mic-{cleaner}").uncheck()
    page.get_by_test_id("connect").click()
    expect(page.get_by_test_id("mute-self")).to_be_visible(timeout=20_000)


def pictures(page: Page, name: str) -> None:
    """The screen as it is, on a phone and a desktop, in light and dark, in both languages, into
    `test-results/screens/`. Fails when it is wider than a screen."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for language, scheme, size in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        if page.locator("html").get_attribute("lang") != language:
            page.evaluate("document.querySelector('[data-testid=language]').click()")
        expect(page.locator("html")).to_have_attribute("lang", language)
        file = f"studio-{name}-{language}-{scheme}-{size['width']}.png"
        page.screenshot(path=str(PICTURES / file), full_page=page.locator("dialog[open]").count() == 0)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{file} is {wide} px too wide"
