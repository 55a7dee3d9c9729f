"""The hall in Debian's Firefox, heard at its sound card: without a gap, as late as it says; a seat, too."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from tests.browser.firefox import Firefox
from tests.browser.hall_people import HOST_HZ, on_air
from tests.browser.marked import GONE_DB, THERE_DB, gaps_ms, hears_all, loud, marked_voice
from tests.integration.signals import Int16, power_db
from tests.parvis import PASSWORD, Parvis, Person, wait_until

PATIENCE_S: Final = 60
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


def listens(firefox: Firefox, parvis: Parvis, space: dict[str, Any], *, opus: bool = True) -> None:
    firefox.open(f"{parvis.edge}/s/{space['id']}")
    if not opus:  # no preference turns off Opus in MP4
        firefox.evaluate(WITHOUT_OPUS)
    firefox.listens()


def test_firefox_hears_all_and_says_how_late(parvis: Parvis, host: Person, tmp_path: Path) -> None:
    with marked_voice(parvis, host, tmp_path) as voice, Firefox() as firefox:
        listens(firefox, parvis, voice.space)
        assert firefox.told("rendition") == "opus"
        hears_all(firefox.card, voice, firefox.delay_s)
        assert (firefox.told("gaps"), firefox.told("stalls")) == ("0", "0")


def test_firefox_without_opus_takes_aac(parvis: Parvis, host: Person, tmp_path: Path) -> None:
    with on_air(parvis, host, tmp_path) as space, Firefox() as firefox:
        listens(firefox, parvis, space, opus=False)
        assert firefox.told("rendition") == "aac"
        wait_until(lambda: loud(firefox.card, HOST_HZ) > THERE_DB, patience_s=PATIENCE_S)
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
        wait_until(lambda: loud(firefox.card, HUM_HZ) < GONE_DB, patience_s=PATIENCE_S)
        wait_until(lambda: loud(firefox.card, HOST_HZ) > THERE_DB)

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
