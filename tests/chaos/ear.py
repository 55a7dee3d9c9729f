"""A real listener that remembers what it heard: each part's bytes, when it came, and whose voice was in it.

Rules:

- It is a client of docs/protocol.md §2 as `parvis listen` is: it resumes with `from=` after a wait with full
  jitter, obeys `Retry-After`, follows a handoff's redirect, and gives a connection up that is silent for
  longer than the longest burst.
- Speakers say tones, each its own, of a whole number of periods in 20 ms: so each tick of each voice can be
  looked for in what is decoded, and the others do not disturb it.
- It plays as a player does that starts with what it gets first: a part begins when the one before it is over,
  or when it comes, if that is later. The time between is a *stall*.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import numpy as np
from numpy.typing import NDArray

from parvis.cli.listen import BACKOFF_FIRST_S, BACKOFF_MAX_S, SILENCE_LIMIT_S
from parvis.clock import SAMPLE_RATE_HZ, TICK_SAMPLES
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder

VOICES_HZ = (700, 1100, 1600)
"""Of the speakers of a scene, in the order in which they came."""
AUDIBLE = 300.0
"""Amplitude of a voice that is there: full scale is 32,768, speakers say 8,000."""

JUST_NOW_S = 2.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One part as it came. `voices` is bool[16, 3]: which of `VOICES_HZ` are in each tick of 20 ms."""

    sequence: int
    at_s: float
    """Monotonic time."""
    units: tuple[bytes, ...]
    voices: NDArray[np.bool_]

    @property
    def is_stand_in(self) -> bool:
        """An edge made it, because none came in time."""
        return len(set(self.units)) == 1


@dataclass
class Memory:
    """What one listener of one rendition got, in the order in which it came."""

    codec: Rendition
    parts: list[Taken] = field(default_factory=list)
    repeats: int = 0
    breaks: int = 0
    """Connections that ended before the Space did."""
    handed_to: list[str] = field(default_factory=list)
    """Spaces that `handoff` events led to."""

    @property
    def newest(self) -> int:
        """The last part that came; 0 before the first."""
        return self.parts[-1].sequence if self.parts else 0


class Ear:
    """One listener, in a thread of its own, until `close()`."""

    def __init__(self, live_url: str, codec: Rendition, seed: int) -> None:
        self.memory = Memory(codec)
        self._over = False
        self._live_url = live_url
        self._chance = random.Random(seed)
        self._attempts = 0
        self._closing = threading.Event()
        self._decoder = Decoder(codec)
        self._thread = threading.Thread(target=self._listen, name=f"ear {seed} {codec}", daemon=True)
        self._thread.start()

    @property
    def newest(self) -> int:
        """The last part that came; 0 before the first."""
        return self.memory.newest

    def hears(self, voice: int, *, parts: int = 3, since_s: float = 0.0) -> bool:
        """The last so many parts are full of this voice, came after `since_s`, and the last of them just
        now."""
        last = self.memory.parts[-parts:]
        if len(last) < parts or last[0].at_s < since_s or time.monotonic() - last[-1].at_s > JUST_NOW_S:
            return False
        return all(part.voices[:, voice].all() for part in last)

    def hang_up(self) -> None:
        """Ends with the next part that comes."""
        self._closing.set()

    def close(self) -> None:
        """Hangs up, and waits for it. What was heard stays."""
        self.hang_up()
        self._thread.join(SILENCE_LIMIT_S + 10)

    def _listen(self) -> None:
        timeout = httpx.Timeout(5.0, read=SILENCE_LIMIT_S)
        with httpx.Client(timeout=timeout, follow_redirects=True, trust_env=False) as client:
            while not self._closing.is_set() and not self._over:
                wait_s = 0.0
                try:
                    wait_s = self._listen_once(client)
                except httpx.HTTPError:
                    self.memory.breaks += bool(self.memory.parts)
                ceiling_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(self._attempts, 10))
                self._attempts += 1
                if not self._over:
                    self._closing.wait(wait_s + self._chance.uniform(0, ceiling_s))

    def _listen_once(self, client: httpx.Client) -> float:
        """One connection; the seconds to wait at least before the next."""
        query = {"codec": str(self.memory.codec)}
        if self.memory.parts:
            query["from"] = str(self.newest + 1)
        with client.stream("GET", f"{self._live_url}/stream.mp4", params=query) as answer:
            if answer.status_code != 200:
                self._over = answer.status_code == 410
                return float(answer.headers.get("Retry-After", "0"))
            for part in self._read(answer):
                self._take(part)
        return 0.0

    def _read(self, answer: httpx.Response) -> Iterator[Part]:
        reader = PartReader()
        for data in answer.iter_raw():
            yield from (item for item in reader.feed(data) if isinstance(item, Part))
            if self._closing.is_set():
                return

    def _take(self, part: Part) -> None:
        self._attempts = 0
        if part.sequence <= self.newest:
            self.memory.repeats += 1
            return
        voices = voices_in(self._decoder.decode(part.access_units))
        self.memory.handed_to += [str(e.fields()["to"]) for e in part.events if e.type == "handoff"]
        self.memory.parts.append(Taken(part.sequence, time.monotonic(), part.access_units, voices))


def voices_in(samples: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Which of `VOICES_HZ` are in each tick: bool[n, 3] of int16[n × 960]."""
    ticks = samples.reshape(-1, TICK_SAMPLES).astype(np.float64)
    amplitudes = np.abs(ticks @ _PROBES) * 2 / TICK_SAMPLES
    found: NDArray[np.bool_] = amplitudes > AUDIBLE
    return found


_TIMES_S = np.arange(TICK_SAMPLES) / SAMPLE_RATE_HZ
_PROBES = np.exp(-2j * np.pi * np.outer(_TIMES_S, VOICES_HZ))
