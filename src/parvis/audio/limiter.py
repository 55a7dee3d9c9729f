"""Look-ahead limiter: no output goes above −1 dBFS true peak, and below that every bit is left alone.

For each output, in blocks of 16 samples:

1. The true peak of the block: the largest of its samples and of three points interpolated between each two
   (ITU-R BS.1770-5 Annex 2: four times oversampled), since encoders and converters meet those too.
2. The *reduction* it asks for: 0 where it is below the ceiling, 0.5 where the gain must be halved.
3. Held for the look-ahead, then released exponentially over 120 ms: `d[n] = max(h[n], α · d[n−1])`. In
   units of αⁿ that recursion is a running maximum, which NumPy has.
4. Averaged over the look-ahead and drawn as a straight line from block to block: the gain bends gently
   towards each peak and is never late, for what is held covers the whole average and both ends of the line.

The sound is delayed by `DELAY_SAMPLES` (5 ms) always, so going in and out of limiting moves nothing.
An output of which nothing comes within 6 dB of the ceiling costs a copy.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from parvis.audio import FULL_SCALE, Bool, Float32
from parvis.clock import SAMPLE_RATE_HZ, TICK_SAMPLES

CEILING: Final = 29_204 / FULL_SCALE
"""−1 dBFS, rounded down to a whole int16."""
DELAY_SAMPLES: Final = 240
"""What the limiter adds: 5 ms."""

_BLOCK: Final = 16
_BLOCKS: Final = TICK_SAMPLES // _BLOCK
_AHEAD: Final = DELAY_SAMPLES // _BLOCK - 1
"""Blocks of look-ahead: one of the delay is for the interpolator, which must see six samples more."""
_TAPS: Final = 12
_CENTRE: Final = _TAPS // 2 - 1
_PHASES: Final = (0.0, 0.25, 0.5, 0.75)
_FIRST_PEAK: Final = _AHEAD * _BLOCK - _CENTRE
_RELEASE_BLOCKS: Final = 0.120 * SAMPLE_RATE_HZ / _BLOCK
_INAUDIBLE: Final = 1e-5
_WATCH: Final = CEILING / 2


def _interpolator() -> Float32:
    """A FIR for each phase and each place in a block, as one matrix [phases × 16, 16 + 11]: a block of
    samples in, the points at and between them out. One product is far faster than 48 shifted sums."""
    matrix = np.zeros((len(_PHASES), _BLOCK, _BLOCK + _TAPS - 1))
    for phase, fraction in enumerate(_PHASES):
        distance = np.arange(_TAPS) - _CENTRE - fraction
        taps = np.sinc(distance) * np.cos(np.pi * distance / (_TAPS + 1)) ** 2
        for place in range(_BLOCK):
            matrix[phase, place, place : place + _TAPS] = taps / taps.sum()
    return matrix.reshape(-1, _BLOCK + _TAPS - 1).astype(np.float32)


_INTERPOLATOR = _interpolator()
_DECAY: Float32 = np.exp(-np.arange(_BLOCKS) / _RELEASE_BLOCKS).astype(np.float32)
_DECAY_ONE: Final = float(np.exp(-1 / _RELEASE_BLOCKS))
_LINE: Float32 = (np.arange(_BLOCK) / _BLOCK).astype(np.float32)
_MEAN: Float32 = np.stack([np.eye(_AHEAD + _BLOCKS, _BLOCKS + 1, -n) for n in range(_AHEAD)]).mean(
    axis=0, dtype=np.float32
)
"""Averages each `_AHEAD` neighbours: [_AHEAD + _BLOCKS, _BLOCKS + 1]."""


def true_peaks(samples: Float32) -> Float32:
    """True peak of each block of 16 samples: float32[rows, 16 n + 11] gives float32[rows, n].

    The first block begins at column 5: five samples before and six after a block are needed.
    """
    windows = sliding_window_view(samples, _BLOCK + _TAPS - 1, axis=1)[:, ::_BLOCK]
    # One small product a row: BLAS would wake a thread on every core for a single large one.
    points = np.matmul(_INTERPOLATOR, np.ascontiguousarray(windows.transpose(0, 2, 1)))
    peaks: Float32 = np.abs(points, out=points)
    while peaks.shape[1] > 1:  # 64 is a power of two; halving whole rows is quicker than max(axis=1)
        half = peaks.shape[1] // 2
        peaks = np.maximum(peaks[:, :half], peaks[:, half:])
    return peaks[:, 0]


class Limiter:
    """Limits all outputs of one Space, each on its own."""

    def __init__(self, outputs: int) -> None:
        self._sound: Float32 = np.zeros((outputs, DELAY_SAMPLES + TICK_SAMPLES), dtype=np.float32)
        self._asked: Float32 = np.zeros((outputs, _AHEAD), dtype=np.float32)
        self._reduction: Float32 = np.zeros((outputs, _AHEAD), dtype=np.float32)
        self._limiting: Bool = np.zeros(outputs, dtype=np.bool_)

    def step(self, samples: Float32) -> Float32:
        """Takes a tick of each output, float32[outputs, 960] of any level, and returns, as a new array, the
        one of 5 ms ago within ±`CEILING`. Fewer outputs are the first; `reset` the others before they come
        again."""
        sound = self._sound[: len(samples)]
        sound[:, :DELAY_SAMPLES] = sound[:, TICK_SAMPLES:]
        sound[:, DELAY_SAMPLES:] = samples
        limited: Float32 = sound[:, :TICK_SAMPLES].copy()
        recent = sound[:, _FIRST_PEAK : _FIRST_PEAK + TICK_SAMPLES + _TAPS - 1]
        loud = np.maximum(recent.max(axis=1), -recent.min(axis=1)) > _WATCH
        rows = np.flatnonzero(loud | self._limiting[: len(samples)])
        if rows.size:
            limited[rows] *= self._gain(rows, true_peaks(recent[rows]))
        return limited

    def _gain(self, rows: np.ndarray[tuple[int], np.dtype[np.intp]], peaks: Float32) -> Float32:
        """Gain of each sample to put out, float32[rows, 960]."""
        asked: Float32 = np.concatenate((self._asked[rows], 1 - CEILING / np.maximum(peaks, CEILING)), axis=1)
        held = _sliding_max(asked, _AHEAD + 1)
        held[:, 0] = np.maximum(held[:, 0], self._reduction[rows, -1] * _DECAY_ONE)
        released = np.maximum.accumulate(held / _DECAY, axis=1) * _DECAY
        released[released < _INAUDIBLE] = 0
        reduction = np.concatenate((self._reduction[rows], released), axis=1)
        self._asked[rows] = asked[:, _BLOCKS:]
        self._reduction[rows] = reduction[:, _BLOCKS:]
        self._limiting[rows] = self._reduction[rows].any(axis=1) | self._asked[rows].any(axis=1)

        node = 1 - reduction @ _MEAN
        gain: Float32 = np.diff(node, axis=1)[:, :, np.newaxis] * _LINE
        gain += node[:, :-1, np.newaxis]
        return gain.reshape(len(rows), TICK_SAMPLES)

    def reset(self, output: int) -> None:
        """Forgets an output: somebody else takes its row."""
        for state in (self._sound, self._asked, self._reduction):
            state[output] = 0
        self._limiting[output] = False


def _sliding_max(rows: Float32, width: int) -> Float32:
    """Largest of each `width` neighbours, by doubling."""
    done = 1
    while done < width:
        step = min(done, width - done)
        rows = np.maximum(rows[:, step:], rows[:, :-step])
        done += step
    return rows
