"""The hall while nobody looks at it: its buttons on a lock screen, and a tab with another in front of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.browser.card import Card
from tests.browser.conftest import CHROMIUM, FLAGS, Launch
from tests.browser.hall_people import PATIENCE_MS, UNCLEANED, ask_to_speak, on_air
from tests.browser.marked import GONE_DB, HELD_HZ, THERE_DB, hears_all, loud, marked_voice
from tests.browser.people import HALL, delay_s, play
from tests.integration.signals import tone
from tests.parvis import Parvis, free_ports, wait_until

KEEP_BUTTONS = """
  window.buttons = {};
  const set = MediaSession.prototype.setActionHandler;
  MediaSession.prototype.setActionHandler = function (action, handler) {
    set.call(this, action, handler);
    window.buttons[action] = handler;
  };
"""
"""Run before a page's scripts: keeps what the buttons of the system would call."""

BACKGROUND_S = 20


def system_shows(page: Page, state: str) -> None:
    page.wait_for_function("(state) => navigator.mediaSession.playbackState === state", arg=state)


def press(page: Page, button: str) -> None:
    page.evaluate("(button) => buttons[button]()", button)


def test_a_lock_screen_says_who_speaks_and_its_buttons_work(
    parvis: Parvis, launch: Launch, tmp_path: Path
) -> None:
    host = parvis.person("ana")
    with on_air(parvis, host, tmp_path) as space:
        page = launch(tone(1_000, 10)).new_page()
        page.add_init_script(UNCLEANED)
        page.add_init_script(KEEP_BUTTONS)
        page.goto(f"{parvis.edge}/s/{space['id']}")
        system_shows(page, "none")
        play(page)
        system_shows(page, "playing")
        told = "(({title, artist, album}) => [title, artist, album])(navigator.mediaSession.metadata)"
        assert page.evaluate(told) == ["Le budget, en clair", "Ana", "Parvis"]
        [picture] = page.evaluate("navigator.mediaSession.metadata.artwork.map(({src, type}) => [src, type])")
        assert (picture[0][:22], picture[1]) == ("data:image/png;base64,", "image/png")

        for button in ("pause", "stop"):
            press(page, button)
            system_shows(page, "paused")
            assert page.evaluate(f"{HALL}.paused")
            press(page, "play")
            expect(page.locator("[data-state=playing]").first).to_be_attached(timeout=PATIENCE_MS)
            system_shows(page, "playing")

        ask_to_speak(page, "Camille", "")
        [hand] = host.get(f"spaces/{space['id']}/hands")["items"]
        host.patch(f"spaces/{space['id']}/hands/{hand['id']}", {"state": "called"})
        page.get_by_test_id("speak-now").click(timeout=PATIENCE_MS)
        expect(page.get_by_test_id("mute-self")).to_have_attribute(
            "data-connection", "on", timeout=PATIENCE_MS
        )
        system_shows(page, "none")
        # It would go from the loudspeaker into the microphone.
        assert page.evaluate(f"(buttons.play(), {HALL}.paused)")


def connected(playwright: Playwright, address: str) -> Browser:
    """Beside a Chromium that runs. About one connection of ten is never answered: then another is tried."""
    for _ in range(5):
        with suppress(PlaywrightTimeoutError):
            return playwright.chromium.connect_over_cdp(address, no_defaults=True, timeout=10_000)
    pytest.fail("Chromium lets nobody in")


@contextmanager
def everyday_chromium(playwright: Playwright, card: Card, home: Path) -> Iterator[BrowserContext]:
    """A Chromium that slows down what is in the background, and shows one tab at a time: as Playwright starts
    it, it does neither."""
    [port] = free_ports(1)
    command = [
        str(CHROMIUM), "--headless", *FLAGS, f"--remote-debugging-port={port}", f"--user-data-dir={home}",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=card.environment(), stderr=subprocess.DEVNULL)

    def shows_a_tab() -> bool:
        assert process.poll() is None, "Chromium has ended"
        try:
            return any(
                one["type"] == "page" for one in httpx.get(f"http://127.0.0.1:{port}/json/list").json()
            )
        except httpx.HTTPError:
            return False

    try:
        wait_until(shows_a_tab)
        yield connected(playwright, f"http://127.0.0.1:{port}").contexts[0]
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.alone  # what its sound card got is held against what was said, to 10 ms
def test_a_tab_behind_another_plays_on_and_obeys_the_lock_screen(
    parvis: Parvis, playwright: Playwright, card: Card, tmp_path: Path
) -> None:
    with (
        marked_voice(parvis, parvis.person("ana"), tmp_path) as voice,
        everyday_chromium(playwright, card, tmp_path / "home") as browser,
    ):
        page = browser.pages[0]
        page.add_init_script(KEEP_BUTTONS)
        page.goto(f"{parvis.edge}/s/{voice.space['id']}")
        play(page)
        assert page.evaluate("document.visibilityState") == "visible"
        browser.new_page().bring_to_front()
        wait_until(lambda: str(page.evaluate("document.visibilityState")) == "hidden")
        wait_until(lambda: loud(card, HELD_HZ) > THERE_DB, patience_s=60)

        press(page, "pause")
        wait_until(lambda: loud(card, HELD_HZ) < GONE_DB)
        press(page, "play")
        hears_all(card, voice, lambda: delay_s(page), seconds=BACKGROUND_S)
        assert page.evaluate("document.visibilityState") == "hidden"
        app = page.locator("#app")
        assert (app.get_attribute("data-gaps"), app.get_attribute("data-stalls")) == ("0", "0")
