"""Every screen as a picture, to be looked at: `python -m tests.browser.gallery [--only WORDS]`, by hand.

Each screen is seen four times: on a phone and a desktop, light and dark, in both languages; the four stand
side by side in one file of `build/gallery/`. What is wider than its screen, and text under 15 px, is said at
the end. Screens of the studio and of home are of a real Parvis; states of the hall that a healthy server does
not show come from the fixture of the pages (`npm run preview`).
"""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from parvis.cli.speak import write_wav
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.studio_people import LOOKS
from tests.contract.api_world import picture
from tests.integration.signals import tone
from tests.parvis import Parvis, Person, wait_until

PICTURES: Final = Path("build/gallery")
PATIENCE_MS: Final = 30_000
TALLEST_PX: Final = 3_200
TOO_WIDE: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL: Final = """() => [...document.querySelectorAll('body *')]
  .filter((one) => one.checkVisibility() && !one.closest('svg, .hidden, code')
    && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
  .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 15)
  .map((one) => `${one.tagName.toLowerCase()}.${one.className}: ${one.textContent.trim().slice(0, 40)}`)"""


@dataclass
class Gallery:
    """What screens are made of, and what was found wrong with them."""

    browser: Browser
    parvis: Parvis
    fixture: str
    folder: Path
    only: str
    found: list[str] = field(default_factory=list)
    taken: int = 0

    def wants(self, name: str) -> bool:
        """Whether this screen was asked for."""
        return re.search(self.only, name) is not None

    def open(self, address: str, **context: Any) -> Page:
        """A page in a browser that knows nobody; the language is changed by its own button."""
        page = self.browser.new_context(locale="en", device_scale_factor=1, **context).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        return page

    def take(self, page: Page, name: str, *, whole: bool = True) -> None:
        """The four looks of what `page` shows now; `whole` with what is below the edge of the screen."""
        if not self.wants(name):
            return
        shots = []
        for language, scheme, size in LOOKS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            speak_language(page, language)
            page.wait_for_timeout(250)  # whatever moves by a transition has come to rest
            file = self.folder / f"{name}-{language}-{scheme}-{size['width']}.png"
            asking = page.locator("dialog[open]").count() > 0
            page.screenshot(path=str(file), full_page=whole and not asking)
            shots.append(file)
            look = f"{name} {language} {scheme} {size['width']}"
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 0:
                self.found.append(f"{look}: {wide} px too wide")
            self.found += [f"{look}: small text in {what}" for what in page.evaluate(SMALL)]
        side_by_side(shots, self.folder / f"{name}.png")
        self.taken += 1
        print(name, flush=True)


def give_picture(person: Person, path: str) -> None:
    """A cover or a face."""
    headers = {"Content-Type": "image/png"}
    assert person.api.put(path, content=picture(1_600, 900), headers=headers).is_success


def speak_language(page: Page, language: str) -> None:
    """Changes the language of a page by its own button; one without a button stays as it is."""
    button = page.get_by_test_id("language")
    if page.locator("html").get_attribute("lang") == language or button.count() == 0:
        return
    if button.evaluate("one => one.tagName") == "A":
        button.evaluate("one => one.click()")
        page.wait_for_load_state("networkidle")
    else:
        button.evaluate("one => one.click()")
    wait_until(lambda: page.locator("html").get_attribute("lang") == language)


def side_by_side(files: list[Path], into: Path) -> None:
    """One picture of all, phones first; the single ones go."""
    pictures = sorted((Image.open(file) for file in files), key=lambda one: one.width)
    scaled = [
        one if one.width < 600 else one.resize((860, one.height * 860 // one.width)) for one in pictures
    ]
    cut = [one.crop((0, 0, one.width, min(one.height, TALLEST_PX))) for one in scaled]
    whole = Image.new("RGB", (sum(one.width + 12 for one in cut), max(one.height for one in cut)), "#808080")
    left = 0
    for one in cut:
        whole.paste(one, (left, 0))
        left += one.width + 12
    whole.save(into)
    for file in files:
        file.unlink()


@contextmanager
def preview() -> Iterator[str]:
    """The pages as they are built, with the fixture's edge; its origin."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["npx", "vite", "preview", "--host", "127.0.0.1", "--port", str(port), "--strictPort"]
    running = subprocess.Popen(command, cwd="web", stdout=subprocess.DEVNULL)
    origin = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{origin}/s/calm"))
        yield origin
    finally:
        running.terminate()
        running.wait(20)


def answers(address: str) -> bool:
    """Whether somebody is there."""
    try:
        return httpx.get(address).is_success
    except httpx.HTTPError:
        return False


def main() -> None:
    """Takes them all, or those whose name has `--only` in it."""
    from tests.browser import gallery_hall, gallery_home, gallery_studio

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a regular expression: screens of which the name fits")
    only = parser.parse_args().only
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, preview() as fixture, sync_playwright() as driver:
        voice = Path(folder) / "voice.wav"
        write_wav(voice, tone(300, 5))
        parvis = Parvis(Path(folder) / "data")
        parvis.start()
        try:
            flags = [*FLAGS, f"--use-file-for-fake-audio-capture={voice}"]
            browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=flags)
            gallery = Gallery(browser, parvis, fixture, PICTURES, only)
            for screens in (gallery_home, gallery_studio, gallery_hall):
                screens.take_all(gallery)
            browser.close()
        finally:
            parvis.stop()
    print(*dict.fromkeys(gallery.found), sep="\n")
    print(f"{gallery.taken} screens in {PICTURES}")


if __name__ == "__main__":
    main()
