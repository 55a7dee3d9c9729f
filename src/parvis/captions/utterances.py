"""Cuts a program into utterances: stretches of speech between pauses, short enough to caption in time. Pure.

Rules:

- Sound that is `ABOVE_FLOOR_DB` above the room, and above `QUIETEST_DBFS`, may be speech. The room is the
  quietest of the last 10 s.
- An utterance begins `LEAD_MS` before its first sound, and ends with a pause of `PAUSE_MS`.
- Nobody waits for the end of a long sentence: after `LONGEST_MS` it is cut at the quietest moment of its
  last part.
- What is shorter than `SHORTEST_MS` is a cough or a click, and no words.
- When sound is missing, what was begun ends there.

Times are Unix milliseconds of program time; samples are `float32` at 16 kHz.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from parvis.captions.ear import RATE_HZ, Float32

FRAME_MS: Final = 20
FRAME: Final = RATE_HZ * FRAME_MS // 1000
ABOVE_FLOOR_DB: Final = 9.0
QUIETEST_DBFS: Final = -50.0
LEAD_MS: Final = 200
PAUSE_MS: Final = 400
SHORTEST_MS: Final = 200
LONGEST_MS: Final = 5_000
_LATEST_CUT_MS: Final = 1_600
"""Of the end of what is too long, where the cut is looked for."""
_FLOOR_FRAMES: Final = 10_000 // FRAME_MS


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech from `start_ms` on. `skipped` says that what was said before it was left out."""

    start_ms: int
    samples: Float32
    skipped: bool = False

    @property
    def duration_ms(self) -> int:
        return len(self.samples) * 1000 // RATE_HZ


class Utterances:
    """Hears one program, in order."""

    def __init__(self) -> None:
        self._next_ms: int | None = None
        self._rest = np.zeros(0, np.float32)
        self._levels: deque[float] = deque(maxlen=_FLOOR_FRAMES)
        self._lead: deque[Float32] = deque(maxlen=LEAD_MS // FRAME_MS)
        self._frames: list[Float32] = []
        self._loud: list[float] = []
        self._start_ms = 0
        self._spoken = 0
        self._quiet = 0

    def push(self, start_ms: int, samples: Float32) -> list[Utterance]:
        """Takes the next sound, which begins at `start_ms`; the utterances that end in it."""
        done: list[Utterance] = []
        if self._next_ms is not None and start_ms != self._next_ms:
            done += self._end()
            self._rest = self._rest[:0]
            self._lead.clear()
        self._next_ms = start_ms + len(samples) * 1000 // RATE_HZ
        at_ms = start_ms - len(self._rest) * 1000 // RATE_HZ
        joined = np.concatenate([self._rest, samples])
        count = len(joined) // FRAME
        self._rest = joined[count * FRAME :]
        for frame in joined[: count * FRAME].reshape(count, FRAME):
            done += self._frame(at_ms, frame)
            at_ms += FRAME_MS
        return done

    def _frame(self, at_ms: int, frame: Float32) -> list[Utterance]:
        level_dbfs = 10 * float(np.log10(np.mean(frame * frame) + 1e-10))
        self._levels.append(level_dbfs)
        speech = level_dbfs > max(QUIETEST_DBFS, min(self._levels) + ABOVE_FLOOR_DB)
        if not self._frames:
            if not speech:
                self._lead.append(frame)
                return []
            self._start_ms = at_ms - len(self._lead) * FRAME_MS
            self._frames = list(self._lead)
            self._loud = [QUIETEST_DBFS] * len(self._lead)
            self._lead.clear()
            self._spoken = 0
        self._frames.append(frame)
        self._loud.append(level_dbfs)
        self._spoken += speech
        self._quiet = 0 if speech else self._quiet + 1
        if self._quiet * FRAME_MS >= PAUSE_MS:
            return self._end()
        if len(self._frames) * FRAME_MS >= LONGEST_MS:
            return self._cut()
        return []

    def _end(self) -> list[Utterance]:
        frames, self._frames, self._loud, self._quiet = self._frames, [], [], 0
        return [self._made(frames)] if frames and self._spoken * FRAME_MS >= SHORTEST_MS else []

    def _cut(self) -> list[Utterance]:
        """Ends it at the quietest moment of late; what comes after is the beginning of the next."""
        look = _LATEST_CUT_MS // FRAME_MS
        smooth = np.convolve(self._loud[-look:], np.ones(5) / 5, "same")[5:-5]
        at = len(self._loud) - look + 5 + int(np.argmin(smooth))
        before, after, loud = self._frames[:at], self._frames[at:], self._loud[at:]
        done = self._made(before)
        self._start_ms += at * FRAME_MS
        self._frames, self._loud = after, loud
        self._spoken = len(after)
        return [done]

    def _made(self, frames: list[Float32]) -> Utterance:
        return Utterance(self._start_ms, np.concatenate(frames))
