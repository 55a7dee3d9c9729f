"""What the pages do by themselves when a process dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from parvis.cli.speak import write_wav
from tests.browser.conftest import Launch
from tests.browser.people import HALL, create_space, ears, go_live, open_studio, play, sign_up, take_the_stage
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, speak, wait_until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Parvis]:
    """A Parvis that this test may break."""
    running = Parvis(tmp_path / "data")
    running.start()
    yield running
    running.stop()


def kill(parvis: Parvis, name: str) -> None:
    """Kills a process and waits until its successor is there."""
    before = parvis.pid(name)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: parvis.pid(name) not in (before, 0))


def hears(page: Page, frequency_hz: float) -> bool:
    return power_db(ears(page, HALL, 0.6), frequency_hz) > -45


def test_hall_and_studio_come_back_by_themselves(own: Parvis, launch: Launch) -> None:
    studio = open_studio(launch(tone(700, 10)), f"{own.control}/studio")
    sign_up(studio, own, "Ana")
    space = create_space(studio, "Comes back")
    take_the_stage(studio)
    go_live(studio)
    hall = launch().new_page()
    hall.goto(f"{own.edge}/s/{space}")
    play(hall)
    wait_until(lambda: hears(hall, 700))

    for name in ("edge-1", "edge-2"):  # one of them is the listener's
        kill(own, name)
    wait_until(own.answers)
    wait_until(lambda: own.space_json(space)["counts"]["listeners"] == 1, patience_s=60)
    wait_until(lambda: hears(hall, 700))
    expect(hall.locator("[data-state=playing]").first).to_be_attached()

    kill(own, own.stage_of(space)[0])
    wait_until(lambda: any(s["connected"] for s in own.space_json(space)["speakers"]), patience_s=60)
    # What was buffered before is heard first, then what filled the gap, then the voice for good.
    wait_until(lambda: all(hears(hall, 700) for _ in range(8)), patience_s=60)

    kill(own, "control")
    assert all(hears(hall, 700) for _ in range(4))
    wait_until(own.answers)
    studio.get_by_test_id("mute-self").click()
    wait_until(lambda: power_db(ears(hall, HALL, 0.6), 700) < -70, patience_s=60)


def test_a_listener_without_network_is_told_and_comes_back(
    own: Parvis, launch: Launch, tmp_path: Path
) -> None:
    ana = own.person("ana")
    made = ana.post("spaces", {"title": "In a tunnel"})
    made = ana.post(f"spaces/{made['id']}/start")
    file = tmp_path / "tone.wav"
    write_wav(file, tone(700, 5))
    voice = speak(ana, made, file, "--loop", "--for", "120")
    try:
        wait_until(lambda: any(s["connected"] for s in own.space_json(made["id"])["speakers"]))
        page = launch().new_page()
        page.goto(f"{own.edge}/s/{made['id']}")
        play(page)
        wait_until(lambda: hears(page, 700))
        page.context.set_offline(True)  # keeps what is open, so nothing comes on it any more
        for name in ("edge-1", "edge-2"):
            os.kill(own.pid(name), signal.SIGSTOP)  # the supervisor ends them in the end
        expect(page.locator("#app")).to_have_attribute("data-state", "offline", timeout=30_000)
        expect(page.get_by_test_id("notice")).to_contain_text("offline")
        page.context.set_offline(False)
        expect(page.locator("#app")).to_have_attribute("data-state", "playing", timeout=30_000)
        wait_until(lambda: hears(page, 700))
    finally:
        voice.terminate()
        voice.wait(20)
