"""Signals that a test puts in at a microphone and looks for at an ear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from parvis.clock import SAMPLE_RATE_HZ

Int16 = NDArray[np.int16]


def tone(frequency_hz: float, seconds: float, *, peak: int = 8000) -> Int16:
    """A sine, int16[n], with 10 ms of fade at both ends."""
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    fade = np.clip(np.minimum(t, seconds - t) / 0.010, 0, 1)
    return (peak * fade * np.sin(2 * np.pi * frequency_hz * t)).astype(np.int16)


def power_db(samples: Int16, frequency_hz: float, *, width_hz: float = 20.0) -> float:
    """Power around a frequency, dB relative to a full-scale sine."""
    if len(samples) < 4800:
        return -200.0
    window = np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(samples / 32768 * window)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    near = np.abs(frequencies - frequency_hz) <= width_hz
    full_scale = (window.sum() / 2) ** 2 * 1.5
    return float(10 * np.log10(spectrum[near].sum() / full_scale + 1e-20))


def clicks(at_s: list[float], seconds: float, *, peak: int = 20_000) -> Int16:
    """Short bursts (2 ms of 2 kHz) that begin at the given seconds."""
    out = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.int16)
    burst = (peak * np.sin(2 * np.pi * 2000 * np.arange(96) / SAMPLE_RATE_HZ)).astype(np.int16)
    for second in at_s:
        start = int(second * SAMPLE_RATE_HZ)
        out[start : start + 96] = burst
    return out


def onsets(samples: Int16, *, threshold: float = 0.3, apart_s: float = 0.2) -> list[float]:
    """Seconds at which sound rises above a share of its highest peak, at least `apart_s` from one another."""
    loud = np.flatnonzero(
        np.abs(samples.astype(np.int32)) > threshold * np.abs(samples.astype(np.int32)).max()
    )
    found: list[float] = []
    for index in loud:
        second = index / SAMPLE_RATE_HZ
        if not found or second - found[-1] > apart_s:
            found.append(second)
    return found


HOP = 240


def strength(samples: Int16, frequency_hz: float) -> NDArray[np.float64]:
    """How loud a frequency is in each 20 ms, one every 5 ms (`HOP` samples); of what, only ratios say."""
    window = 960
    probe = np.exp(-2j * np.pi * frequency_hz * np.arange(window) / SAMPLE_RATE_HZ) * np.hanning(window)
    found: NDArray[np.float64] = np.abs(
        np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), window)[::HOP] @ probe
    )
    return found


def beginnings(samples: Int16, frequency_hz: float, *, silence_s: float = 0.3) -> list[float]:
    """Seconds at which a tone of this frequency begins, each after `silence_s` without it; to about 10 ms."""
    loudness = strength(samples, frequency_hz)
    loud = loudness > 0.25 * np.percentile(loudness, 95)
    found: list[float] = []
    quiet_hops = 0
    for number, is_loud in enumerate(loud):
        if is_loud and quiet_hops * HOP >= silence_s * SAMPLE_RATE_HZ:
            found.append(number * HOP / SAMPLE_RATE_HZ)
        quiet_hops = 0 if is_loud else quiet_hops + 1
    return found
