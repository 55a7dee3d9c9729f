"""Captions in a real hall: the words of what is said, with their sound; and a person who captions, in French.

The voice is espeak's; the machine that understands it runs beside the stage.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Launch
from tests.browser.hall_people import PATIENCE_MS, hall_of
from tests.browser.studio_people import studio_of
from tests.integration.test_captions import TEXT, words
from tests.parvis import Parvis, speak, wait_until

pytestmark = pytest.mark.alone  # a machine that understands speech takes what cores there are

LATE_MS: Final = 15_000
"""How long after the sound of its first word a caption may be shown here: a line lasts up to some seconds, is
understood when it is over, and the machine of the tests is busy."""
AHEAD_MS: Final = 320
"""The hall tells how far behind it hears from time to time: by a part."""

WATCH: Final = """() => {
  window.shownCaptions = [];
  const read = () => document.querySelectorAll("[data-caption]").forEach((line) => {
    const id = line.dataset.caption;
    if (window.shownCaptions.some((one) => one.id === id)) return;
    const delay = Number(document.querySelector("[data-testid=delay]")?.dataset.delayMs ?? NaN);
    window.shownCaptions.push({id, text: line.textContent, lang: line.lang, heard: Date.now() - delay});
  });
  new MutationObserver(read).observe(document.body, {childList: true, subtree: true});
  const source = new EventSource(location.pathname.replace("/s/", "/live/") + "/events");
  window.toldCaptions = {};
  source.addEventListener("caption", ({data}) => {
    const caption = JSON.parse(data);
    window.toldCaptions[caption.id] = caption.start_ms;
  });
}"""
"""Notes each caption when it is shown, with the program time that is heard then; and when its sound was."""


def shown(page: Page) -> list[dict[str, Any]]:
    """Captions that were shown, each with its `start_ms`."""
    told: dict[str, int] = page.evaluate("window.toldCaptions")
    found: list[dict[str, Any]] = page.evaluate("window.shownCaptions")
    return [one | {"start_ms": told[one["id"]]} for one in found if one["id"] in told]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Parvis]:
    running = Parvis(tmp_path / "data", edges=1, environment={"PARVIS_AUTOMATIC_CAPTIONS": "yes"})
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """The text, with silence around it."""
    raw, said = tmp_path / "raw.wav", tmp_path / "said.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", raw, TEXT], check=True)
    quiet = "adelay=1000,aresample=48000,apad=pad_dur=2"
    subprocess.run(["ffmpeg", "-v", "error", "-i", raw, "-af", quiet, "-ac", "1", said], check=True)
    return said


def test_what_is_said_is_read_with_its_sound(house: Parvis, launch: Launch, voice: Path) -> None:
    host = house.person("ana")
    wait_until(lambda: host.get("captioners")["languages"] == ["en"], patience_s=60)
    space = host.post("spaces", {"title": "Town hall", "captions": "automatic"})
    space = host.post(f"spaces/{space['id']}/start")
    speaking = speak(host, space, voice, "--loop")
    try:
        hall = hall_of(launch(), house, space["id"])
        expect(hall.get_by_test_id("delay")).to_be_visible(timeout=PATIENCE_MS)
        hall.evaluate(WATCH)
        wait_until(lambda: len(shown(hall)) >= 3, patience_s=90)
        found = shown(hall)
    finally:
        speaking.terminate()
        speaking.wait(20)
    read = [word for one in found for word in words(one["text"])]
    right = sum(word in words(TEXT) for word in read)
    print(
        f"{right} of {len(read)} words;", [round(one["heard"] - one["start_ms"]) for one in found], "ms late"
    )
    assert right >= 0.7 * len(read), found
    for one in found:
        assert one["lang"] == "en"
        assert -AHEAD_MS <= one["heard"] - one["start_ms"] <= LATE_MS, one


def test_a_person_captions_in_french(parvis: Parvis, launch: Launch) -> None:
    ana, mia = parvis.person("ana"), parvis.person("mia")
    plan = {"title": "Le budget", "language": "fr", "captions": "human", "captioners": [mia.handle]}
    space = ana.post("spaces", plan)
    ana.post(f"spaces/{space['id']}/start")
    wait_until(lambda: parvis.space_json(space["id"])["renditions"] != [])
    browser = launch()
    hall = hall_of(browser, parvis, space["id"], locale="fr")
    desk = studio_of(browser, parvis, mia, space, locale="fr")
    field = desk.get_by_test_id("caption-line")
    expect(field).to_be_enabled(timeout=PATIENCE_MS)
    line = "Bonsoir à toutes et à tous, et bienvenue."
    field.fill(line.replace("bienvenue", "bienvenu"))
    field.press("Enter")
    caption = hall.locator("[data-caption]")
    expect(caption).to_have_text(line.replace("bienvenue", "bienvenu"), timeout=PATIENCE_MS)
    expect(caption).to_have_attribute("lang", "fr")
    field.press("ArrowUp")
    field.fill(line)
    field.press("Enter")
    expect(desk.get_by_test_id("caption-sent")).to_contain_text(line, timeout=PATIENCE_MS)
    field.fill("Nous commençons par l’hôpital.")
    field.press("Enter")
    expect(caption.last).to_have_text("Nous commençons par l’hôpital.", timeout=PATIENCE_MS)
    expect(hall.get_by_test_id("cc")).to_have_attribute("aria-label", "CC, Sous-titres")
    hall.get_by_test_id("cc").click()
    expect(caption).to_have_count(0)
