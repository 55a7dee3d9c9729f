from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from parvis.audio import SILENCE_DBFS, Float64
from parvis.audio.loudness import HIGH_PASS, OFFSET_LU, SHELF, k_power, k_weight, lufs
from tests.unit.audio.signals import noise, speech, to_float32, tone


def by_recursion(wave: Float64) -> float:
    """LUFS by the two biquads of BS.1770-5, sample by sample."""
    for numerator, denominator in (SHELF, HIGH_PASS):
        wave = lfilter(numerator, denominator, wave)
    return OFFSET_LU + 10 * float(np.log10(np.mean(wave**2)))


def by_ticks(wave: Float64) -> float:
    return float(lufs(np.array([k_power(to_float32(wave.reshape(-1, 960))).mean()]))[0])


def test_the_sine_of_the_standard_reads_as_its_rms() -> None:
    assert by_ticks(tone(997, 0, 48_000)) == pytest.approx(-3.01, abs=0.05)


def test_weights_are_those_of_the_standards_curve() -> None:
    # BS.1770-5 figures 2 and 4: +4 dB at the top, 0 at 1 kHz (with the offset), a steep loss in the bass.
    weight_db = 10 * np.log10(k_weight(np.array([20.0, 38.0, 1000.0, 10_000.0])))
    assert weight_db == pytest.approx([-13.5, -5.9, 0.7, 4.0], abs=0.4)


@pytest.mark.parametrize("voice", ["en", "en+f3", "fr"])
def test_speech_comes_within_a_tenth_of_the_recursion(voice: str) -> None:
    wave = speech(-25, 300, voice)
    assert by_ticks(wave) == pytest.approx(by_recursion(wave), abs=0.1)


@pytest.mark.parametrize("hum_hz", [50.0, 60.0, 120.0])
def test_hum_comes_within_a_unit_of_the_recursion(hum_hz: float) -> None:
    wave = tone(hum_hz, -20, 48_000)
    assert by_ticks(wave) == pytest.approx(by_recursion(wave), abs=1)


def test_white_noise_comes_within_a_tenth_of_the_recursion() -> None:
    wave = noise(-30, 96_000, seed=3)
    assert by_ticks(wave) == pytest.approx(by_recursion(wave), abs=0.1)


@pytest.mark.parametrize("frequency_hz", [1000, 23_950, 24_000])
def test_every_bin_has_its_weight(frequency_hz: float) -> None:
    wave = tone(frequency_hz, -20, 48_000, phase=0.5)
    assert by_ticks(wave) == pytest.approx(by_recursion(wave), abs=0.05)


def test_seats_are_measured_apart_and_silence_is_a_number() -> None:
    rows = np.stack([tone(997, -10, 960), np.zeros(960), tone(997, -30, 960)])
    measured = lufs(k_power(to_float32(rows)))
    assert measured[0] - measured[2] == pytest.approx(20, abs=0.01)
    assert measured[1] == pytest.approx(SILENCE_DBFS)
