from dataclasses import replace
from typing import Any

import pytest

from parvis.audio.soundcheck import Measured
from parvis.audio.verdict import Way, sound_check

GOOD = Measured(has_signal=True, level_dbfs=-23.04, noise_dbfs=-60.0, echo=False)
NEAR = Way(loss_percent=0.0, rtt_ms=42.123, jitter_ms=3.0)


def test_a_good_seat() -> None:
    assert sound_check(GOOD, NEAR) == {
        "verdict": "good",
        "level_dbfs": -23.0,
        "noise_dbfs": -60.0,
        "echo": False,
        "clipping_percent": 0.0,
        "loss_percent": 0.0,
        "rtt_ms": 42.1,
        "advice": [],
    }


@pytest.mark.parametrize(
    ("heard", "way", "verdict", "advice"),
    [
        ({"level_dbfs": -40.0, "noise_dbfs": -70.0}, {}, "fair", ["too-quiet"]),
        ({"level_dbfs": -46.0, "noise_dbfs": -70.0}, {}, "bad", ["too-quiet"]),
        ({"level_dbfs": -11.0}, {}, "fair", ["too-loud"]),
        ({"level_dbfs": -5.0}, {}, "bad", ["too-loud"]),
        ({"clipping_percent": 2.0}, {}, "fair", ["clipping"]),
        ({"clipping_percent": 6.0}, {}, "bad", ["clipping"]),
        ({"noise_dbfs": -40.0}, {}, "fair", ["noisy"]),
        ({"noise_dbfs": -34.0}, {}, "bad", ["noisy"]),
        ({"noise_dbfs": None}, {}, "good", []),
        ({"echo": True}, {}, "bad", ["echo"]),
        ({"echo": None}, {}, "good", []),
        ({}, {"loss_percent": 4.0}, "fair", ["lossy"]),
        ({}, {"loss_percent": 11.0}, "bad", ["lossy"]),
        ({}, {"rtt_ms": 350.0}, "fair", ["far"]),
        ({}, {"rtt_ms": 700.0}, "bad", ["far"]),
        ({}, {"jitter_ms": 40.0}, "fair", ["unsteady"]),
        ({}, {"jitter_ms": 70.0}, "bad", ["unsteady"]),
        ({}, {"loss_percent": None, "rtt_ms": None, "jitter_ms": None}, "good", []),
        ({"level_dbfs": -40.0, "noise_dbfs": -70.0}, {"loss_percent": 11.0}, "bad", ["lossy", "too-quiet"]),
        ({"level_dbfs": None}, {}, "waiting", ["say-something"]),
        ({"level_dbfs": None}, {"rtt_ms": 350.0}, "waiting", ["far", "say-something"]),
        ({"level_dbfs": None, "echo": True}, {}, "bad", ["echo", "say-something"]),
        ({"level_dbfs": None, "noise_dbfs": None, "has_signal": False}, {}, "waiting", ["no-sound"]),
        ({"level_dbfs": None, "noise_dbfs": None, "has_signal": None}, {}, "waiting", []),
    ],
)
def test_each_fault_has_its_word(
    heard: dict[str, Any], way: dict[str, Any], verdict: str, advice: list[str]
) -> None:
    told = sound_check(replace(GOOD, **heard), replace(NEAR, **way))
    assert (told["verdict"], told["advice"]) == (verdict, advice)
