"""A stage dies with three people on it: they hear each other again, and nobody has touched anything."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Launch
from tests.browser.people import MIX_MINUS, ears, longest_silence_s, watch
from tests.browser.studio_people import connect, seat_in, studio_of
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, wait_until

TONES_HZ = {"ana": 440.0, "ben": 1_000.0, "cem": 2_500.0}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Parvis]:
    """A Parvis that this test may break."""
    running = Parvis(tmp_path / "data", edges=1)
    running.start()
    yield running
    running.stop()


def hears_the_others(page: Page, own_hz: float) -> bool:
    """Both others are heard, and oneself is at least 30 dB below them."""
    heard = ears(page, MIX_MINUS, 0.5)
    others_db = min(power_db(heard, hz) for hz in TONES_HZ.values() if hz != own_hz)
    return others_db > -45 and power_db(heard, own_hz) < others_db - 30


def microphone_of(page: Page) -> str:
    """The track that is sent, as the browser names it."""
    track: str = page.evaluate("window.sentTracks.at(-1)")
    return track


NOTE = """
  window.sentTracks = [];
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (track, init) {
    window.sentTracks.push(track.id);
    return add.call(this, track, init);
  };
  window.cuts = 0;
  new MutationObserver((changes) => {
    for (const {addedNodes} of changes)
      for (const node of addedNodes) if (node.dataset?.testid === "cut") window.cuts += 1;
  }).observe(document, {childList: true, subtree: true});
"""
"""Run before a page's scripts: notes which tracks it sends, counts how often it says that sound is cut."""


TALK_ON_S = 3.0
"""Promised; held against what is measured where the machine does nothing else (`PARVIS_LONG=1`)."""


def test_three_people_hear_each_other_again_when_their_stage_is_killed(
    own: Parvis, launch: Launch, long: bool
) -> None:
    people = {name: own.person(name) for name in TONES_HZ}
    space = people["ana"].post("spaces", {"title": "The stage dies"})
    for name in ("ben", "cem"):
        seat_in(space, people["ana"], people[name])
    pages: dict[str, Page] = {}
    for name, hz in TONES_HZ.items():
        pages[name] = studio_of(launch(tone(hz, 10)), own, people[name])
        pages[name].add_init_script(NOTE)
        pages[name].goto(f"{own.control}/studio/{space['id']}")
        connect(pages[name])
    people["ana"].post(f"spaces/{space['id']}/start")
    for name, page in pages.items():
        wait_until(lambda: hears_the_others(page, TONES_HZ[name]))  # noqa: B023
        expect(page.get_by_test_id("studio")).to_have_attribute("data-sessions", "1")
    tracks = {name: microphone_of(page) for name, page in pages.items()}

    for name, page in pages.items():
        watch(page, MIX_MINUS, [hz for other, hz in TONES_HZ.items() if other != name])
    owner, epoch = own.stage_of(space["id"])
    os.kill(own.pid(owner), signal.SIGKILL)
    for page in pages.values():
        expect(page.get_by_test_id("studio")).to_have_attribute("data-sessions", "2", timeout=30_000)
        expect(page.get_by_test_id("cut")).to_have_count(0)
    for name, page in pages.items():
        wait_until(lambda: hears_the_others(page, TONES_HZ[name]))  # noqa: B023
    silences_s = {name: round(longest_silence_s(page), 2) for name, page in pages.items()}
    print(f"without both others' voices: {silences_s} s")
    assert min(silences_s.values()) > 0.2, "nothing was cut: was anything measured?"
    if long:
        assert max(silences_s.values()) <= TALK_ON_S

    # Each took its seat once more, with the same microphone; nobody was thrown out by it.
    assert own.stage_of(space["id"])[1] > epoch
    assert {name: microphone_of(page) for name, page in pages.items()} == tracks
    for page in pages.values():
        assert page.evaluate("window.cuts") == 1
        expect(page.get_by_test_id("studio")).to_have_attribute("data-sessions", "2")
        expect(page.get_by_test_id("studio")).to_have_attribute("data-connection", "connected")
