"""The sound check of one seat: is it too quiet, too loud, clipped, noisy, and does it send others back?

What counts is what the stage gets, not what a browser promises. Over the last 10 s:

- *Noise* is the tenth percentile of the ticks' levels: between words it is the room. A tick is *active* when
  it is 10 dB above the noise, and *level* is the RMS of the active ticks alone.
- *Clipping* is the share of active ticks in which three samples or more stand at full scale.
- *Echo* is whether what the seat sends follows, 40 to 600 ms later, what the seat is sent. Levels in eight
  bands from 300 to 4,500 Hz are compared, tick by tick, by Pearson's correlation, only where the far end has
  voice, so that taking turns is no likeness. Levels, not samples: what a loudspeaker, a room, an echo
  canceller's rest, two codecs and two jitter buffers leave of a waveform does not correlate; what they leave
  of its rise and fall in each band does.
- An echo cannot come before its sound. So the same is done at −600 to −40 ms, and what is found there is how
  alike the two are by chance, or because the *other* side sends an echo: only what is well above counts.

Of a core, a seat costs 0.15 % for as long as it is checked (2 µs each tick, 0.2 ms of FFT once a part, 0.8 ms
once a second; 2-core Xeon of the benchmarks). With a `turn` of their own, seats compute in different ticks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from parvis.audio import FULL_SCALE, Bool, Float64, Int16
from parvis.audio.levels import dbfs, dbfs_rows
from parvis.clock import SAMPLE_RATE_HZ, TICK_MS, TICK_SAMPLES, TICKS_PER_PART

WINDOW_TICKS: Final = 10_000 // TICK_MS
KNOWN_TICKS: Final = 1_500 // TICK_MS
"""Active ticks without which nothing is said of a voice, and far ticks without which nothing of an echo."""
NO_SIGNAL_DBFS: Final = -100.0
NOISE_MAX_DBFS: Final = -30.0
"""A steady sound louder than this is no room: it is music, or a test tone, and nothing is known of noise."""

ECHO_LIKENESS: Final = 0.5
"""An echo alone reaches 0.66 to 0.86, even 35 dB down; two who talk at once reach 0.35 in one second of a
hundred. A louder voice over an echo hides it: silence is better than a false alarm."""
ECHO_ABOVE_CHANCE: Final = 0.2

_ACTIVE_ABOVE_DB: Final = 10.0
_ACTIVE_MIN_DBFS: Final = -65.0
_FLOOR_MAX_DBFS: Final = -45.0
_NOISE_SHARE: Final = 10
_CLIPPED: Final = round(0.97 * FULL_SCALE)
_CLIPPED_SAMPLES: Final = 3

_BAND_EDGES_HZ: Final = (300, 500, 750, 1050, 1400, 1850, 2450, 3300, 4500)
_BAND_FLOOR_DB: Final = -75.0
_STEADY: Final = 1e-3
"""Product of two variances in dB² below which a band does not move, so is like nothing."""
_LAG_MIN: Final = 40 // TICK_MS
_LAG_MAX: Final = 600 // TICK_MS
_FFT: Final = 1024
"""At least the window and the longest lag."""
_LAGS: Final = np.r_[0 : _LAG_MAX + 1, -_LAG_MAX:0]
_LOOK_BATCHES: Final = 3
_BANDS: Final = len(_BAND_EDGES_HZ) - 1
_FIRST_BINS: Final = [edge * TICK_SAMPLES // SAMPLE_RATE_HZ for edge in _BAND_EDGES_HZ]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a seat. `level_dbfs` None: it has not spoken enough; `noise_dbfs` None: no room is
    heard, or it is gated away. `echo` None: too little was there to come back; `likeness` is the correlation
    behind it, `echo_ms` its delay. `has_signal`: something else than digital silence comes; None: too early.
    """

    has_signal: bool | None = None
    level_dbfs: float | None = None
    noise_dbfs: float | None = None
    clipping_percent: float = 0.0
    echo: bool | None = None
    echo_ms: int | None = None
    likeness: float | None = None


