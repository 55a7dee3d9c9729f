"""Signals whose every sample is known, and how far one lies behind another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from parvis.clock import PART_SAMPLES, SAMPLE_RATE_HZ

Int16 = NDArray[np.int16]

SILK_LEAD_SAMPLES = 3
"""The most by which libopus's speech modes run early (62 µs); its other modes and AAC are exact."""


def music(seconds: float) -> Int16:
    """0.32 s of silence, so that decoders are in step, then struck chords under a rising tone."""
    t = np.arange(int(seconds * SAMPLE_RATE_HZ) - PART_SAMPLES) / SAMPLE_RATE_HZ
    struck = np.exp(-3 * ((2 * t) % 1))
    chord = sum(np.sin(2 * np.pi * f * t) for f in (261.6, 329.6, 392.0, 523.3, 1046.5, 3000.0)) * struck
    sweep = signal.chirp(t, 300, max(seconds, 1), 7000)
    sound = np.asarray(0.08 * 32_767 * (chord + sweep), np.int16)
    return np.concatenate([np.zeros(PART_SAMPLES, np.int16), sound])


def voice(seconds: float) -> Int16:
    """Something like a vowel: a pulse train of wandering pitch through three formants, in syllables."""
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    pitch_hz = 120 + 25 * np.sin(2 * np.pi * 0.7 * t)
    sound = signal.sawtooth(2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ)
    for formant_hz, width_hz in ((600, 80), (1200, 100), (2500, 150)):
        radius = np.exp(-np.pi * width_hz / SAMPLE_RATE_HZ)
        angle = 2 * np.pi * formant_hz / SAMPLE_RATE_HZ
        sound = signal.lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], sound)
    sound *= np.sin(2 * np.pi * 2 * t) ** 2
    return np.asarray(0.6 * 32_767 * sound / np.abs(sound).max(), np.int16)


def lag_samples(heard: Int16, said: Int16) -> int:
    """How many samples `heard` lies behind `said`, by cross-correlation over their common length."""
    length = min(len(heard), len(said))
    a, b = heard[:length].astype(float), said[:length].astype(float)
    return int(np.argmax(signal.correlate(a, b, method="fft"))) - (length - 1)


def snr_db(heard: Int16, said: Int16) -> float:
    """Signal to noise, sample by sample, over their common length."""
    length = min(len(heard), len(said))
    a, b = heard[:length].astype(float), said[:length].astype(float)
    return float(10 * np.log10(np.sum(b**2) / np.sum((a - b) ** 2)))
