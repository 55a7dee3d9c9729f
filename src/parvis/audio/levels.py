"""How loud sound is: RMS and peak in dBFS, and the level 0…100 of docs/protocol.md §3.

0 dBFS is a full-scale square wave (RMS 1.0), so a full-scale sine has an RMS of −3.01 dBFS. Digital silence
is `SILENCE_DBFS`, not minus infinity, so that every result can be added and compared.
"""

from __future__ import annotations

import math

import numpy as np

from parvis.audio import FULL_SCALE, SILENCE_DBFS, Float32, Float64, Int16, Int64

_FLOOR_DBFS = -60.0


def dbfs(power: float) -> float:
    """Decibels of a mean square (1.0 is 0 dBFS), never below `SILENCE_DBFS`."""
    return max(10.0 * math.log10(power), SILENCE_DBFS) if power > 0 else SILENCE_DBFS


def dbfs_rows(power: Float64) -> Float64:
    """`dbfs` of each element."""
    tiny = 10.0 ** (SILENCE_DBFS / 10)
    decibels: Float64 = 10.0 * np.log10(np.maximum(power, tiny))
    return decibels


def rms_dbfs(samples: Int16) -> float:
    """RMS of int16[n]; an empty array is silence."""
    if samples.size == 0:
        return SILENCE_DBFS
    scaled = samples.astype(np.float64) / FULL_SCALE
    return dbfs(float(np.mean(scaled * scaled)))


def peak_dbfs(samples: Int16) -> float:
    """Largest magnitude in int16[n]; an empty array is silence."""
    if samples.size == 0:
        return SILENCE_DBFS
    peak = max(int(samples.max()), -int(samples.min())) / FULL_SCALE
    return dbfs(peak * peak)


def level(rms: float) -> int:
    """The protocol's level of an RMS in dBFS: 100 at 0, 0 at or below −60, linear in dB between."""
    return round(100 * min(max(1 - rms / _FLOOR_DBFS, 0.0), 1.0))


class LevelMeter:
    """Levels of all seats over a part: add ticks, then take."""

    def __init__(self, seats: int) -> None:
        self._energy = np.zeros(seats)
        self._samples = 0

    def add(self, samples: Float32) -> None:
        """One tick of the first seats, float32[rows ≤ seats, n]; the others are silent."""
        self._energy[: len(samples)] += np.einsum("ij,ij->i", samples, samples)
        self._samples += samples.shape[1]

    def take(self) -> Int64:
        """Levels 0…100, int64[seats], since the last take; all 0 when nothing was added."""
        if self._samples == 0:
            return np.zeros(len(self._energy), dtype=np.int64)
        rms = dbfs_rows(self._energy / self._samples)
        self._energy[:] = 0
        self._samples = 0
        return np.rint(100 * np.clip(1 - rms / _FLOOR_DBFS, 0, 1)).astype(np.int64)

    def reset(self, seat: int) -> None:
        """Forgets what a seat has added."""
        self._energy[seat] = 0
