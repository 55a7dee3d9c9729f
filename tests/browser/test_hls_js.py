"""hls.js, the player that most sites have, at the low-latency playlist: on a page of another site, and heard
at a sound card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.card import Card
from tests.browser.conftest import Launch
from tests.browser.marked import hears_all, marked_voice
from tests.parvis import Parvis

LIBRARY = Path(__file__).parents[1] / "contract/peers/node_modules/hls.js/dist/hls.min.js"
START = """(url) => {
  const audio = document.querySelector('audio');
  const hls = new Hls({lowLatencyMode: true});
  window.told = {errors: [], parts: 0, hls};
  hls.on(Hls.Events.ERROR, (_, {details, fatal}) => told.errors.push(fatal ? `fatal ${details}` : details));
  hls.on(Hls.Events.FRAG_LOADED, (_, {part}) => { told.parts += part ? 1 : 0; });
  hls.loadSource(url);
  hls.attachMedia(audio);
  document.querySelector('button').onclick = () => audio.play();
}"""
PAUSE = "document.querySelector('audio').pause()"
LATE_S = "(Date.now() - told.hls.playingDate) / 1000"
"""How far behind the stage it is, as it says itself, by EXT-X-PROGRAM-DATE-TIME."""
LEFT_BEHIND = """() => {
  const {details} = told.hls.levels[told.hls.currentLevel];
  return told.hls.playingDate < details.fragments[0].programDateTime;
}"""
"""What it would play next is in the playlist no more."""
PATIENCE_MS = 60_000
PAUSE_S = 8
LONG_PAUSE_S = 60

pytestmark = pytest.mark.alone  # what its sound card got is held against what was said, to 10 ms


def other_site(launch: Launch, parvis: Parvis, space: str, card: Card) -> Page:
    """A page that is not ours, with the player on it, playing parts."""
    if not LIBRARY.exists():
        pytest.fail("hls.js is not installed: cd tests/contract/peers && npm ci")
    page = launch(card=card).new_context(bypass_csp=True).new_page()
    # Another origin, and one that may reach loopback at all: Chromium asks for a secure context.
    page.goto(f"{parvis.control}/healthz")
    page.set_content("<audio></audio><button>Play</button>")
    page.add_script_tag(path=LIBRARY)
    page.evaluate(START, f"{parvis.edge}/live/{space}/index.m3u8")
    page.get_by_role("button").click()
    page.wait_for_function(
        "told.parts > 12 && document.querySelector('audio').currentTime > 0", timeout=PATIENCE_MS
    )
    return page


def harmless(page: Page) -> None:
    """A machine that stutters may let it run dry; anything else would be ours."""
    errors = page.evaluate("told.errors")
    assert set(errors) <= {"bufferStalledError", "bufferNudgeOnStall"}, json.dumps(errors)


def test_it_plays_all_of_it_close_behind_until_the_end(
    parvis: Parvis, launch: Launch, card: Card, tmp_path: Path
) -> None:
    host = parvis.person("host")
    with marked_voice(parvis, host, tmp_path) as voice:
        page = other_site(launch, parvis, voice.space["id"], card)
        hears_all(card, voice, lambda: float(page.evaluate(LATE_S)))
        # 1.3 s where nothing else runs; without the parts it would be three segments, 5.8 s and more.
        assert 0 < page.evaluate("told.hls.latency") < 5
        host.post(f"spaces/{voice.space['id']}/end")
        page.wait_for_function("document.querySelector('audio').ended", timeout=PATIENCE_MS)
        harmless(page)


def test_it_goes_on_after_a_pause(
    parvis: Parvis, launch: Launch, card: Card, tmp_path: Path, long: bool
) -> None:
    """The long form pauses for a minute, after which what it would play next is in the playlist no more."""
    pause_s = LONG_PAUSE_S if long else PAUSE_S
    with marked_voice(parvis, parvis.person("host"), tmp_path) as voice:
        page = other_site(launch, parvis, voice.space["id"], card)
        page.evaluate(PAUSE)
        was_s = page.evaluate(LATE_S)
        page.wait_for_function(f"{LATE_S} >= {was_s + pause_s}", timeout=2 * PATIENCE_MS)
        assert page.evaluate(LEFT_BEHIND) is long
        page.get_by_role("button").click()
        hears_all(card, voice, lambda: float(page.evaluate(LATE_S)))
        harmless(page)
