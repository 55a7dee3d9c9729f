"""The hall in WebKit: by ManagedMediaSource as on today's iPhones, by native HLS as on older ones."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from parvis.cli.speak import write_wav
from tests.browser.people import HALL
from tests.browser.webkit import WebKit
from tests.integration.signals import tone
from tests.parvis import Parvis, Person, speak, wait_until


@pytest.fixture(scope="module")
def live(parvis: Parvis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, dict[str, Any]]]:
    """Somebody who holds a tone of 700 Hz in a live Space."""
    ana = parvis.person("ana")
    space = ana.post("spaces", {"title": "On a phone"})
    space = ana.post(f"spaces/{space['id']}/start")
    file = tmp_path_factory.mktemp("voice") / "tone.wav"
    write_wav(file, tone(700, 10))
    voice: subprocess.Popen[str] = speak(ana, space, file, "--loop", "--for", "600")
    wait_until(
        lambda: any(seat["connected"] for seat in parvis.space_json(space["id"])["speakers"]),
        patience_s=90,
    )
    yield ana, space
    voice.terminate()
    voice.wait(20)


def at_s(webkit: WebKit) -> float:
    return float(webkit.evaluate(f"{HALL}.currentTime"))


def plays_on(webkit: WebKit, seconds: float) -> None:
    """It plays for so long."""
    from_s = at_s(webkit)
    wait_until(lambda: at_s(webkit) >= from_s + seconds, patience_s=90)


def test_webkit_plays_by_managed_media_source(parvis: Parvis, live: tuple[Person, dict[str, Any]]) -> None:
    _, space = live
    with WebKit() as webkit:
        webkit.open(f"{parvis.edge}/s/{space['id']}")
        assert webkit.evaluate("'ManagedMediaSource' in window")
        wait_until(lambda: webkit.told("state") == "ready")
        webkit.tap("play")
        wait_until(lambda: webkit.told("state") == "playing", patience_s=60)
        assert str(webkit.evaluate(f"{HALL}.src")).startswith("blob:")
        assert webkit.evaluate(f"{HALL}.disableRemotePlayback") is True
        plays_on(webkit, 10)


def test_webkit_without_media_source_plays_hls_by_itself(
    parvis: Parvis, live: tuple[Person, dict[str, Any]]
) -> None:
    ana, space = live
    with WebKit() as webkit:
        beside = f"{parvis.edge}/live/{space['id']}/space.json"
        webkit.open_without_media_source(beside, f"/s/{space['id']}")
        assert not webkit.evaluate("'MediaSource' in window || 'ManagedMediaSource' in window")
        wait_until(lambda: webkit.told("state") == "ready")
        webkit.tap("play")
        wait_until(lambda: webkit.told("state") == "playing", patience_s=60)
        assert str(webkit.evaluate(f"{HALL}.src")).endswith("/index.m3u8")
        plays_on(webkit, 10)
        speaking = f"document.querySelector('[data-testid=speaker-{ana.handle}]').dataset.speaking"
        wait_until(lambda: webkit.evaluate(speaking) == "true")
        webkit.tap("play")
        wait_until(lambda: webkit.told("listening") == "false")