class SoundCheck:
    """One seat. Feed it with `add`, read `measured`; `turn` (0 to 15) says in which ticks it computes."""

    def __init__(self, turn: int = 0) -> None:
        self.measured = Measured()
        self._batch = np.zeros((2, TICKS_PER_PART, TICK_SAMPLES), np.int16)
        self._first = self._filled = turn % TICKS_PER_PART
        self._power = np.zeros((2, WINDOW_TICKS))
        self._bands = np.full((2, _BANDS, WINDOW_TICKS), _BAND_FLOOR_DB)
        self._clipped = np.zeros(WINDOW_TICKS, np.bool_)
        self._known = 0
        self._batches = 0

    def add(self, sent: Int16, got: Int16) -> None:
        """One tick: what the seat sends and what it is sent, int16[960] each."""
        self._batch[0, self._filled] = sent
        self._batch[1, self._filled] = got
        self._filled += 1
        if self._filled == TICKS_PER_PART:
            self._take_batch(self._batch[:, self._first :])
            self._first = self._filled = 0
            self._batches += 1
            if self._batches % _LOOK_BATCHES == 0:
                self.measured = self._measure()

    def _take_batch(self, batch: Int16) -> None:
        ticks = batch.shape[1]
        scaled = batch.astype(np.float32) / np.float32(FULL_SCALE)
        parts = np.fft.rfft(scaled, axis=2)
        power = (parts.real**2 + parts.imag**2).astype(np.float64) * (2 / TICK_SAMPLES**2)
        bands = np.add.reduceat(power, _FIRST_BINS, axis=2)[:, :, :_BANDS]
        clipped = (np.abs(batch[0].astype(np.int32)) >= _CLIPPED).sum(axis=1) >= _CLIPPED_SAMPLES
        for window, new in (
            (self._power, power.sum(axis=2)),
            (self._bands, np.maximum(10 * np.log10(bands.swapaxes(1, 2) + 1e-12), _BAND_FLOOR_DB)),
        ):
            window[..., :-ticks] = window[..., ticks:]
            window[..., -ticks:] = new
        self._clipped[:-ticks] = self._clipped[ticks:]
        self._clipped[-ticks:] = clipped
        self._known = min(self._known + ticks, WINDOW_TICKS)

    def _measure(self) -> Measured:
        sent, got = dbfs_rows(self._power[:, -self._known :])
        signal = sent[sent > NO_SIGNAL_DBFS]
        if signal.size < KNOWN_TICKS:
            return Measured(has_signal=None if self._known < KNOWN_TICKS else False)
        since = sent[int(np.argmax(sent > NO_SIGNAL_DBFS)) :]
        noise_dbfs = float(np.percentile(since, _NOISE_SHARE))
        active = _active(sent)
        echo, echo_ms, likeness = self._echo(got)
        if echo_ms is not None:
            active &= ~_coming_back(_active(got), echo_ms // TICK_MS)
        level_dbfs = None
        clipping_percent = 0.0
        if active.sum() >= KNOWN_TICKS:
            level_dbfs = dbfs(float(self._power[0, -self._known :][active].mean()))
            clipping_percent = 100 * float(self._clipped[-self._known :][active].mean())
        return Measured(
            has_signal=True,
            level_dbfs=level_dbfs,
            noise_dbfs=noise_dbfs if NO_SIGNAL_DBFS < noise_dbfs < NOISE_MAX_DBFS else None,
            clipping_percent=clipping_percent,
            echo=echo,
            echo_ms=echo_ms,
            likeness=likeness,
        )

    def _echo(self, got_dbfs: Float64) -> tuple[bool | None, int | None, float | None]:
        far = _active(got_dbfs)
        if far.sum() < KNOWN_TICKS:
            return None, None, None
        near, distant = self._bands[:, :, -self._known :]
        alike = _correlations(distant, near, far)
        found = int(np.argmax(alike[_LAG_MIN : _LAG_MAX + 1])) + _LAG_MIN
        likeness = float(alike[found])
        chance = float(alike[-_LAG_MAX : -_LAG_MIN + 1].max())
        echo = likeness >= ECHO_LIKENESS and likeness >= chance + ECHO_ABOVE_CHANCE
        return echo, found * TICK_MS if echo else None, likeness


def _active(level_dbfs: Float64) -> Bool:
    """Which ticks stand out of the noise, bool[ticks]. A loud noise, or music, is active itself."""
    signal = level_dbfs[level_dbfs > NO_SIGNAL_DBFS]
    noise = float(np.percentile(signal, _NOISE_SHARE)) if signal.size else NO_SIGNAL_DBFS
    threshold = max(min(noise, _FLOOR_MAX_DBFS) + _ACTIVE_ABOVE_DB, _ACTIVE_MIN_DBFS)
    active: Bool = level_dbfs > threshold
    return active


def _coming_back(far: Bool, lag_ticks: int) -> Bool:
    """Ticks in which an echo of `far`, bool[ticks], is heard, and 200 ms of the room's rest."""
    heard = np.zeros_like(far)
    for lag in range(lag_ticks - 1, lag_ticks + 11):
        heard[lag:] |= far[: len(far) - lag]
    return heard


def _correlations(cause: Float64, effect: Float64, where: Bool) -> Float64:
    """Pearson's correlation of `effect`, float64[bands, ticks], with `cause` so many ticks before, the mean
    over bands, as float64[lags]: lag k stands at index k, a negative one from the end. Only ticks of `cause`
    in `where` count.

    All lags at once: each sum in Pearson's formula is itself a correlation, of masks, values and squares.
    """
    mask = where.astype(np.float64)[np.newaxis]
    x = (cause - cause[:, where].mean(axis=1, keepdims=True)) * mask
    y = effect - effect.mean(axis=1, keepdims=True)
    causes = np.conj(np.fft.rfft(np.concatenate((mask, x, x * x)), _FFT))
    effects = np.fft.rfft(np.concatenate((np.ones_like(mask), y, y * y)), _FFT)
    c_mask, c_x, c_xx = np.split(causes, (1, 1 + _BANDS))
    e_one, e_y, e_yy = np.split(effects, (1, 1 + _BANDS))
    products = (c_mask * e_one, c_x * e_one, c_xx * e_one, c_mask * e_y, c_mask * e_yy, c_x * e_y)
    sums = np.fft.irfft(np.concatenate(products), _FFT)[:, _LAGS]
    count = np.maximum(sums[0], 1.0)
    mx, mxx, my, myy, mxy = (sums[1:] / count).reshape(5, _BANDS, len(_LAGS))
    variance = (mxx - mx * mx) * (myy - my * my)
    alike = np.where(variance > _STEADY, (mxy - mx * my) / np.sqrt(np.maximum(variance, _STEADY)), 0.0)
    mean: Float64 = np.where(count >= KNOWN_TICKS / 2, alike.mean(axis=0), 0.0)
    return mean
