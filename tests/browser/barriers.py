"""axe-core over a page as it stands: what would keep somebody out.

Only what axe calls serious or critical counts. Words differ by language, colours by scheme and room by width:
two looks, of which each is the other's opposite in all three, show whatever can be found.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.studio_people import DESKTOP, PHONE

AXE: Final = Path(__file__).parent / "libraries/node_modules/axe-core/axe.min.js"
GRAVE: Final = ("serious", "critical")
LOOKS: Final[tuple[tuple[str, Literal["light", "dark"], ViewportSize], ...]] = (
    ("fr", "dark", PHONE),
    ("en", "light", DESKTOP),
)

# Animations would be seen half-way: colours that nobody reads.
RUN: Final = """async () => {
  for (const moving of document.getAnimations()) {
    try { moving.finish(); } catch { moving.cancel(); }  // one that never ends
  }
  const {violations} = await axe.run(document, {resultTypes: ["violations"]});
  return violations.flatMap(({id, impact, nodes}) => nodes.map((node) => (
    {id, impact: node.impact ?? impact, html: node.html.slice(0, 200), why: node.failureSummary}
  )));
}"""


def barriers(page: Page) -> list[dict[str, Any]]:
    """What axe finds serious or critical here and now."""
    if not AXE.exists():
        pytest.fail("axe-core is not installed: (cd tests/browser/libraries && npm ci)")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))  # by the debugger: the page's own policy lets no script in
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [one for one in found if one["impact"] in GRAVE]


def look_at(page: Page, name: str) -> None:
    """Fails when anything grave is found in a look of the page, which is left in the last of them."""
    grave: dict[str, list[dict[str, Any]]] = {}
    for language, scheme, size in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(size)
        speak(page, language)
        if found := barriers(page):
            grave[f"{name}, {language}, {scheme}, {size['width']} px"] = found
    assert not grave, json.dumps(grave, indent=1, ensure_ascii=False)


def speak(page: Page, language: str) -> None:
    """Turns the page to a language by its own button, which a question before it may cover. The player for
    other sites has none: it stays as it is."""
    button = page.get_by_test_id("language")
    if button.count() == 0 or page.locator("html").get_attribute("lang") == language:
        return
    button.dispatch_event("click")
    expect(page.locator("html")).to_have_attribute("lang", language)
