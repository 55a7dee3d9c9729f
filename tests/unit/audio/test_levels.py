from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.audio import SILENCE_DBFS, levels
from tests.unit.audio.signals import to_float32, to_int16, tone


def test_a_full_scale_sine_has_an_rms_of_minus_3_dbfs_and_a_peak_of_0() -> None:
    sine = to_int16(tone(1000, 0, 48_000))
    assert levels.rms_dbfs(sine) == pytest.approx(-3.01, abs=0.01)
    assert levels.peak_dbfs(sine) == pytest.approx(0, abs=0.01)


def test_a_full_scale_square_is_0_dbfs() -> None:
    assert levels.rms_dbfs(np.full(960, -32_768, dtype=np.int16)) == 0
    assert levels.peak_dbfs(np.full(960, -32_768, dtype=np.int16)) == 0


@pytest.mark.parametrize("samples", [0, 960])
def test_silence_is_a_number(samples: int) -> None:
    silence = np.zeros(samples, dtype=np.int16)
    assert levels.rms_dbfs(silence) == levels.peak_dbfs(silence) == SILENCE_DBFS


@pytest.mark.parametrize(
    ("rms", "expected"), [(0, 100), (-30, 50), (-60, 0), (-59.8, 0), (-59.4, 1), (-90, 0), (3, 100)]
)
def test_level_is_linear_in_decibels_from_minus_60(rms: float, expected: int) -> None:
    assert levels.level(rms) == expected


@given(st.floats(-200, 20))
def test_level_stays_in_its_range(rms: float) -> None:
    assert 0 <= levels.level(rms) <= 100


def test_the_meter_tells_each_seats_level_over_all_it_was_given() -> None:
    meter = levels.LevelMeter(3)
    loud = tone(1000, -10, 960)
    for wave in (loud, np.zeros(960)):
        meter.add(to_float32(np.stack([loud, wave, np.zeros(960)])))
    first = -10 - 10 * math.log10(2)
    second = first - 10 * math.log10(2)
    assert meter.take().tolist() == [levels.level(first), levels.level(second), 0]


def test_taking_and_resetting_begin_anew() -> None:
    meter = levels.LevelMeter(2)
    assert meter.take().tolist() == [0, 0]
    meter.add(np.full((2, 960), 0.5, dtype=np.float32))
    meter.reset(0)
    assert meter.take().tolist() == [0, levels.level(levels.dbfs(0.25))]
    meter.add(np.full((2, 960), 0.5, dtype=np.float32))
    assert meter.take().tolist() == [levels.level(levels.dbfs(0.25))] * 2
    assert meter.take().tolist() == [0, 0]
