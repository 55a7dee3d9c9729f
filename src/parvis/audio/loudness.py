"""Loudness of a tick as ears weigh it: K-weighting of ITU-R BS.1770-5 Annex 1, for all seats at once.

The standard runs two biquads over the samples, which is a loop that Python cannot afford 13 × 48,000 times a
second. A mean square needs no samples, only a spectrum (Parseval): one real FFT of the tick, each bin
weighted by |H(f)|² of those same two biquads. Speech comes within 0.1 LU of the recursion
(docs/decisions/0006).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from parvis.audio import SILENCE_DBFS, Float32, Float64
from parvis.clock import SAMPLE_RATE_HZ, TICK_SAMPLES

OFFSET_LU: Final = -0.691
"""BS.1770-5 §Annex 1: makes a 997 Hz sine read as its RMS."""

SHELF: Final = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
"""BS.1770-5 table 1: the head, at 48 kHz (numerator, denominator)."""
HIGH_PASS: Final = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""BS.1770-5 table 2: what ears lose below 100 Hz, at 48 kHz."""


def k_weight(frequency_hz: Float64) -> Float64:
    """|H(f)|² of the two filters in a row: by how much they change a power at each frequency."""
    z = np.exp(-2j * np.pi * frequency_hz / SAMPLE_RATE_HZ)
    powers = np.stack([np.ones_like(z), z, z * z])
    gain = np.ones_like(z)
    for numerator, denominator in (SHELF, HIGH_PASS):
        gain *= (np.array(numerator) @ powers) / (np.array(denominator) @ powers)
    weight: Float64 = np.abs(gain) ** 2
    return weight


def _bin_weights() -> Float32:
    """Weight of each real and imaginary part of a tick's rfft, in the order they lie in memory."""
    bins = np.arange(TICK_SAMPLES // 2 + 1, dtype=np.float64)
    weights = k_weight(bins * (SAMPLE_RATE_HZ / TICK_SAMPLES)) / TICK_SAMPLES**2
    weights[1:-1] *= 2  # the mirror half that rfft leaves out
    return np.repeat(weights, 2).astype(np.float32)


_WEIGHTS = _bin_weights()


def k_power(samples: Float32) -> Float64:
    """K-weighted mean square of float32[seats, 960], as float64[seats]."""
    parts = np.fft.rfft(samples, axis=1).view(np.float32)
    np.multiply(parts, parts, out=parts)
    # Not `@`: BLAS would wake a thread on every core for it.
    power: Float64 = np.einsum("ij,j->i", parts, _WEIGHTS).astype(np.float64)
    return power


def lufs(power: Float64) -> Float64:
    """Loudness in LUFS of K-weighted mean squares; silence is `SILENCE_DBFS`."""
    tiny = 10.0 ** ((SILENCE_DBFS - OFFSET_LU) / 10)
    loudness: Float64 = OFFSET_LU + 10.0 * np.log10(np.maximum(power, tiny))
    return loudness
