"""Somebody who has only a keyboard: where it is, whether that can be seen, and what is read out meanwhile."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Page, expect

MOST_STOPS: Final = 90
"""Nothing is further away than that."""

HEAR: Final = """
  window.said = [];
  const last = new WeakMap();
  const live = "[role=status], [role=alert], [role=log], [aria-live]";
  new MutationObserver(() => {
    for (const region of document.querySelectorAll(live)) {
      if (region.getAttribute("aria-live") === "off") continue;
      const text = region.textContent.trim().replace(/\\s+/g, " ");
      if (last.get(region) === text) continue;
      last.set(region, text);
      if (text !== "") said.push([region.getAttribute("role") ?? region.getAttribute("aria-live"), text]);
    }
  }).observe(document, {subtree: true, childList: true, characterData: true});
"""
"""Run before a page's scripts: keeps what live regions say, and how urgently, as a reader of screens does."""

STOP: Final = """() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  window.stops ??= new Map();
  if (!stops.has(element)) stops.set(element, stops.size);
  const box = element.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height, innerHeight) / 2];
  const above = document.elementFromPoint(x, y);
  const labels = [...(element.labels ?? [])];
  const related = (one) => one !== null && (
    one.contains(element) || element.contains(one) || labels.some((label) => label.contains(one)));
  const ringed = (one) => one !== null && (
    (getComputedStyle(one).outlineStyle !== "none" && parseFloat(getComputedStyle(one).outlineWidth) >= 2)
    || ringed(one.parentElement));
  const own = element.localName === "audio";  // its controls mark themselves
  return {
    number: stops.get(element), id: element.dataset.testid ?? element.id,
    html: element.outerHTML.slice(0, 160),
    ringed: own || (element.matches(":focus-visible") && ringed(element)), inSight: related(above),
  };
}"""
"""Where the keyboard is: which element, whether it is marked, and whether nothing lies over it."""

MISSED: Final = """() => [...document.querySelectorAll(
  "a[href], button, input, select, textarea, summary, audio[controls], [tabindex='0']"
)].filter((one) => one.checkVisibility({visibilityProperty: true}) && one.tabIndex >= 0 && !stops.has(one)
  && !one.matches(":disabled, [type=radio]:not(:checked)")).map((one) => one.outerHTML.slice(0, 160))"""


class Keys:
    """The keyboard of a page, and nothing else."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)

    def write(self, text: str) -> None:
        self._page.keyboard.type(text)

    def stop(self) -> dict[str, Any] | None:
        """Where the keyboard is; None when it is nowhere. Fails when that cannot be seen."""
        found: dict[str, Any] | None = self._page.evaluate(STOP)
        if found is not None:
            assert found["ringed"], f"one does not see that the keyboard is here: {found['html']}"
            assert found["inSight"], f"something lies over where the keyboard is: {found['html']}"
        return found

    def to(self, test_id: str, *, back: bool = False) -> None:
        """Tab, or Shift+Tab, until the keyboard is there."""
        expect(self._page.get_by_test_id(test_id)).to_be_visible()
        passed = []
        for _ in range(MOST_STOPS):
            self.press("Shift+Tab" if back else "Tab")
            found = self.stop()
            if found is not None and found["id"] == test_id:
                return
            passed.append(found and found["id"])
        raise AssertionError(f"{test_id} is not reached, only {passed}")

    def is_at(self, selector: str) -> None:
        """The keyboard comes to be there, and one sees it."""
        expect(self._page.locator(selector)).to_be_focused()
        self.stop()

    def goes_round(self) -> None:
        """Tab leads to everything that can be used, and out again."""
        first = None
        for _ in range(MOST_STOPS):
            self.press("Tab")
            found = self.stop()
            if found is None:
                continue
            if found["number"] == first:
                break
            if first is None:
                first = found["number"]
        else:
            raise AssertionError(f"the keyboard is caught: {self._page.evaluate(STOP)}")
        missed = self._page.evaluate(MISSED)
        assert missed == [], f"the keyboard never comes to {missed}"

    def forget(self) -> None:
        """What was passed so far does not count for `goes_round`."""
        self._page.evaluate("window.stops = new Map()")


def said(page: Page) -> list[list[str]]:
    """How urgently, and what, since the page was opened."""
    heard: list[list[str]] = page.evaluate("said")
    return heard
