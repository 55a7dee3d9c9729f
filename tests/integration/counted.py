"""A voice that can be counted, for two sides of WebRTC that hear one another.

It is a tone that never stops, with ten bursts of another tone in eight seconds, at uneven distances: what
comes a place late is not taken for its neighbour. Of what was heard of it is asked whether each burst came
once, how late, and in how much of the time the tone was there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from parvis.clock import SAMPLE_RATE_HZ
from tests.integration.signals import Int16, beginnings, strength, tone

BURST_RATIO = 3.5
"""Of a burst's frequency to the tone's: two voices are told apart by both, where both are heard."""
BURST_S = 0.12
BURSTS_S = (0.3, 1.0, 1.9, 2.6, 3.4, 4.4, 5.1, 6.0, 6.8, 7.5)
VOICE_S = 8.0
LISTENED_S = 9.5
"""So long that each of the ten has been heard."""
LATE_S = 1.0
"""Of a few processes that share this machine with other tests; `bench/mouth_to_ear.py` measures."""
QUIET_S = 0.4
"""Of bursts, before one is known to begin."""

Chunk = tuple[float, Int16]
"""When it came (`time.monotonic()`), and what."""


def counted(frequency_hz: float) -> Int16:
    """The voice, int16[8 s], to be said again and again; its frequency is a whole number."""
    t = np.arange(int(VOICE_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    said = 7000 * np.sin(2 * np.pi * frequency_hz * t)
    burst = tone(BURST_RATIO * frequency_hz, BURST_S, peak=12_000)
    for second in BURSTS_S:
        start = int(second * SAMPLE_RATE_HZ)
        said[start : start + len(burst)] += burst
    return said.astype(np.int16)


@dataclass(frozen=True)
class Account:
    """What came of a voice. `times` is how often each burst was heard until the next was said."""

    times: list[int]
    delays_s: list[float]
    tone_share: float


def account(heard: Sequence[Chunk], began_s: float, frequency_hz: float) -> Account:
    """Of a voice that began to be said at that time and has gone on since."""
    from_s, until_s = heard[0][0], heard[-1][0]
    samples = np.concatenate([chunk for _, chunk in heard])
    ends = np.cumsum([len(chunk) for _, chunk in heard])
    begun = [int(second * SAMPLE_RATE_HZ) for second in beginnings(samples, BURST_RATIO * frequency_hz)]
    came_s = [heard[int(np.searchsorted(ends, sample, "right"))][0] for sample in begun]
    rounds = range(int((until_s - began_s) / VOICE_S) + 1)
    said_s = [began_s + number * VOICE_S + second for number in rounds for second in BURSTS_S]
    slots = [
        [came - said for came in came_s if said <= came < following]
        for said, following in pairwise(said_s)
        if from_s + QUIET_S <= said and following <= until_s
    ]
    loud = strength(samples, frequency_hz)
    there_s = len(samples) / SAMPLE_RATE_HZ * float(np.mean(loud > 0.25 * np.median(loud)))
    lasted_s = until_s - from_s + len(heard[-1][1]) / SAMPLE_RATE_HZ
    return Account(
        [len(slot) for slot in slots], [delay for slot in slots for delay in slot], there_s / lasted_s
    )


def check_counted(who: str, heard: Sequence[Chunk], began_s: float | None, frequency_hz: float) -> None:
    """Fails unless all of it was heard, soon, and nearly without a break."""
    assert began_s is not None, who
    told = account(heard, began_s, frequency_hz)
    assert len(told.times) >= 9, who
    assert told.times == [1] * len(told.times), (who, told)
    assert np.percentile(told.delays_s, 95) < LATE_S, (who, told)
    assert told.tone_share > 0.95, (who, told)
