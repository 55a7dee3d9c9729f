"""hls.js, the player that most sites have, at the low-latency playlist: on a page of another site."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Launch
from tests.browser.hall_people import HOST_HZ, on_air
from tests.browser.people import HALL, ears
from tests.integration.signals import power_db
from tests.parvis import Parvis

LIBRARY = Path(__file__).parents[1] / "contract/peers/node_modules/hls.js/dist/hls.min.js"
START = """(url) => {
  const audio = document.querySelector('audio');
  const hls = new Hls({lowLatencyMode: true});
  window.told = {errors: [], parts: 0, hls};
  hls.on(Hls.Events.ERROR, (_, {details}) => told.errors.push(details));
  hls.on(Hls.Events.FRAG_LOADED, (_, {part}) => { told.parts += part ? 1 : 0; });
  hls.loadSource(url);
  hls.attachMedia(audio);
  document.querySelector('button').onclick = () => audio.play();
}"""
PATIENCE_MS = 60_000


def other_site(launch: Launch, parvis: Parvis) -> Page:
    """A page that is not ours, with the player on it."""
    if not LIBRARY.exists():
        pytest.fail("hls.js is not installed: cd tests/contract/peers && npm ci")
    page = launch().new_context(bypass_csp=True).new_page()
    # Another origin, and one that may reach loopback at all: Chromium asks for a secure context.
    page.goto(f"{parvis.control}/healthz")
    page.set_content("<audio></audio><button>Play</button>")
    page.add_script_tag(path=LIBRARY)
    return page


def test_it_plays_parts_close_behind_until_the_end(parvis: Parvis, launch: Launch, tmp_path: Path) -> None:
    host = parvis.person("host")
    with on_air(parvis, host, tmp_path) as space:
        page = other_site(launch, parvis)
        page.evaluate(START, f"{parvis.edge}/live/{space['id']}/index.m3u8")
        page.get_by_role("button").click()
        page.wait_for_function(
            "told.parts > 12 && document.querySelector('audio').currentTime > 0", timeout=PATIENCE_MS
        )
        heard = ears(page, HALL, 3)
        assert power_db(heard, HOST_HZ) > -45
        assert power_db(heard, HOST_HZ) > power_db(heard, 2 * HOST_HZ) + 15
        # 1.3 s where nothing else runs; without the parts it would be three segments, 5.8 s and more.
        assert 0 < page.evaluate("told.hls.latency") < 5
        host.post(f"spaces/{space['id']}/end")
        page.wait_for_function("document.querySelector('audio').ended", timeout=PATIENCE_MS)
        errors = page.evaluate("told.errors")
        # A machine that stutters may let it run dry; anything else would be ours.
        assert set(errors) <= {"bufferStalledError", "bufferNudgeOnStall"}, json.dumps(errors)
