"""Each screen in both languages and schemes, phone and desktop: words, no overflow, a picture to look at.

Pictures go to `test-results/screens/`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from parvis.cli.speak import write_wav
from tests.browser.conftest import Launch
from tests.browser.people import create_space, go_live, open_studio, play, sign_up, take_the_stage
from tests.integration.signals import tone
from tests.parvis import Parvis, Person, speak, wait_until

PICTURES = Path("test-results/screens")
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
LOOKS = [
    pytest.param("en", "light", PHONE, id="en-light-phone"),
    pytest.param("fr", "dark", PHONE, id="fr-dark-phone"),
    pytest.param("fr", "light", DESKTOP, id="fr-light-desktop"),
    pytest.param("en", "dark", DESKTOP, id="en-dark-desktop"),
]


@pytest.fixture(scope="module")
def live(parvis: Parvis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A live Space with somebody who speaks."""
    ana = parvis.person("ana")
    space = ana.post("spaces", {"title": "Le budget, en clair", "description": "Questions à la rédaction."})
    space = ana.post(f"spaces/{space['id']}/start")
    file = tmp_path_factory.mktemp("voice") / "tone.wav"
    write_wav(file, tone(300, 5))
    voice: subprocess.Popen[str] = speak(ana, space, file, "--loop", "--for", "300")
    wait_until(lambda: any(s["connected"] for s in parvis.space_json(space["id"])["speakers"]))
    yield space
    voice.terminate()
    voice.wait(20)


def page_of(browser: Browser, language: str, scheme: Any, size: ViewportSize) -> Page:
    """A page of somebody with this language, scheme and screen."""
    context = browser.new_context(locale=language, color_scheme=scheme, viewport=size, device_scale_factor=1)
    return context.new_page()


def picture(page: Page, name: str) -> None:
    """Keeps a picture, and fails when the page is wider than its screen."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} px too wide"


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_hall(
    parvis: Parvis, launch: Launch, live: dict[str, Any], language: str, scheme: str, size: ViewportSize
) -> None:
    page = page_of(launch(), language, scheme, size)
    name = f"{language}-{scheme}-{size['width']}"
    page.goto(f"{parvis.edge}/s/{live['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Le budget, en clair")
    expect(page.locator("html")).to_have_attribute("lang", language)
    picture(page, f"hall-before-{name}")
    play(page)
    expect(page.get_by_test_id("delay")).to_contain_text("s", timeout=10_000)
    picture(page, f"hall-playing-{name}")
    page.get_by_test_id("language").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr" if language == "en" else "en")


def test_hall_states(parvis: Parvis, launch: Launch) -> None:
    ana: Person = parvis.person("ana")
    later = ana.post("spaces", {"title": "Tomorrow", "starts_at": "2099-01-01T20:00:00Z"})
    over = ana.post("spaces", {"title": "Over"})
    ana.post(f"spaces/{over['id']}/start")
    ana.post(f"spaces/{over['id']}/end")
    wait_until(lambda: parvis.space_json(over["id"])["state"] == "ended")
    page = page_of(launch(), "en", "light", PHONE)
    page.goto(f"{parvis.edge}/s/{later['id']}")
    expect(page.get_by_test_id("clock")).to_be_visible()
    picture(page, "hall-scheduled")
    page.goto(f"{parvis.edge}/s/{over['id']}")
    expect(page.locator("[data-state=ended]").first).to_be_attached()
    picture(page, "hall-ended")
    page.goto(f"{parvis.edge}/s/nosuchspace")
    expect(page.locator("body")).to_contain_text("Space")
    picture(page, "hall-unknown")


def test_the_hall_says_what_it_is_without_scripts(
    parvis: Parvis, launch: Launch, live: dict[str, Any]
) -> None:
    context = launch().new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{parvis.edge}/s/{live['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Le budget, en clair")
    expect(page.locator("body")).to_contain_text("Ana")


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_studio(parvis: Parvis, launch: Launch, language: str, scheme: str, size: ViewportSize) -> None:
    browser = launch(tone(300, 5))
    page = page_of(browser, language, scheme, size)
    name = f"{language}-{scheme}-{size['width']}"
    page.goto(f"{parvis.control}/studio")
    expect(page.locator("html")).to_have_attribute("lang", language)
    picture(page, f"studio-door-{name}")
    sign_up(page, parvis, "Ana")
    new = page.get_by_test_id("new-space")
    expect(new.or_(page.get_by_test_id("create-title")).first).to_be_visible()
    picture(page, f"studio-home-{name}")
    create_space(page, "Le budget, en clair")
    expect(page.get_by_test_id("mic-on")).to_be_visible()
    picture(page, f"studio-prepare-{name}")
    take_the_stage(page)
    picture(page, f"studio-green-room-{name}")
    go_live(page)
    picture(page, f"studio-live-{name}")
    page.get_by_test_id("end").click()
    picture(page, f"studio-end-question-{name}")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("peak")).to_be_visible(timeout=10_000)
    picture(page, f"studio-after-{name}")


def test_a_test_recording_is_heard_back(parvis: Parvis, launch: Launch) -> None:
    page = open_studio(launch(tone(700, 5)), f"{parvis.control}/studio")
    sign_up(page, parvis, "Ana")
    create_space(page, "Sound check")
    page.get_by_test_id("mic-on").click()
    expect(page.get_by_test_id("mic-select")).to_be_visible()
    meter = page.get_by_test_id("mic-meter")
    wait_until(lambda: int(meter.get_attribute("data-level") or "0") > 20)
    page.get_by_test_id("test-record").click()
    expect(page.get_by_test_id("test")).to_have_attribute("data-phase", "done", timeout=15_000)
    played = page.get_by_test_id("test-playback")
    expect(played).to_be_visible()
    wait_until(lambda: bool(played.evaluate("element => element.currentTime > 1")))
