"""The page of a Space that is over becomes its replay: heard, sought, shared, taken along."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from parvis.cli.speak import write_wav
from tests.browser.conftest import Launch
from tests.browser.people import HALL, play
from tests.browser.test_screens import LOOKS, page_of, picture
from tests.integration.signals import tone
from tests.parvis import Parvis, speak, wait_until

SPOKEN_S = 20


@pytest.fixture(scope="module")
def space(parvis: Parvis, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A Space that was recorded, and is over."""
    ana = parvis.person("ana")
    made = ana.post("spaces", {"title": "Le budget, en clair", "recording": "program"})
    made = ana.post(f"spaces/{made['id']}/start")
    file = tmp_path_factory.mktemp("voice") / "tone.wav"
    write_wav(file, tone(300, 5))
    voice = speak(ana, made, file, "--loop", "--for", str(SPOKEN_S))
    wait_until(lambda: any(s["connected"] for s in parvis.space_json(made["id"])["speakers"]))
    voice.wait(SPOKEN_S + 40)
    ana.post(f"spaces/{made['id']}/end")
    replay = f"{parvis.archive}/replay/{made['id']}"
    wait_until(lambda: httpx.get(f"{replay}/replay.json").status_code == 200, patience_s=60)
    clip = httpx.post(
        f"{replay}/clips",
        json={"from_s": 4, "to_s": 8, "title": "Four seconds"},
        headers={"Authorization": f"Bearer {ana.token}"},
    )
    assert clip.status_code == 201, clip.text
    return {
        **made,
        "clip": clip.json()["id"],
        "duration_s": httpx.get(f"{replay}/replay.json").json()["duration_s"],
    }


def open_replay(parvis: Parvis, page: Page, space: dict[str, Any], fragment: str = "") -> None:
    page.goto(f"{parvis.edge}/s/{space['id']}{fragment}")
    expect(page.locator("#app")).to_have_attribute("data-replay", "ready", timeout=20_000)


def at_s(page: Page) -> float:
    return float(page.evaluate(f"{HALL}.currentTime"))


def test_it_is_heard_and_sought_by_keyboard(parvis: Parvis, launch: Launch, space: dict[str, Any]) -> None:
    page = launch().new_page()
    open_replay(parvis, page, space)
    assert page.evaluate(f"{HALL}.paused"), "nothing plays by itself"
    page.keyboard.press("k")
    wait_until(lambda: at_s(page) > 0.5)
    expect(page.get_by_test_id("speaking")).to_contain_text("Ana")
    page.keyboard.press("k")
    wait_until(lambda: bool(page.evaluate(f"{HALL}.paused")))
    before = at_s(page)
    page.get_by_test_id("forward").click()
    wait_until(lambda: abs(at_s(page) - min(before + 15, space["duration_s"])) < 0.1)
    page.keyboard.press("j")
    wait_until(lambda: abs(at_s(page) - before) < 0.5)
    seek = page.get_by_test_id("seek")
    seek.focus()
    page.keyboard.press("End")
    wait_until(lambda: at_s(page) > space["duration_s"] - 1)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    wait_until(lambda: abs(at_s(page) - 5) < 0.1)
    assert re.match(r"0:05 of 0:\d\d, Ana", seek.get_attribute("aria-valuetext") or "")
    page.get_by_test_id("speed").select_option("1.5")
    wait_until(lambda: page.evaluate(f"{HALL}.playbackRate") == 1.5)


def test_a_link_leads_to_a_second_and_a_clip_is_heard_alone(
    parvis: Parvis, launch: Launch, space: dict[str, Any]
) -> None:
    context = launch().new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    open_replay(parvis, page, space, "#t=0:07")
    wait_until(lambda: abs(at_s(page) - 7) < 0.1)
    page.get_by_test_id("share").click()
    expect(page.get_by_test_id("share")).to_contain_text("copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{parvis.edge}/s/{space['id']}#t=7"
    page.get_by_test_id("clips").get_by_role("link", name="Four seconds").click()
    expect(page.get_by_test_id("clip")).to_contain_text("Four seconds")
    expect(page.locator("#app")).to_have_attribute("data-clip", space["clip"])
    assert float(page.get_by_test_id("seek").get_attribute("max") or 0) == pytest.approx(4, abs=0.7)
    page.get_by_test_id("play").click()
    wait_until(lambda: at_s(page) > 0.5)


def test_it_can_be_taken_along(parvis: Parvis, launch: Launch, space: dict[str, Any]) -> None:
    page = launch().new_page()
    open_replay(parvis, page, space)
    for name, suffix in (("aac", "m4a"), ("opus", "opus")):
        with page.expect_download() as download:
            page.get_by_test_id(f"download-{name}").click()
        assert download.value.suggested_filename == f"Le-budget-en-clair.{suffix}"
        assert download.value.path().stat().st_size > 10_000


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_how_it_looks(
    parvis: Parvis, launch: Launch, space: dict[str, Any], language: str, scheme: str, size: Any
) -> None:
    page = page_of(launch(), language, scheme, size)
    open_replay(parvis, page, space, "#t=9")
    page.get_by_test_id("play").click()
    wait_until(lambda: at_s(page) > 9.5)
    picture(page, f"hall-replay-{language}-{scheme}-{size['width']}")


def test_who_listened_to_the_end_gets_it_without_a_tap(
    parvis: Parvis, launch: Launch, tmp_path: Path
) -> None:
    ana = parvis.person("ana")
    made = ana.post("spaces", {"title": "To the end", "recording": "program"})
    made = ana.post(f"spaces/{made['id']}/start")
    file = tmp_path / "tone.wav"
    write_wav(file, tone(300, 5))
    voice = speak(ana, made, file, "--loop", "--for", "60")
    page = launch().new_page()
    page.goto(f"{parvis.edge}/s/{made['id']}")
    wait_until(lambda: bool(parvis.space_json(made["id"])["renditions"]))
    play(page)
    expect(page.get_by_test_id("recording")).to_be_visible()
    ana.post(f"spaces/{made['id']}/end")
    expect(page.locator("#app")).to_have_attribute("data-state", "ended", timeout=30_000)
    expect(page.locator("#app")).to_have_attribute("data-replay", "ready", timeout=60_000)
    expect(page.get_by_test_id("recording")).to_have_count(0)
    page.get_by_test_id("play").click()
    wait_until(lambda: at_s(page) > 0.5)
    voice.terminate()
    voice.wait(20)
