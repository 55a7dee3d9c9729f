"""The hall in a crowd: an appointment that it keeps by itself, then long bursts without a silence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from parvis.cli.speak import write_wav
from tests.browser.conftest import Launch
from tests.browser.people import HALL, ears
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, speak, wait_until

STRETCH = 19
"""Parts in a burst: 6.08 s."""
JOINS_PER_S = "0.2"
AHEAD = 1
"""Who is in line before the hall, at least: it waits for some fifteen seconds."""


@pytest.fixture
def strained(tmp_path: Path) -> Iterator[Parvis]:
    """One edge that behaves as under strain: long bursts, and few are let in."""
    environment = {"PARVIS_MIN_STRETCH": str(STRETCH), "PARVIS_JOINS_PER_S": JOINS_PER_S}
    running = Parvis(tmp_path / "data", edges=1, environment=environment)
    running.start()
    yield running
    running.stop()


@contextmanager
def live_space(parvis: Parvis, folder: Path) -> Iterator[str]:
    """The id of a live Space in which somebody speaks at 700 Hz."""
    ana = parvis.person("ana")
    space: dict[str, Any] = ana.post("spaces", {"title": "The announcement"})
    space = ana.post(f"spaces/{space['id']}/start")
    file = folder / "tone.wav"
    write_wav(file, tone(700, 5))
    voice: subprocess.Popen[str] = speak(ana, space, file, "--loop", "--for", "300")
    try:
        wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
        yield space["id"]
    finally:
        voice.terminate()
        voice.wait(20)


def told(page: Page, name: str) -> str:
    """An attribute of the hall's root."""
    return page.locator("#app").get_attribute(f"data-{name}") or ""


def line_up(stream: str) -> None:
    """Others ask for the sound until `AHEAD` of them wait."""
    while True:
        with httpx.stream("GET", stream) as answer:
            if answer.status_code == 503 and json.loads(answer.read())["ahead"] == AHEAD - 1:
                return


def wait_in_line(page: Page) -> tuple[str, str]:
    """Taps on listen, and gives the time of the appointment and how many are ahead."""
    page.get_by_test_id("play").click()
    expect(page.locator("#app")).to_have_attribute("data-state", "waiting")
    return told(page, "appointment-at"), told(page, "ahead")


def test_an_appointment_is_kept_and_a_long_stretch_is_no_silence(
    strained: Parvis, launch: Launch, tmp_path: Path
) -> None:
    with live_space(strained, tmp_path) as space:
        line_up(f"{strained.edge}/live/{space}/stream.mp4")
        page = launch().new_page()
        presented: list[str | None] = []

        def note(request: Request) -> None:
            if "/stream.mp4" in request.url:
                presented.append(request.headers.get("x-parvis-appointment"))

        page.on("request", note)
        page.goto(f"{strained.edge}/s/{space}")
        at, ahead_of_us = wait_in_line(page)
        assert int(ahead_of_us) >= AHEAD
        expect(page.get_by_test_id("notice")).to_contain_text("ahead of you")
        expect(page.get_by_test_id("clock")).to_be_visible()

        page.reload()
        expect(page.get_by_test_id("notice")).to_contain_text("Your place is kept")
        assert wait_in_line(page) == (at, ahead_of_us)

        # It joins by itself, when its time has come: asked once, refused once, let in once.
        expect(page.locator("#app")).to_have_attribute("data-state", "playing", timeout=60_000)
        assert len(presented) == 2
        assert presented[0] is None
        assert presented[1]
        assert told(page, "appointment-at") == ""

        # Two bursts and more are heard from end to end, and the page says how late, and why.
        assert told(page, "stretch") == str(STRETCH)
        expect(page.get_by_test_id("notice")).to_contain_text("so that everybody can stay")
        wait_until(lambda: bool(page.evaluate(f"{HALL}.currentTime > 16")), patience_s=60)
        assert (told(page, "state"), told(page, "stalls"), told(page, "gaps")) == ("playing", "0", "0")
        assert int(told(page, "delay-ms")) > STRETCH * 320
        assert power_db(ears(page, HALL, 1), 700) > -45
