"""The mix: what every seat hears and what the audience hears, one tick at a time.

::

    int16 ─▶ K-weighting ─▶ voice ─▶ levelling ─┐
      └──────────────────────────────▶ gain ramp ┴▶ sum ─▶ program ──────────▶ limiter ─▶ int16
                                                     └─ total − own, per seat ─▶ limiter ─▶ int16

- A *mix-minus* is the sum of all seats but one's own, so nobody hears themselves come back.
- Every change of gain (unmute, join, levelling) is a straight line over one tick: no clicks.
- A seat that closes (mute, leave) is gone at once: nothing it sends from then on is heard. What ends it
  without a click is the mirror image of its last 5 ms, falling to nothing.
- A seat that is not open is neither heard, nor levelled, nor active; its room is listened to all the same, so
  that its first word after an unmute is known for one.
- Latency is that of the limiter: 5 ms, always.
- Rows after the last one in use cost next to nothing: all that is as long as a tick is done for those before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parvis.audio import FULL_SCALE, MAX_SEATS, Bool, Float32, Float64, Int16, Int64
from parvis.audio.activity import ActiveSpeaker, VoiceActivity
from parvis.audio.levelling import Levelling
from parvis.audio.levels import LevelMeter
from parvis.audio.limiter import Limiter
from parvis.audio.loudness import k_power, lufs
from parvis.audio.splice import FADE_OUT, FADE_SAMPLES
from parvis.clock import TICK_SAMPLES

_RAMP: Float32 = (np.arange(1, TICK_SAMPLES + 1) / TICK_SAMPLES).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Mixed:
    """One tick of all outputs. The arrays are the receiver's to keep.

    `program` is int16[960]; `minus` is int16[rows, 960], a row for each one mixed, open or not; `voice` is
    bool[seats]; `active` is the row of the active speaker, or None.
    """

    program: Int16
    minus: Int16
    voice: Bool
    active: int | None


class Mix:
    """The mixer of one Space. Rows are seats; call `reset` when a row gets another owner.

    With `levelling=False` each seat keeps its own loudness (music, or a desk that has levelled already).
    """

    def __init__(self, seats: int = MAX_SEATS, *, levelling: bool = True) -> None:
        self._levels = LevelMeter(seats)
        self._activity = VoiceActivity(seats)
        self._active = ActiveSpeaker(seats)
        self._levelling = Levelling(seats) if levelling else None
        self._limiter = Limiter(1 + seats)
        self._gain = np.zeros(seats)
        self._is_open: Bool = np.zeros(seats, dtype=np.bool_)
        self._seats = np.zeros((seats, TICK_SAMPLES), dtype=np.float32)
        self._outputs = np.zeros((1 + seats, TICK_SAMPLES), dtype=np.float32)
        self._rows = 0

    def step(self, samples: Int16, is_open: Bool) -> Mixed:
        """Mixes one tick: int16[rows ≤ seats, 960] and which seats are open, bool[seats].

        A seat is closed when it is muted or empty, and what stands in its row is then never heard. All seats
        after the rows given are empty.
        """
        assert not is_open[len(samples) :].any(), samples.shape
        # Who has just left the last row still has an end there.
        rows, self._rows = max(len(samples), self._rows), len(samples)
        seats, outputs = self._seats[:rows], self._outputs[: 1 + rows]
        closing = np.flatnonzero(self._is_open & ~is_open)
        ends = seats[closing, : -FADE_SAMPLES - 1 : -1] * FADE_OUT
        np.multiply(samples, np.float32(1 / FULL_SCALE), out=seats[: len(samples)])
        seats[len(samples) :] = 0
        power = np.zeros(len(is_open))
        power[:rows] = k_power(seats)
        loudness = lufs(power)
        self._activity.step(loudness)
        voice = self._activity.voice & is_open

        gain_db = np.zeros(len(is_open))
        if self._levelling is not None:
            gain_db = self._levelling.step(power, self._activity.heard, voice)
        self._ramp_to(seats, 10 ** (gain_db / 20) * is_open)
        seats[~is_open[:rows]] = 0
        seats[closing, :FADE_SAMPLES] = ends
        self._is_open = is_open.copy()
        self._levels.add(seats)

        np.sum(seats, axis=0, out=outputs[0])
        np.subtract(outputs[0], seats, out=outputs[1:])
        limited = self._limiter.step(outputs)
        limited *= FULL_SCALE
        whole = np.rint(limited, out=limited).astype(np.int16)
        return Mixed(whole[0], whole[1:], voice, self._active.step(loudness + gain_db, voice))

    def _ramp_to(self, seats: Float32, gain: Float64) -> None:
        start = self._gain.astype(np.float32)[: len(seats), np.newaxis]
        change = (gain - self._gain).astype(np.float32)[: len(seats), np.newaxis]
        seats *= start + change * _RAMP
        self._gain = gain

    @property
    def gain_db(self) -> Float64:
        """Where levelling stands for each seat, float64[seats]; all 0 without it."""
        if self._levelling is None:
            return np.zeros(len(self._gain))
        return self._levelling.gain_db.copy()

    def take_levels(self) -> Int64:
        """Levels 0…100 as heard, int64[seats], since the last call: once a part."""
        return self._levels.take()

    def reset(self, seat: int) -> None:
        """Forgets all about a row: its next owner begins unknown and fades in.

        Close the row for a tick first, or what it sounds is cut.
        """
        self._gain[seat] = 0
        self._is_open[seat] = False
        self._levels.reset(seat)
        self._activity.reset(seat)
        self._active.reset(seat)
        self._limiter.reset(1 + seat)
        if self._levelling is not None:
            self._levelling.reset(seat)
