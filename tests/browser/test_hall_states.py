"""What the hall says while there is no speech: before the beginning, on hold, without a listener yet."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from parvis.api.times import rfc3339
from parvis.cli.speak import write_wav
from tests.browser.conftest import Launch
from tests.browser.people import HALL, ears, play
from tests.browser.test_screens import LOOKS, page_of, picture
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, speak, wait_until

CHORD_HZ = 146.83
"""The lowest note of the standby tone."""


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_before_the_beginning_standby_is_heard_and_the_clock_runs(
    parvis: Parvis, launch: Launch, language: str, scheme: str, size: Any
) -> None:
    ana = parvis.person("ana")
    starts_at = rfc3339(int(time.time() + 240) * 1000)
    made = ana.post("spaces", {"title": "Le budget, en clair", "starts_at": starts_at, "standby": "tone"})
    wait_until(lambda: bool(parvis.space_json(made["id"])["renditions"]))
    page = page_of(launch(), language, scheme, size)
    page.goto(f"{parvis.edge}/s/{made['id']}")
    expect(page.locator("#app")).to_have_attribute("data-state", "scheduled")
    page.get_by_test_id("play").click()
    wait_until(lambda: power_db(ears(page, HALL, 0.6), CHORD_HZ) > -55)
    expect(page.locator("#app")).to_have_attribute("data-state", "scheduled")
    expect(page.get_by_test_id("clock")).to_contain_text(":")
    expect(page.get_by_test_id("notice")).to_contain_text("standby" if language == "en" else "attente")
    picture(page, f"hall-standby-{language}-{scheme}-{size['width']}")


def test_a_listener_is_never_told_that_nobody_listens(parvis: Parvis, launch: Launch) -> None:
    ana = parvis.person("ana")
    made = ana.post("spaces", {"title": "Alone"})
    ana.post(f"spaces/{made['id']}/start")
    wait_until(lambda: bool(parvis.space_json(made["id"])["renditions"]))
    page = launch().new_page()
    page.add_init_script(
        "window.said = []; new MutationObserver(() => {"
        " const root = document.querySelector('#app'), count = document.querySelector('[data-testid=count]');"
        " if (root?.dataset.delayMs) said.push(count?.textContent);"
        "}).observe(document, {subtree: true, childList: true, attributes: true, characterData: true})"
    )
    page.goto(f"{parvis.edge}/s/{made['id']}")
    expect(page.get_by_test_id("count")).to_contain_text("Nobody")
    page.get_by_test_id("play").click()
    wait_until(lambda: parvis.space_json(made["id"])["counts"]["listeners"] == 1)
    wait_until(lambda: bool(page.evaluate("said.length")))
    assert not [words for words in page.evaluate("said") if "Nobody" in words]


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_on_hold_it_says_what_happened_and_what_will(
    parvis: Parvis, launch: Launch, tmp_path: Path, language: str, scheme: str, size: Any
) -> None:
    ana = parvis.person("ana")
    made = ana.post("spaces", {"title": "Le budget, en clair", "recording": "program"})
    made = ana.post(f"spaces/{made['id']}/start")
    file = tmp_path / "tone.wav"
    write_wav(file, tone(300, 5))
    voice = speak(ana, made, file, "--loop", "--for", "300")
    wait_until(lambda: any(s["connected"] for s in parvis.space_json(made["id"])["speakers"]))
    page = page_of(launch(), language, scheme, size)
    page.goto(f"{parvis.edge}/s/{made['id']}")
    play(page)
    expect(page.get_by_test_id("recording")).to_be_visible()
    voice.terminate()
    voice.wait(20)
    expect(page.locator("#app")).to_have_attribute("data-state", "held", timeout=30_000)
    expect(page.get_by_test_id("notice")).to_contain_text(
        "stays open" if language == "en" else "reste ouvert"
    )
    expect(page.locator("#app")).to_have_attribute("data-listening", "true")
    picture(page, f"hall-held-{language}-{scheme}-{size['width']}")
