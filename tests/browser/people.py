"""What people do with the pages, and what comes out of a page's ears."""

from __future__ import annotations

import base64
import math
import secrets
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from tests.integration.signals import Int16, power_db
from tests.parvis import PASSWORD, Parvis

KEEP_AUDIO = """
  const Plain = Audio;
  window.keptAudio = [];
  window.Audio = function (...rest) {
    const element = new Plain(...rest);
    window.keptAudio.push(element);
    return element;
  };
"""
"""Run before a page's scripts: keeps the audio elements that it makes and never shows."""

# The longest blocks that there are: a page that is busy for a third of a second loses none.
CAPTURE = """async ({where, seconds}) => {
  const element = eval(where);
  const context = (window.testContext ??= new AudioContext({sampleRate: 48000}));
  await context.resume();
  let source;
  if (element.srcObject) {
    source = context.createMediaStreamSource(element.srcObject);
  } else if (!(source = element.testSource)) {
    source = element.testSource = context.createMediaElementSource(element);
    source.connect(context.destination);  // without a way out the element's clock would stand still
  }
  const processor = context.createScriptProcessor(16384, 1, 1);
  const blocks = [];
  const done = new Promise((resolve) => {
    processor.onaudioprocess = ({inputBuffer}) => {
      blocks.push(new Float32Array(inputBuffer.getChannelData(0)));
      if (blocks.length * 16384 >= seconds * 48000) resolve();
    };
  });
  source.connect(processor);
  processor.connect(context.destination);
  await done;
  source.disconnect(processor);
  processor.disconnect();
  const bytes = new Uint8Array(await new Blob(blocks).arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
}"""

HALL = "document.querySelector('audio')"
MIX_MINUS = "window.keptAudio.find((element) => element.srcObject)"


def ears(page: Page, where: str, seconds: float) -> Int16:
    """What an audio element plays from now on, int16[n] at 48 kHz, out of the page's audio graph."""
    return captured(page.evaluate(CAPTURE, {"where": where, "seconds": seconds}))


def captured(encoded: str) -> Int16:
    """What `CAPTURE` gave, int16[n] at 48 kHz."""
    samples: NDArray[Any] = np.frombuffer(base64.b64decode(encoded), np.float32)
    heard: Int16 = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    return heard


def share_with(samples: Int16, frequency_hz: float) -> float:
    """In how much of the sound a tone is heard, by windows of 40 ms: 1.0 is all of it."""
    windows = samples[: len(samples) // 1920 * 1920].reshape(-1, 1920)
    # Longer by silence, for `power_db` wants more than 40 ms.
    padded = [np.concatenate([window, np.zeros(4800 - 1920, np.int16)]) for window in windows]
    return float(np.mean([power_db(window, frequency_hz, width_hz=60) > -60 for window in padded]))


WATCH = """({where, tones}) => {
  const element = eval(`() => ${where}`);  // later the page's policy would refuse it
  const context = new AudioContext({sampleRate: 48000});
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  analyser.smoothingTimeConstant = 0;
  const bins = new Float32Array(analyser.frequencyBinCount);
  let stream = null, source = null;
  window.watched = [];
  setInterval(() => {
    const now = element()?.srcObject ?? null;
    if (now !== stream) {
      source?.disconnect();
      stream = now;
      source = stream && context.createMediaStreamSource(stream);
      source?.connect(analyser);
    }
    analyser.getFloatFrequencyData(bins);
    const heard = tones.every((hz) => bins[Math.round(hz * analyser.fftSize / 48000)] > -60);
    window.watched.push([performance.now() / 1000, heard]);
  }, 20);
  return context.resume();
}"""
"""Looks all 20 ms whether all tones are in what an element plays, whichever stream it is given."""


def watch(page: Page, where: str, tones_hz: Sequence[float]) -> None:
    """From now on, `longest_silence_s` knows when a stream that an element plays held all these tones."""
    page.evaluate(WATCH, {"where": where, "tones": list(tones_hz)})


def longest_silence_s(page: Page) -> float:
    """The longest time without all the tones, since they were first heard together."""
    watched: list[tuple[float, bool]] = page.evaluate("window.watched")
    heard_s = [at_s for at_s, heard in watched if heard]
    return max((later - before for before, later in pairwise(heard_s)), default=math.inf)


def open_studio(browser: Browser, address: str) -> Page:
    """A studio page."""
    page = browser.new_page()
    page.add_init_script(KEEP_AUDIO)
    page.goto(address)
    return page


def sign_up(page: Page, parvis: Parvis, name: str) -> str:
    """A new account through the studio's form; gives its handle."""
    handle = f"{name.lower()}_{secrets.token_hex(3)}"
    page.get_by_test_id("sign-up-name").fill(name)
    page.get_by_test_id("sign-up-handle").fill(handle)
    page.get_by_test_id("sign-up-password").fill(PASSWORD)
    page.get_by_test_id("sign-up-submit").click()
    return handle


def create_space(page: Page, title: str) -> str:
    """A new Space through the home page; gives its id."""
    new = page.get_by_test_id("new-space")
    if new.is_visible():
        new.click()
    page.get_by_test_id("create-title").fill(title)
    page.get_by_test_id("create-submit").click()
    page.wait_for_url("**/studio/*")
    return page.url.rpartition("/")[2]


def take_the_stage(page: Page) -> None:
    """Microphone on, untouched by the browser, and connected."""
    page.get_by_test_id("mic-on").click()
    for cleaner in ("echoCancellation", "noiseSuppression", "autoGainControl"):
        box = page.get_by_test_id(f"mic-{cleaner}")
        expect(box).to_be_visible()
        box.uncheck()
    page.get_by_test_id("connect").click()
    expect(page.get_by_test_id("mute-self")).to_be_visible(timeout=20_000)


def go_live(page: Page) -> None:
    """On air, with the question answered."""
    page.get_by_test_id("go-live").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("on-air")).to_be_visible(timeout=20_000)


def play(page: Page) -> None:
    """One tap in the hall, and sound."""
    page.get_by_test_id("play").click()
    expect(page.locator("[data-state=playing]").first).to_be_attached(timeout=20_000)


def delay_s(page: Page) -> float:
    """How far behind the stage a hall is, as it says itself."""
    return int(page.locator("#app").get_attribute("data-delay-ms") or "") / 1_000
