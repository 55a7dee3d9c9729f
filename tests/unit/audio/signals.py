"""Sound for the tests: tones, noise, and real speech by espeak-ng, all the same in every run."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from math import gcd
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

from parvis.audio import FULL_SCALE, Bool, Float32, Float64, Int16
from parvis.clock import SAMPLE_RATE_HZ, TICK_SAMPLES

_SENTENCES = (
    "Good evening, and welcome to the square, tonight we talk about the budget.",
    "Our guest has read all of it, which is more than most of us can say.",
    "Please raise your hand when you want to ask, and keep it short.",
)
_PAUSE_SAMPLES = int(1.2 * SAMPLE_RATE_HZ)


def tone(frequency_hz: float, peak_dbfs: float, samples: int, phase: float = 0.0) -> Float64:
    """A sine with full scale at 1.0."""
    time_s = np.arange(samples) / SAMPLE_RATE_HZ
    wave: Float64 = 10 ** (peak_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * time_s + phase)
    return wave


def noise(rms_dbfs: float, samples: int, seed: int) -> Float64:
    """White noise with full scale at 1.0."""
    wave: Float64 = np.random.default_rng(seed).standard_normal(samples) * 10 ** (rms_dbfs / 20)
    return wave


@cache
def _spoken(voice: str) -> Float64:
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        for sentence in _SENTENCES:
            subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(file), sentence], check=True)
            rate_hz, sound = wavfile.read(file)
            common = gcd(SAMPLE_RATE_HZ, rate_hz)
            parts.append(resample_poly(sound / FULL_SCALE, SAMPLE_RATE_HZ // common, rate_hz // common))
            parts.append(np.zeros(_PAUSE_SAMPLES))
    return np.concatenate(parts)


def speech(rms_dbfs: float, ticks: int, voice: str = "en") -> Float64:
    """Speech, repeated to the length, whose RMS where it sounds (20 dB below its loudest tick) is as told.

    A sentence of 3 to 4 s, a pause of 1.2 s, and so on.
    """
    spoken = _spoken(voice)
    samples = ticks * TICK_SAMPLES
    wave = np.tile(spoken, samples // len(spoken) + 1)[:samples]
    power = (spoken[: len(spoken) // TICK_SAMPLES * TICK_SAMPLES].reshape(-1, TICK_SAMPLES) ** 2).mean(axis=1)
    active = power[power > power.max() * 0.01].mean()
    return wave * 10 ** (rms_dbfs / 20) / float(np.sqrt(active))


def pauses(ticks: int, voice: str = "en") -> Bool:
    """Ticks of `speech` that lie in a pause: nothing said in them, nor for 800 ms before and 40 ms after."""
    said = np.abs(speech(-20, ticks, voice).reshape(ticks, TICK_SAMPLES)).max(axis=1) > 1e-4
    quiet: Bool = ~said
    for shift in range(-2, 41):
        quiet &= ~np.roll(said, shift)
    quiet[:60] = False
    return quiet


def to_int16(wave: Float64) -> Int16:
    """Rounded, clipped to the range."""
    return np.clip(np.rint(wave * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def to_float32(wave: Float64) -> Float32:
    return wave.astype(np.float32)


def rms_db(wave: Float64) -> float:
    return float(10 * np.log10(np.mean(wave**2) + 1e-30))


def in_ticks(wave: Int16) -> Int16:
    """int16[ticks, 960]."""
    return wave[: len(wave) // TICK_SAMPLES * TICK_SAMPLES].reshape(-1, TICK_SAMPLES)


def residual_db(sound: Float64, frequency_hz: float) -> float:
    """Power of all that is not the sine of this frequency, against that sine: THD + noise."""
    angle = 2 * np.pi * frequency_hz * np.arange(len(sound)) / SAMPLE_RATE_HZ
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    weights = np.linalg.lstsq(basis, sound, rcond=None)[0]
    sine = basis @ weights
    return rms_db(sound - sine) - rms_db(sine)
