"""Real Chromiums, each with a microphone of its own, and a real Parvis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from parvis.cli.speak import write_wav
from tests.browser.card import Card
from tests.integration.signals import Int16, tone
from tests.parvis import Parvis

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]

Launch = Callable[..., Browser]


@pytest.fixture(scope="package")
def parvis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """Runs for all tests of this folder."""
    running = Parvis(tmp_path_factory.mktemp("parvis") / "data")
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers. It keeps an event loop running in this thread, so it ends with this folder."""
    if not CHROMIUM.exists():
        pytest.fail("Chromium is not installed: apt-get install -y --no-install-recommends chromium")
    with sync_playwright() as driver:
        yield driver


MICROPHONE_HZ = 440
"""What the microphone of `chromium` hears."""


@pytest.fixture(scope="module")
def chromium(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for a whole module, with a tone in its microphone."""
    file = tmp_path_factory.mktemp("microphone") / "tone.wav"
    write_wav(file, tone(MICROPHONE_HZ, 10))
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={file}"]
    running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
    yield running
    running.close()


@pytest.fixture
def card() -> Iterator[Card]:
    """A sound card whose every sample is heard."""
    card = Card()
    yield card
    card.close()


@pytest.fixture
def launch(playwright: Playwright, tmp_path: Path) -> Iterator[Launch]:
    """Opens a Chromium, into whose microphone `voice` (int16[n], 48 kHz) is played again and again, and which
    plays to `card`, or to nothing."""
    opened: list[Browser] = []

    def open_one(voice: Int16 | None = None, *, card: Card | None = None) -> Browser:
        flags = list(FLAGS)
        if voice is not None:
            file = tmp_path / f"microphone-{len(opened)}.wav"
            write_wav(file, voice)
            flags.append(f"--use-file-for-fake-audio-capture={file}")
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=flags,
            ignore_default_args=["--mute-audio"] if card else None,
            env={**card.environment()} if card else None,
        )
        opened.append(browser)
        return browser

    yield open_one
    for browser in opened:
        browser.close()
