"""Levelling: a quiet guest and a loud host are heard alike.

Each seat has one slow gain towards −19 LUFS (mono; the −16 LUFS that podcasts agree on, heard on two
loudspeakers). Rules:

- *Loudness* is the gated loudness of BS.1770-5 (relative gate at −10 LU) over the last 3 s of heard voice:
  pauses are not in it, so they cannot move it.
- The gain moves only while the seat has voice and 400 ms of it are known: towards its target by a tenth of
  the way each 100 ms, at most 4 dB/s up and 12 dB/s down. Stress and phrasing inside a sentence stay.
- The gain stays within −12…+20 dB: +20 makes −40 dBFS speech whole, more would lift what is no longer speech.
- A boost is for voice only: 400 ms after the last word it closes to 0 dB within about 300 ms and opens
  again with the next, so the noise between phrases is never raised. A cut stays.
- The caller ramps linearly from one tick's gain to the next: no clicks.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from parvis.audio import Bool, Float64
from parvis.audio.loudness import lufs
from parvis.clock import TICK_MS

TARGET_LUFS: Final = -19.0
GAIN_MIN_DB: Final = -12.0
GAIN_MAX_DB: Final = 20.0

_WINDOW_TICKS: Final = 3000 // TICK_MS
_KNOWN_TICKS: Final = 400 // TICK_MS
_RELATIVE_GATE: Final = 0.1
_SHARE_PER_TICK: Final = 1.0 * TICK_MS / 1000
_UP_DB: Final = 4.0 * TICK_MS / 1000
_DOWN_DB: Final = 12.0 * TICK_MS / 1000
_CLOSE_DB: Final = 60.0 * TICK_MS / 1000


class Levelling:
    """The gain of each seat. `gain_db` is where it stands, float64[seats]; `step` says what to apply."""

    def __init__(self, seats: int) -> None:
        self.gain_db: Float64 = np.zeros(seats)
        self._applied_db = np.zeros(seats)
        self._window = np.zeros((seats, _WINDOW_TICKS))
        self._heard_ticks = np.zeros(seats, dtype=np.int64)

    def step(self, power: Float64, heard: Bool, voice: Bool) -> Float64:
        """Takes this tick's K-weighted power before any gain, and its activity, each `[seats]`.

        Returns the gain in dB that this tick shall end with, float64[seats].
        """
        speaking = np.flatnonzero(heard & voice)
        if speaking.size:
            self._window[speaking, self._heard_ticks[speaking] % _WINDOW_TICKS] = power[speaking]
            self._heard_ticks[speaking] += 1
            self._adapt(speaking[self._heard_ticks[speaking] >= _KNOWN_TICKS])
        closed = np.minimum(self.gain_db, np.maximum(self._applied_db - _CLOSE_DB, 0.0))
        self._applied_db = np.where(voice, self.gain_db, closed)
        return self._applied_db

    def _adapt(self, seats: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
        window = self._window[seats]
        filled = np.minimum(self._heard_ticks[seats], _WINDOW_TICKS)
        gate = window.sum(axis=1) / filled * _RELATIVE_GATE
        above = window > gate[:, np.newaxis]
        loudness = lufs((window * above).sum(axis=1) / np.maximum(above.sum(axis=1), 1))
        target = np.clip(TARGET_LUFS - loudness, GAIN_MIN_DB, GAIN_MAX_DB)
        step = (target - self.gain_db[seats]) * _SHARE_PER_TICK
        self.gain_db[seats] += np.clip(step, -_DOWN_DB, _UP_DB)

    def reset(self, seat: int) -> None:
        """Forgets a seat: somebody else takes its row."""
        self.gain_db[seat] = self._applied_db[seat] = 0
        self._window[seat] = 0
        self._heard_ticks[seat] = 0
