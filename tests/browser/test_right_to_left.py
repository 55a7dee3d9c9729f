"""What people write from right to left is set so, and a page that reads so as a whole keeps its form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hall_people import PATIENCE_MS, enter, hall_of, on_air, write
from tests.browser.studio_people import DESKTOP, PHONE, PICTURES, studio_of
from tests.parvis import Parvis, Person

TITLE: Final = "الميزانية بوضوح: 2027"
ABOUT: Final = "أسئلة إلى هيئة التحرير، وأجوبة (ساعة واحدة)."
NAME: Final = "נועה לוי"
LINE: Final = "هل ينطبق ذلك على الجزر أيضًا؟"

DIRECTION: Final = "element => getComputedStyle(element).direction"
ASTRAY: Final = """() => [...document.querySelectorAll("button, a, input, textarea, select, h1, h2, p")]
  .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.closest(".hidden"))
  .filter((one) => {
    const {left, right, width} = one.getBoundingClientRect();
    return width > 1 && (left < -1 || right > innerWidth + 1);
  }).map((one) => one.outerHTML.slice(0, 160))"""
"""What stands outside the screen, to the left or to the right."""
AT_LEFT: Final = """element => {
  const text = element.firstChild, at = text.data.indexOf("@"), range = document.createRange();
  const [sign, letter] = [at, at + 1].map((from) => {
    range.setStart(text, from);
    range.setEnd(text, from + 1);
    return range.getBoundingClientRect().left;
  });
  return sign < letter;
}"""
"""Whether the @ of a handle stands left of its first letter."""
LEFT: Final = "element => element.getBoundingClientRect().left"


@pytest.fixture(scope="module")
def host(parvis: Parvis) -> Person:
    noa = parvis.person("noa")
    noa.patch("accounts/me", {"display_name": NAME})
    return noa


@pytest.fixture(scope="module")
def space(parvis: Parvis, host: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A live Space with a title in Arabic, whose host has a name in Hebrew."""
    folder = tmp_path_factory.mktemp("voice")
    with on_air(
        parvis, host, folder, title=TITLE, description=ABOUT, language="ar", topics=["ميزانية"]
    ) as live:
        yield live


def reads(page: Page, selector: str, way: str) -> None:
    """What is there is set from this side."""
    found = page.locator(selector).first
    expect(found).to_be_visible(timeout=PATIENCE_MS)
    assert found.evaluate(DIRECTION) == way, selector


def turned(page: Page, name: str, *pairs: tuple[str, str]) -> None:
    """Turns the page from right to left as a whole: of each pair of selectors the first stands left of the
    second before, and right of it after. Nothing leaves the screen, phone or desktop; pictures are kept."""
    for one, other in pairs:
        assert page.locator(one).first.evaluate(LEFT) < page.locator(other).first.evaluate(LEFT), (one, other)
    page.evaluate("document.documentElement.dir = 'rtl'")
    for one, other in pairs:
        assert page.locator(one).first.evaluate(LEFT) > page.locator(other).first.evaluate(LEFT), (one, other)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        page.screenshot(path=str(PICTURES / f"rtl-{name}-{size['width']}.png"))
        assert page.evaluate(ASTRAY) == []
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px too wide"


def test_the_hall(parvis: Parvis, chromium: Browser, host: Person, space: dict[str, Any]) -> None:
    page = hall_of(chromium, parvis, space["id"], viewport=DESKTOP, locale="en")
    page.get_by_test_id("chat").click()
    page.get_by_test_id("chat-sign-in").click()
    handle = enter(page, "Inès")
    write(page, LINE)
    assert page.locator("html").evaluate(DIRECTION) == "ltr"
    for selector in (
        "h1",
        ".hall-about",
        f"[data-testid=speaker-{host.handle}] strong",
        f"[data-by={handle}] > p[dir]",
    ):
        reads(page, selector, "rtl")
    field = page.get_by_test_id("chat-text")
    field.fill(LINE)
    assert field.evaluate(DIRECTION) == "rtl"
    field.fill("And now in English")
    assert field.evaluate(DIRECTION) == "ltr"
    field.fill("")
    turned(page, "hall", (".brand", "[data-testid=language]"), ("[data-testid=hand]", "[data-testid=chat]"))
    page.context.close()


def test_what_stands_there_without_scripts(parvis: Parvis, chromium: Browser, space: dict[str, Any]) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{parvis.edge}/s/{space['id']}")
    for selector in ("h1", ".hall-about", "li.person"):
        assert page.locator(selector).first.get_attribute("dir") == "auto", selector
    context.close()


def test_home_and_studio(parvis: Parvis, chromium: Browser, host: Person, space: dict[str, Any]) -> None:
    page = chromium.new_page(viewport=DESKTOP, locale="en")
    page.goto(f"{parvis.control}/@{host.handle}")
    for selector in ("h1", f"[data-testid=card-{space['id']}] h3", ".card-about"):
        reads(page, selector, "rtl")
    turned(page, "profile", (".brand", "[data-testid=language]"))
    assert page.get_by_text(f"@{host.handle}").first.evaluate(AT_LEFT)
    page.close()

    page = studio_of(chromium, parvis, host, space, viewport=DESKTOP, locale="en")
    for selector in ("h1", f"[data-testid=seat-{host.handle}] strong"):
        reads(page, selector, "rtl")
    turned(page, "studio", (".brand", "[data-testid=language]"), (".studio-main", ".studio-side"))
    page.goto(f"{parvis.control}/account")
    page.get_by_test_id("account-page").wait_for()
    turned(page, "account")
    assert page.get_by_text(f"@{host.handle}").first.evaluate(AT_LEFT)
    page.context.close()
