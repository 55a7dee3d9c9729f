"""Who is speaking: voice in each seat, and the one active speaker.

Voice in a seat (`VoiceActivity`):

- The *noise floor* is the quietest smoothed tick of the last 4.8 s (minimum statistics after Martin, 2001):
  between words it is the room, and no voice fills 4.8 s without a gap. It is never held above −45 LUFS, so
  that music is not taken for a noise.
- A tick is *heard* when it is 9 LU above the floor and above −60 LUFS.
- Voice *begins* with the second heard tick in a row (a click of a key is one) and *ends* after 400 ms with
  nothing heard, so that it does not flap between words.

The active speaker (`ActiveSpeaker`) is the loudest recent voice. It changes at most every 800 ms, and only
for a voice 3 LU louder, unless the active one has stopped; then at once. 1.2 s after the last voice it is
nobody.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from parvis.audio import SILENCE_DBFS, Bool, Float64
from parvis.clock import TICK_MS

_SLICES: Final = 8
_SLICE_TICKS: Final = 600 // TICK_MS
_FLOOR_MAX_LUFS: Final = -45.0
_FLOOR_START_LUFS: Final = -55.0
_ABOVE_FLOOR_LU: Final = 9.0
_HEARD_MIN_LUFS: Final = -60.0
_NO_SIGNAL_LUFS: Final = -100.0
_ONSET_TICKS: Final = 2
_HANGOVER_TICKS: Final = 400 // TICK_MS

_SCORE_TICKS: Final = 1000 / TICK_MS
_LOUDER_LU: Final = 3.0
_HOLD_TICKS: Final = 800 // TICK_MS
_NOBODY_TICKS: Final = 1200 // TICK_MS


class VoiceActivity:
    """Voice or not, for each seat and tick. After `step`, `heard` and `voice` are bool[seats]."""

    def __init__(self, seats: int) -> None:
        self.heard: Bool = np.zeros(seats, dtype=np.bool_)
        self.voice: Bool = np.zeros(seats, dtype=np.bool_)
        self._minima = np.full((seats, _SLICES), _FLOOR_START_LUFS)
        self._smooth = np.full(seats, _FLOOR_START_LUFS)
        self._run = np.zeros(seats, dtype=np.int64)
        self._quiet = np.full(seats, _HANGOVER_TICKS, dtype=np.int64)
        self._ticks = 0

    @property
    def floor_lufs(self) -> Float64:
        """Noise floor of each seat, float64[seats]."""
        floor: Float64 = np.minimum(self._minima.min(axis=1), _FLOOR_MAX_LUFS)
        return floor

    def step(self, loudness_lufs: Float64) -> None:
        """Takes the loudness of each seat in this tick, float64[seats]."""
        self._track_floor(loudness_lufs)
        threshold = np.maximum(self.floor_lufs + _ABOVE_FLOOR_LU, _HEARD_MIN_LUFS)
        self.heard = loudness_lufs > threshold
        self._run = np.where(self.heard, self._run + 1, 0)
        self._quiet = np.where(self.heard, 0, self._quiet + 1)
        self.voice = (self._run >= _ONSET_TICKS) | (self.voice & (self._quiet < _HANGOVER_TICKS))

    def _track_floor(self, loudness_lufs: Float64) -> None:
        # Digital silence is a muted or missing source, and says nothing about its room.
        signal = loudness_lufs > _NO_SIGNAL_LUFS
        self._smooth = np.where(signal, 0.7 * self._smooth + 0.3 * loudness_lufs, self._smooth)
        self._ticks += 1
        slot = self._ticks // _SLICE_TICKS % _SLICES
        if self._ticks % _SLICE_TICKS == 0:
            self._minima[:, slot] = np.where(signal, self._smooth, self._minima[:, slot])
        else:
            self._minima[:, slot] = np.minimum(self._minima[:, slot], self._smooth)

    def reset(self, seat: int) -> None:
        """Forgets a seat: somebody else takes its row."""
        self.heard[seat] = self.voice[seat] = False
        self._minima[seat] = self._smooth[seat] = _FLOOR_START_LUFS
        self._run[seat] = 0
        self._quiet[seat] = _HANGOVER_TICKS


class ActiveSpeaker:
    """The loudest recent voice. `seat` is its row, or None."""

    def __init__(self, seats: int) -> None:
        self.seat: int | None = None
        self._score = np.full(seats, SILENCE_DBFS)
        self._held = 0
        self._silent = 0

    def step(self, loudness_lufs: Float64, voice: Bool) -> int | None:
        """Takes each seat's loudness as it is heard in the mix, float64[seats], and whether it has voice."""
        target = np.where(voice, loudness_lufs, SILENCE_DBFS)
        # Rises with the voice, and falls slowly enough to bridge its syllables.
        self._score = np.maximum(target, self._score + (target - self._score) / _SCORE_TICKS)
        self._held += 1
        self._silent = 0 if voice.any() else self._silent + 1
        if self._silent >= _NOBODY_TICKS:
            self.seat = None
        elif self._silent == 0:
            self._elect(voice)
        return self.seat

    def _elect(self, voice: Bool) -> None:
        best = int(np.argmax(np.where(voice, self._score, -np.inf)))
        if best == self.seat:
            return
        if self.seat is not None and voice[self.seat]:
            louder = self._score[best] >= self._score[self.seat] + _LOUDER_LU
            if self._held < _HOLD_TICKS or not louder:
                return
        self.seat = best
        self._held = 0

    def reset(self, seat: int) -> None:
        """Forgets a seat: somebody else takes its row."""
        self._score[seat] = SILENCE_DBFS
        if self.seat == seat:
            self.seat = None
