"""A voice whose every gap is heard and whose age can be told: a tone without an end, with marks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from parvis.cli.speak import write_wav
from tests.browser.card import Card, Heard
from tests.integration.signals import Int16, beginnings, power_db, tone
from tests.parvis import Parvis, Person, speak, summary, wait_until

HELD_HZ: Final = 300
THERE_DB: Final = -50
GONE_DB: Final = -70
MARK_HZ: Final = 1_500
MARK_S: Final = 4
"""Where the mark begins in each ten seconds; it is a second long."""
TURN_S: Final = 10


@dataclass
class MarkedVoice:
    """Whoever holds the tone in a live Space."""

    space: dict[str, Any]
    process: subprocess.Popen[str]

    def late_s(self, heard: Heard, about_s: float) -> float:
        """How long after it was said the mark came out of a card, which is known to 5 s. Ends the voice."""
        self.process.terminate()
        began_s = datetime.fromisoformat(summary(self.process)["started_at"]).timestamp()
        [mark, *_] = beginnings(heard.samples, MARK_HZ)
        late_s = heard.from_s + mark - began_s - MARK_S
        return late_s - TURN_S * round((late_s - about_s) / TURN_S)


@contextmanager
def marked_voice(parvis: Parvis, host: Person, folder: Path) -> Iterator[MarkedVoice]:
    """A live Space in which the tone is held."""
    space = host.post("spaces", {"title": "Without an end"})
    space = host.post(f"spaces/{space['id']}/start")
    write_wav(folder / "marked.wav", marked())
    process = speak(host, space, folder / "marked.wav", "--loop", "--for", "300")
    try:
        wait_until(
            lambda: any(seat["connected"] for seat in parvis.space_json(space["id"])["speakers"]),
            patience_s=90,
        )
        yield MarkedVoice(space, process)
    finally:
        process.terminate()
        process.wait(20)


def marked() -> Int16:
    """Ten seconds that can follow themselves."""
    held = 6_000 * np.sin(2 * np.pi * HELD_HZ * np.arange(TURN_S * 48_000) / 48_000)
    held[MARK_S * 48_000 : (MARK_S + 1) * 48_000] += tone(MARK_HZ, 1)
    return held.astype(np.int16)


def gaps_ms(samples: Int16) -> int:
    """How much of a sound that never pauses is missing: what is 20 dB below the rest, by 10 ms."""
    windows = samples[: len(samples) // 480 * 480].reshape(-1, 480).astype(np.float64)
    level = np.sqrt(np.mean(windows**2, axis=1))
    return 10 * int(np.sum(level < 0.1 * np.median(level)))


def loud(card: Card, hz: float) -> float:
    return power_db(card.hears(0.6).samples, hz)


def hears_all(
    card: Card,
    voice: MarkedVoice,
    told_s: Callable[[], float],
    *,
    seconds: float = TURN_S + 1,
    most_gaps_ms: int = 0,
    later_s: tuple[float, float] = (-0.1, 0.8),
) -> None:
    """Hears a whole turn at a card, at least: without a gap, and as late as `told_s` says or so much later.
    Ends the voice."""
    wait_until(lambda: loud(card, HELD_HZ) > THERE_DB, patience_s=60)
    before_s = told_s()
    heard = card.hears(seconds)
    after_s = told_s()
    assert power_db(heard.samples, HELD_HZ) > THERE_DB
    assert gaps_ms(heard.samples) <= most_gaps_ms
    late_s = voice.late_s(heard, (before_s + after_s) / 2)
    # It counts from the mixer to the element: the way to the one and from the other comes on top.
    least_s, most_s = min(before_s, after_s) + later_s[0], max(before_s, after_s) + later_s[1]
    assert least_s < late_s < most_s, (before_s, late_s, after_s)
