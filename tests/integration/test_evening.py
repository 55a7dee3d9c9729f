"""The evening in small: 20,000 people come to one Space within a minute, to a voice that is really there.

Bursts of a second from the start: a machine that runs a test suite is not calm.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import ProcessMessage
from tests.parvis import PARVIS, Parvis, speak

CROWD = 20_000
SPEECH = Path(__file__).parents[2] / "src" / "parvis" / "cli" / "voice" / "demo.opus"


@pytest.mark.alone
def test_twenty_thousand_come_and_nobody_misses_a_part(tmp_path: Path) -> None:
    world = Parvis(tmp_path / "data", environment={"PARVIS_PER_ADDRESS": "0", "PARVIS_MIN_STRETCH": "3"})
    world.start()
    speaker: subprocess.Popen[str] | None = None
    reader = LocalReader(tmp_path / "data" / "run", "process.")
    try:
        ana = world.person()
        space = ana.post("spaces", {"title": "The evening"})
        ana.post(f"spaces/{space['id']}/start")
        speaker = speak(ana, space, SPEECH, "--loop")
        storm = subprocess.Popen(
            [
                *PARVIS, "storm", space["links"]["share"], "--json",
                "--listeners", str(CROWD), "--arrive", "45", "--for", "12", "--leave", "3",
            ],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        mixers: list[ProcessMessage] = []
        while storm.poll() is None:
            mixers += [
                message
                for _, payload in reader.drain()
                if (message := ProcessMessage.decode(payload)).role == "stage"
            ]
            time.sleep(0.1)
        assert storm.stdout is not None
        told = json.loads(storm.stdout.read())
    finally:
        reader.close()
        if speaker is not None:
            speaker.send_signal(signal.SIGINT)
            speaker.communicate(timeout=20)
        world.stop()
    assert told["listeners"]["admitted"] >= 0.99 * CROWD, "the others have an appointment"
    assert told["listeners"]["arrived"] == CROWD
    assert told["listeners"]["gave_up"] == 0
    assert told["streams"]["dropped"] == told["streams"]["malformed"] == 0
    sound = told["sound"]
    assert (sound["missing_parts"], sound["repeats"]) == (0, 0)
    assert sound["stalls"] == 0, sound
    ticks, skipped = (
        max((message.gauges[name] for message in mixers), default=0) for name in ("ticks", "skipped_ticks")
    )
    assert ticks > 1000
    assert skipped == 0, "the mixer missed none of its ticks"
    assert speaker.returncode == 0
