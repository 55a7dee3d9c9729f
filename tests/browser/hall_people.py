"""What people do in the hall beside listening: sign in, ask, speak, write; and a stage with a voice on it."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect

from parvis.cli.speak import write_wav
from tests.integration.signals import tone
from tests.parvis import PASSWORD, Parvis, Person, speak, wait_until

PATIENCE_MS: Final = 30_000
HOST_HZ: Final = 300

# A browser's cleaners take a tone for noise, and the hall turns them on: the tests measure by tones.
UNCLEANED: Final = """
  const devices = navigator.mediaDevices;
  const ask = devices?.getUserMedia.bind(devices);
  if (ask) devices.getUserMedia = () => ask({audio: {
    echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1,
  }});
"""


@contextmanager
def on_air(parvis: Parvis, host: Person, folder: Path, **settings: Any) -> Iterator[dict[str, Any]]:
    """A live Space whose host is heard as a tone of `HOST_HZ`."""
    space = host.post("spaces", {"title": "Le budget, en clair", **settings})
    space = host.post(f"spaces/{space['id']}/start")
    file = folder / f"{space['id']}.wav"
    write_wav(file, tone(HOST_HZ, 5))
    voice: subprocess.Popen[str] = speak(host, space, file, "--loop", "--for", "300")
    try:
        wait_until(
            lambda: any(seat["connected"] for seat in parvis.space_json(space["id"])["speakers"]),
            patience_s=90,
        )
        yield space
    finally:
        voice.terminate()
        voice.wait(20)


def hall_of(browser: Browser, parvis: Parvis, space: str, *, before: str = "", **context: Any) -> Page:
    """The hall, listening; `before` runs before its scripts."""
    page = browser.new_context(**context).new_page()
    page.add_init_script(UNCLEANED + before)
    page.goto(f"{parvis.edge}/s/{space}")
    page.get_by_test_id("play").click()
    expect(page.locator("[data-state=playing]").first).to_be_attached(timeout=PATIENCE_MS)
    return page


def enter(page: Page, name: str) -> str:
    """A new account, in the sheet that asks for one; gives its handle."""
    handle = f"guest_{secrets.token_hex(4)}"
    page.get_by_test_id("sign-up-name").fill(name)
    page.get_by_test_id("sign-up-handle").fill(handle)
    page.get_by_test_id("sign-up-password").fill(PASSWORD)
    page.get_by_test_id("sign-up-submit").click()
    expect(page.get_by_test_id("sign-up")).to_have_count(0, timeout=PATIENCE_MS)
    return handle


def ask_to_speak(page: Page, name: str, note: str) -> str:
    """Signs up and raises a hand; gives the handle."""
    page.get_by_test_id("hand").click()
    handle = enter(page, name)
    page.get_by_test_id("hand-note").fill(note)
    page.get_by_test_id("hand-raise").click()
    expect(page.get_by_test_id("hand-up")).to_be_visible(timeout=PATIENCE_MS)
    return handle


def write(page: Page, text: str) -> None:
    """Into the chat of the hall, which is open and where one is signed in."""
    page.get_by_test_id("chat-text").fill(text)
    page.get_by_test_id("chat-send").click()
    expect(page.get_by_test_id("chat-text")).to_have_value("", timeout=PATIENCE_MS)
