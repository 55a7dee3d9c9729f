"""A thousand listeners are sent on, one of them a Chromium, which hears no tick of silence on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from parvis.clock import TICK_SAMPLES
from tests.browser.conftest import Launch
from tests.browser.people import HALL, ears, play
from tests.chaos.crowd import Counts, storm_at
from tests.chaos.world import House, World
from tests.integration.signals import Int16
from tests.parvis import wait_until

CROWD, CROWD_LONG = 200, 1_000
SILENT = 300.0
"""Amplitude; the speakers say 8,000."""
AROUND_S = 9.0
"""How much is recorded: a handoff is announced some seconds ahead."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with House(tmp_path) as house, World(house) as world:
        yield world


def silent_ticks(sound: Int16) -> list[int]:
    """Ticks of 20 ms in which nobody speaks."""
    ticks = sound[: len(sound) // TICK_SAMPLES * TICK_SAMPLES].reshape(-1, TICK_SAMPLES).astype(float)
    loudness = np.sqrt(2) * np.sqrt(np.mean(ticks**2, axis=1))
    return [int(tick) for tick in np.flatnonzero(loudness < SILENT)]


def test_a_crowd_is_carried_and_a_browser_among_it_hears_no_gap(
    world: World, launch: Launch, long: bool
) -> None:
    crowd = CROWD_LONG if long else CROWD
    here = world.live(ears=0)
    there = world.live(ears=0, host=here.host, voice=1)
    page = launch().new_page()
    page.goto(here.space["links"]["share"])
    play(page)
    with closing(Counts(world.parvis)) as counts:
        storm = storm_at(here, crowd)
        counts.wait_for(here.id, crowd + 1)
        wait_until(lambda: not silent_ticks(ears(page, HALL, 0.6)))
        here.host.post(f"spaces/{here.id}/handoff", {"to": there.id, "reason": "Room", "end": False})
        heard = ears(page, HALL, AROUND_S)
        expect(page.locator("#app")).to_have_attribute("data-space", there.id, timeout=20_000)
        counts.wait_for(there.id, crowd + 1)
    told = storm.end()
    print(f"{crowd} carried: {told.short}, silent ticks in the browser: {silent_ticks(heard)}")
    assert silent_ticks(heard) == []
    assert page.locator("#app").get_attribute("data-stalls") == "0"
    assert (told.short["admitted"], told.short["dropped"], told.short["gaps"]) == (crowd, 0, 0)
