"""The hall in Debian's Firefox, heard at its sound card: without a gap, as late as it says; a seat, too."""

from __future__ import annotations

import secrets
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from parvis.cli.speak import write_wav
from tests.browser.firefox import Firefox
from tests.browser.hall_people import HOST_HZ, on_air
from tests.integration.signals import Int16, beginnings, power_db, tone
from tests.parvis import PASSWORD, Parvis, Person, speak, summary, wait_until

PATIENCE_S: Final = 60
THERE_DB: Final = -50
GONE_DB: Final = -70
MARK_HZ: Final = 1_500
MARK_S: Final = 4
"""Where the mark begins in each ten seconds; it is a second long."""
HUM_HZ: Final = 1_000
"""What Firefox's own fake microphone says."""

WITHOUT_OPUS: Final = """(() => {
  const plays = MediaSource.isTypeSupported.bind(MediaSource);
  MediaSource.isTypeSupported = (type) => !/opus/i.test(type) && plays(type);
})()"""

pytestmark = pytest.mark.alone  # what its sound card got is held against what was said, to 10 ms


@pytest.fixture(scope="module")
def host(parvis: Parvis) -> Person:
    return parvis.person("ana")


def marked() -> Int16:
    """Ten seconds that can follow themselves: a tone without an end, and a mark over it."""
    held = 6_000 * np.sin(2 * np.pi * HOST_HZ * np.arange(480_000) / 48_000)
    held[MARK_S * 48_000 : MARK_S * 48_000 + 48_000] += tone(MARK_HZ, 1)
    return held.astype(np.int16)


def listens(firefox: Firefox, parvis: Parvis, space: dict[str, Any], *, opus: bool = True) -> None:
    firefox.open(f"{parvis.edge}/s/{space['id']}")
    wait_until(lambda: firefox.told("state") == "ready", patience_s=PATIENCE_S)
    if not opus:  # no preference turns off Opus in MP4
        firefox.evaluate(WITHOUT_OPUS)
    firefox.tap("play")
    wait_until(lambda: firefox.told("state") == "playing", patience_s=PATIENCE_S)


def gaps_ms(samples: Int16) -> int:
    """How much of a sound that never pauses is missing: what is 20 dB below the rest, by 10 ms."""
    windows = samples[: len(samples) // 480 * 480].reshape(-1, 480).astype(np.float64)
    level = np.sqrt(np.mean(windows**2, axis=1))
    return 10 * int(np.sum(level < 0.1 * np.median(level)))


def told_s(firefox: Firefox) -> float:
    """How far behind the stage it is, as the page says."""
    return int(firefox.told("delayMs")) / 1_000


def loud(firefox: Firefox, hz: int) -> float:
    return power_db(firefox.card.hears(0.6).samples, hz)


def test_firefox_hears_all_and_says_how_late(parvis: Parvis, host: Person, tmp_path: Path) -> None:
    space = host.post("spaces", {"title": "In Firefox"})
    space = host.post(f"spaces/{space['id']}/start")
    write_wav(tmp_path / "voice.wav", marked())
    voice = speak(host, space, tmp_path / "voice.wav", "--loop", "--for", "300")
    with Firefox() as firefox:
        listens(firefox, parvis, space)
        assert firefox.told("rendition") == "opus"
        wait_until(lambda: loud(firefox, HOST_HZ) > THERE_DB, patience_s=PATIENCE_S)
        told_before_s = told_s(firefox)
        heard = firefox.card.hears(11)
        told_after_s = told_s(firefox)
        assert (firefox.told("gaps"), firefox.told("stalls")) == ("0", "0")
    voice.terminate()
    began_s = datetime.fromisoformat(summary(voice)["started_at"]).timestamp()

    assert power_db(heard.samples, HOST_HZ) > THERE_DB
    assert gaps_ms(heard.samples) == 0
    [mark, *_] = beginnings(heard.samples, MARK_HZ)
    late_s = (heard.from_s + mark - began_s - MARK_S) % 10
    # The page counts from the mixer to the element: the way to the one and from the other comes on top.
    assert min(told_before_s, told_after_s) - 0.1 < late_s < max(told_before_s, told_after_s) + 0.8


def test_firefox_without_opus_takes_aac(parvis: Parvis, host: Person, tmp_path: Path) -> None:
    with on_air(parvis, host, tmp_path) as space, Firefox() as firefox:
        listens(firefox, parvis, space, opus=False)
        assert firefox.told("rendition") == "aac"
        wait_until(lambda: loud(firefox, HOST_HZ) > THERE_DB, patience_s=PATIENCE_S)
        assert gaps_ms(firefox.card.hears(3).samples) == 0


def test_firefox_speaks_and_hears_the_stage(parvis: Parvis, host: Person, tmp_path: Path) -> None:
    with on_air(parvis, host, tmp_path) as space, Firefox() as firefox:
        listens(firefox, parvis, space)
        firefox.tap("hand")
        handle = f"fox_{secrets.token_hex(4)}"
        for field, text in (("name", "Reine"), ("handle", handle), ("password", PASSWORD)):
            firefox.write(f"sign-up-{field}", text)
        firefox.tap("sign-up-submit")
        firefox.tap("hand-raise")
        wait_until(lambda: len(host.get(f"spaces/{space['id']}/hands")["items"]) == 1)
        [hand] = host.get(f"spaces/{space['id']}/hands")["items"]
        assert hand["handle"] == handle
        host.patch(f"spaces/{space['id']}/hands/{hand['id']}", {"state": "called"})
        firefox.tap("speak-now")
        wait_until(lambda: power_db(edge_says(space, 1), HUM_HZ) > THERE_DB, patience_s=PATIENCE_S)
        assert power_db(edge_says(space, 1), HOST_HZ) > THERE_DB

        # On the stage it hears the others, and not itself.
        wait_until(lambda: loud(firefox, HUM_HZ) < GONE_DB, patience_s=PATIENCE_S)
        wait_until(lambda: loud(firefox, HOST_HZ) > THERE_DB)

        firefox.tap("mute-self")
        wait_until(lambda: power_db(edge_says(space, 1), HUM_HZ) < GONE_DB, patience_s=PATIENCE_S)


def edge_says(space: dict[str, Any], seconds: float) -> Int16:
    """What an edge sends now, int16[n] at 48 kHz, decoded by FFmpeg."""
    stream = space["links"]["stream"].replace("stream.mp4", "stream.aac")
    command = [
        "ffmpeg", "-nostdin", "-v", "error", "-i", stream, "-t", str(seconds),
        "-f", "s16le", "-ac", "1", "-ar", "48000", "-",
    ]  # fmt: skip
    decoded = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return np.frombuffer(decoded, np.int16)
