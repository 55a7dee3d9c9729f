"""The hall in WebKit: by ManagedMediaSource as on today's iPhones, heard at its sound card; when that says
that it has enough; and by native HLS as on older ones.

WebKitGTK's own HLS cannot be heard. It is GStreamer's `hlsdemux`, which plays a segment of fragmented MP4
when as much time has passed as its timestamp says, and ours say Unix time: `currentTime` moves on in silence.
So only what the page makes of it is seen here.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Final

import pytest

from parvis.clock import PART_SAMPLES, TICK_SAMPLES
from parvis.media.init import init_segment
from parvis.media.rendition import Rendition
from parvis.program.packager import ProgramEncoder
from tests.browser.marked import HELD_HZ, hears_all, marked_voice
from tests.browser.people import HALL
from tests.browser.webkit import WebKit
from tests.integration.signals import tone
from tests.parvis import Parvis, Person, wait_until

pytestmark = pytest.mark.alone  # what its sound card got is held against what was said, to 10 ms

WEB: Final = Path(__file__).parents[2] / "web"
BUNDLE: Final = """
  import {build} from "vite";
  const lib = {entry: "tests/pushed.ts", formats: ["iife"], name: "pushed"};
  const [{output}] = await build({configFile: false, logLevel: "error", build: {lib, write: false}});
  process.stdout.write(output[0].code);
"""
"""The hall's own player, for a page that has nothing else."""
TELL: Final = """
  const Kind = window.ManagedMediaSource;
  window.said = [];
  window.ManagedMediaSource = class extends Kind {
    constructor() {
      super();
      for (const type of ["startstreaming", "endstreaming"]) {
        this.addEventListener(type, () => said.push([type, this.streaming]));
      }
    }
  };
  window.audio = document.body.appendChild(document.createElement("audio"));
  window.hall = pushed.begin(audio);
"""
FLUSHED_MS: Final = 100
"""WebKitGTK empties its sink when the rate changes, and is silent for 20 ms then."""
APART_S: Final = (-0.8, 1.6)
"""WebKitGTK's `currentTime` was up to a second ahead of what it played, and up to half a second behind."""
FIRST: Final = 5_561_234_568
ENOUGH: Final = 120
"""Pieces of 0.32 s after which it has enough: more than 30 s."""


@pytest.fixture(scope="module")
def host(parvis: Parvis) -> Person:
    return parvis.person("ana")


def plays_on(webkit: WebKit, seconds: float) -> None:
    """It says that it plays for so long."""
    from_s = float(webkit.evaluate(f"{HALL}.currentTime"))
    wait_until(lambda: webkit.evaluate(f"{HALL}.currentTime") >= from_s + seconds, patience_s=90)


def test_webkit_plays_by_managed_media_source(parvis: Parvis, host: Person, tmp_path: Path) -> None:
    with marked_voice(parvis, host, tmp_path) as voice, WebKit() as webkit:
        webkit.open(f"{parvis.edge}/s/{voice.space['id']}")
        assert webkit.evaluate("'ManagedMediaSource' in window")
        webkit.listens()
        assert str(webkit.evaluate(f"{HALL}.src")).startswith("blob:")
        assert webkit.evaluate(f"{HALL}.disableRemotePlayback") is True
        hears_all(webkit.card, voice, webkit.delay_s, most_gaps_ms=FLUSHED_MS, later_s=APART_S)
        assert (webkit.told("gaps"), webkit.told("stalls")) == ("0", "0")


def test_webkit_without_media_source_plays_hls_by_itself(
    parvis: Parvis, host: Person, tmp_path: Path
) -> None:
    with marked_voice(parvis, host, tmp_path) as voice, WebKit() as webkit:
        beside = f"{parvis.edge}/live/{voice.space['id']}/space.json"
        webkit.open_without_media_source(beside, f"/s/{voice.space['id']}")
        assert not webkit.evaluate("'MediaSource' in window || 'ManagedMediaSource' in window")
        webkit.listens()
        assert str(webkit.evaluate(f"{HALL}.src")).endswith("/index.m3u8")
        plays_on(webkit, 10)
        speaking = f"document.querySelector('[data-testid=speaker-{host.handle}]').dataset.speaking"
        wait_until(lambda: webkit.evaluate(speaking) == "true")
        webkit.tap("play")
        wait_until(lambda: webkit.told("listening") == "false")


def parts_of(seconds: float) -> list[str]:
    """A tone as an edge pushes it: the init segment and the parts of the Opus rendition, in base64."""
    encoder = ProgramEncoder("k3v9", FIRST)
    samples = int(seconds * 48_000) // PART_SAMPLES * PART_SAMPLES
    sound = tone(HELD_HZ, samples / 48_000)
    messages = [message for tick in sound.reshape(-1, TICK_SAMPLES) for message in encoder.push(tick)]
    messages += encoder.flush()
    bodies = [message.body for message in messages if message.rendition is Rendition.OPUS]
    return [base64.b64encode(body).decode() for body in (init_segment(Rendition.OPUS), *bodies)]


def test_webkit_is_given_no_more_while_it_has_enough(parvis: Parvis, host: Person) -> None:
    bundled = subprocess.run(
        ["node", "--input-type=module", "--eval", BUNDLE], cwd=WEB, check=True, capture_output=True, text=True
    )
    pieces = parts_of(60)
    space = host.post("spaces", {"title": "Nobody speaks"})
    with WebKit() as webkit:
        webkit.open(f"{parvis.edge}/s/{space['id']}")  # any page that may play what it makes itself
        webkit.run(bundled.stdout + TELL)

        def push(some: list[str]) -> None:
            webkit.run(f"hall.push({json.dumps(some)});")

        def until_s() -> float:
            return float(webkit.evaluate("audio.buffered.length && audio.buffered.end(0)"))

        def said(*events: list[object]) -> bool:
            return bool(webkit.evaluate("said") == list(events))

        wait_until(lambda: said(["startstreaming", True]))
        wait_until(lambda: bool(webkit.evaluate("hall.open")))
        push(pieces[:ENOUGH])
        wait_until(lambda: said(["startstreaming", True], ["endstreaming", False]))
        had_s = until_s()
        push(pieces[ENOUGH:])
        webkit.evaluate("audio.currentTime = 1")  # what would have been appended is there by then
        wait_until(lambda: bool(webkit.evaluate("audio.currentTime >= 1 && !audio.seeking")))
        assert until_s() == had_s
        webkit.evaluate(f"audio.currentTime = {had_s - 5}")
        wait_until(lambda: until_s() > had_s + 20)
        assert said(["startstreaming", True], ["endstreaming", False], ["startstreaming", True])
