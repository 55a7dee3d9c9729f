"""After a recorded Space: its replay is heard, trimmed, clipped, silenced in part, and deleted."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from parvis.cli.speak import write_wav
from tests.browser.conftest import Launch
from tests.browser.studio_people import pictures, seat_in, studio_of
from tests.integration.signals import tone
from tests.parvis import Parvis, speak, summary, wait_until

PATIENCE_MS = 60_000


def duration_s(page: Page) -> float:
    return float(page.get_by_test_id("replay").get_attribute("data-duration-s") or "0")


def choose(page: Page, start: str, end: str) -> None:
    page.get_by_test_id("range-from").fill(start)
    page.get_by_test_id("range-to").fill(end)


def decide(page: Page, act: str) -> None:
    """Does it with what is chosen, and answers the question."""
    page.get_by_test_id(f"replay-{act}").click()
    page.get_by_test_id("confirm-yes").click()


def test_a_replay_is_heard_and_edited(parvis: Parvis, launch: Launch, tmp_path: Path) -> None:
    ana, leo = parvis.person("ana"), parvis.person("leo")
    space = ana.post("spaces", {"title": "Recorded", "recording": "tracks"})
    seat_in(space, ana, leo)
    ana.post(f"spaces/{space['id']}/start")
    file = tmp_path / "voice.wav"
    write_wav(file, tone(440, 12))
    summary(speak(ana, space, file))
    space = ana.post(f"spaces/{space['id']}/end")

    browser = launch()
    page = studio_of(browser, parvis, ana, space, locale="en")
    replay = page.get_by_test_id("replay")
    expect(replay).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    whole_s = duration_s(page)
    assert whole_s > 10
    page.get_by_test_id("replay-play").click()
    sound = page.get_by_test_id("replay-audio")
    wait_until(lambda: bool(sound.evaluate("audio => audio.currentTime > 0.5")))
    page.get_by_test_id("replay-play").click()
    expect(page.get_by_test_id("range-from-here")).not_to_be_empty()
    page.get_by_test_id("range-from-here").click()
    assert page.get_by_test_id("range-from").input_value() != "0:00"

    choose(page, "0:01", "0:09")
    page.get_by_test_id("replay-clip").click()
    page.get_by_test_id("range-text").fill("The best of it")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("clips")).to_have_attribute("data-count", "1", timeout=PATIENCE_MS)
    link = page.locator("input[data-testid^=clip-link-]").input_value()
    assert httpx.get(link).json()["title"] == "The best of it"
    pictures(page, "replay")

    decide(page, "trim")
    expect(replay).to_have_attribute("data-version", "2", timeout=PATIENCE_MS)
    assert 8 <= duration_s(page) <= 8.7
    page.get_by_test_id("trim-undo").click()
    expect(replay).to_have_attribute("data-version", "3", timeout=PATIENCE_MS)
    assert duration_s(page) == whole_s

    ask_for_removal(page, studio_of(browser, parvis, leo, space, locale="en"))

    choose(page, "0:08", "0:09")
    decide(page, "cut")
    expect(replay).to_have_attribute("data-version", "5", timeout=PATIENCE_MS)
    assert float(replay.get_attribute("data-silenced-s") or "0") >= 2
    with page.expect_download() as download:
        page.get_by_test_id("download-audio.m4a").click()
    assert download.value.suggested_filename == "Recorded.m4a"

    page.get_by_test_id("replay-delete").click()
    pictures(page, "replay-delete")
    page.get_by_test_id("confirm-yes").click()
    expect(replay).to_have_attribute("data-state", "deleted", timeout=PATIENCE_MS)
    assert httpx.get(f"{space['links']['replay']}/replay.json").status_code == 410


def ask_for_removal(host: Page, page: Page) -> None:
    """A guest asks; the host hears of it, and silences it."""
    expect(page.get_by_test_id("replay")).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    assert page.get_by_test_id("replay-cut").count() == 0
    choose(page, "0:02", "0:03")
    page.get_by_test_id("replay-request").click()
    page.get_by_test_id("range-text").fill("I said my address.")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("request-sent")).to_be_visible(timeout=PATIENCE_MS)
    host.reload()
    requests = host.get_by_test_id("requests")
    expect(requests).to_contain_text("I said my address.", timeout=PATIENCE_MS)
    host.locator("[data-testid^=request-cut-]").click()
    host.get_by_test_id("confirm-yes").click()
    expect(requests.locator("[data-state=done]")).to_be_visible(timeout=PATIENCE_MS)
    expect(host.get_by_test_id("replay")).to_have_attribute("data-version", "4", timeout=PATIENCE_MS)
    page.close()
