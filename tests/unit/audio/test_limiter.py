from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import resample_poly

from parvis.audio import Float32, Float64
from parvis.audio.limiter import CEILING, DELAY_SAMPLES, Limiter, true_peaks
from tests.unit.audio.signals import noise, residual_db, speech, to_float32, tone

HALF_LSB = 0.5 / 32768


def limited(wave: Float64, limiter: Limiter | None = None) -> Float64:
    """One output through the limiter, aligned with its input; its last 5 ms are missing."""
    limiter = limiter or Limiter(1)
    out = [limiter.step(tick[np.newaxis])[0] for tick in to_float32(wave).reshape(-1, 960)]
    return np.concatenate(out)[DELAY_SAMPLES:].astype(np.float64)


@st.composite
def loud_ticks(draw: st.DrawFn) -> Float32:
    """A few ticks of steps, bursts and spikes, up to +24 dBFS."""
    ticks = draw(st.integers(2, 5))
    held = draw(st.sampled_from([1, 3, 16, 60, 240, 960]))
    values = draw(arrays(np.float32, ticks * 960 // held, elements=st.floats(-16, 16, width=32)))
    return np.repeat(values, held)


@settings(max_examples=150, deadline=None)
@given(loud_ticks())
def test_nothing_goes_above_the_ceiling(wave: Float32) -> None:
    assert np.abs(limited(wave.astype(np.float64))).max() <= CEILING + HALF_LSB


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-30, -16))
def test_below_the_ceiling_every_bit_is_left_alone(seed: int, rms_dbfs: float) -> None:
    wave = np.clip(noise(rms_dbfs, 960 * 4, seed), -0.5, 0.5)
    assert (limited(wave) == to_float32(wave)[:-DELAY_SAMPLES]).all()


def test_a_tone_at_minus_one_and_a_half_is_transparent() -> None:
    wave = tone(997, -1.5, 960 * 20)
    assert (limited(wave) == to_float32(wave)[:-DELAY_SAMPLES]).all()


def test_true_peaks_stay_below_the_ceiling_too() -> None:
    # A tone at a quarter of the rate whose samples all miss its peaks, 3 dB above them.
    wave = tone(12_000, 4, 960 * 20, phase=np.pi / 4)
    out = limited(wave)
    assert np.abs(wave).max() < 10 ** (1.1 / 20)
    oversampled = resample_poly(out[4800:-4800], 8, 1)
    assert 20 * np.log10(np.abs(oversampled).max()) < -1 + 0.2


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_true_peaks_are_those_between_the_samples(quarters: int) -> None:
    # 8 kHz has six samples a period: three phases of it, by turns, at any quarter of a sample.
    wave = to_float32(tone(8000, 0, 960 + 11, phase=np.pi / 2 - quarters * np.pi / 12))
    peaks = true_peaks(wave[np.newaxis])
    assert peaks.shape == (1, 60)
    assert peaks.min() == pytest.approx(1, abs=0.01)


def test_an_overshoot_between_samples_is_found() -> None:
    wave = to_float32(tone(12_000, 0, 960 + 11, phase=np.pi / 4))
    assert np.abs(wave).max() == pytest.approx(0.707, abs=0.01)
    assert true_peaks(wave[np.newaxis]).min() == pytest.approx(1, abs=0.03)


def test_a_loud_tone_is_limited_without_distortion() -> None:
    out = limited(tone(997, 6, 960 * 100))
    assert residual_db(out[48_000:], 997) < -60


def test_loud_speech_keeps_its_shape() -> None:
    # What was limited differs from what came in by a gain that moves slowly: no clicks.
    wave = speech(-6, 250)
    out = limited(wave)
    wave = wave[: len(out)]
    assert np.abs(wave).max() > 1
    sounding = np.abs(wave) > 0.01
    gain = out[sounding] / wave[sounding]
    where = np.flatnonzero(sounding)
    neighbours = np.diff(where) == 1
    assert gain.min() < 0.9
    assert np.abs(np.diff(gain)[neighbours]).max() < 0.01


def test_it_lets_go_smoothly_and_within_a_second_and_a_half_wholly() -> None:
    wave = np.full(960 * 200, 0.25)
    wave[:4800] = 4
    gain = limited(wave)[4800:] / 0.25
    assert np.diff(gain).min() >= -1e-6
    assert np.diff(gain).max() < 1e-3
    after_120_ms = 1 - (1 - CEILING / 4) * np.exp(-1)
    assert gain[240 + 5760] == pytest.approx(after_120_ms, abs=0.02)
    assert (gain[72_000:] == 1).all()


def test_outputs_are_limited_apart() -> None:
    limiter = Limiter(2)
    loud, soft = to_float32(tone(997, 6, 9600)), to_float32(tone(440, -20, 9600))
    out = np.concatenate(
        [limiter.step(np.stack([loud, soft])[:, n : n + 960]) for n in range(0, 9600, 960)], axis=1
    )
    assert (out[1, DELAY_SAMPLES:] == soft[:-DELAY_SAMPLES]).all()
    assert np.abs(out[0]).max() <= CEILING + HALF_LSB


def test_one_output_at_a_time_gives_the_same_as_all_together() -> None:
    waves = [speech(level, 50) for level in (-3, -12, -30)]
    limiter = Limiter(3)
    together = [limiter.step(to_float32(np.stack(waves)[:, n : n + 960])) for n in range(0, 48_000, 960)]
    rows = np.concatenate(together, axis=1)[:, DELAY_SAMPLES:]
    for row, wave in zip(rows, waves, strict=True):
        assert np.abs(row - limited(wave)).max() < 1e-6


def test_reset_forgets_an_output() -> None:
    limiter = Limiter(2)
    limiter.step(np.full((2, 960), 8, dtype=np.float32))
    limiter.reset(0)
    after = limiter.step(np.full((2, 960), 0.25, dtype=np.float32))
    assert (after[0, :DELAY_SAMPLES] == 0).all()
    assert (after[0, DELAY_SAMPLES:] == 0.25).all()
    assert 0 < after[1, -1] < 0.25
