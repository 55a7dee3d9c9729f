from __future__ import annotations

import numpy as np
import pytest

from parvis.audio import Float64, Int16
from parvis.audio.levelling import GAIN_MAX_DB, GAIN_MIN_DB, TARGET_LUFS, Levelling
from parvis.audio.loudness import OFFSET_LU, k_power, lufs
from parvis.audio.mixer import Mix
from tests.unit.audio.signals import in_ticks, noise, pauses, rms_db, speech, to_float32, to_int16

SECOND = 50
YES = np.array([True])
NO = np.array([False])


def power(loudness_lufs: float) -> Float64:
    return np.array([10 ** ((loudness_lufs - OFFSET_LU) / 10)])


def through_mix(wave: Float64) -> tuple[Float64, Mix]:
    """What the audience hears of a seat alone, aligned with what it sent."""
    mix = Mix(1)
    out = [mix.step(tick[np.newaxis], YES).program for tick in in_ticks(to_int16(wave))]
    sound: Int16 = np.concatenate([*out, np.zeros(240, dtype=np.int16)])[240:]
    return sound / 32768, mix


def gated_lufs(wave: Float64) -> float:
    """Gated loudness of BS.1770-5, over ticks."""
    powers = k_power(to_float32(wave.reshape(-1, 960)))
    powers = powers[lufs(powers) > -70]
    powers = powers[powers > powers.mean() / 10]
    return float(lufs(powers.mean(keepdims=True))[0])


@pytest.mark.parametrize("voice", ["en", "en+f3", "fr"])
def test_a_voice_at_minus_40_and_one_at_minus_12_are_alike_after_10_s(voice: str) -> None:
    heard = []
    for level in (-40, -12):
        wave = speech(level, 16 * SECOND, voice) + noise(-75, 960 * 16 * SECOND, seed=1)
        heard.append(gated_lufs(through_mix(wave)[0][10 * SECOND * 960 :]))
    assert abs(heard[0] - heard[1]) < 2
    assert heard == pytest.approx([TARGET_LUFS, TARGET_LUFS], abs=2)


def test_the_noise_between_phrases_is_not_raised() -> None:
    ticks = 20 * SECOND
    wave = speech(-40, ticks) + noise(-62, 960 * ticks, seed=6)
    out, mix = through_mix(wave)
    assert mix.gain_db[0] > 10, "the voice itself is raised"
    pause = pauses(ticks)
    pause[: 10 * SECOND] = False
    assert pause.any()
    before, after = wave.reshape(ticks, 960)[pause], out.reshape(ticks, 960)[pause]
    assert rms_db(after) == pytest.approx(rms_db(before), abs=0.3)


def test_a_long_pause_moves_nothing() -> None:
    levelling = Levelling(1)
    for _ in range(10 * SECOND):
        levelling.step(power(-35), YES, YES)
    before = levelling.gain_db.copy()
    for _ in range(60 * SECOND):
        levelling.step(power(-60), NO, NO)
    assert levelling.gain_db == before


def test_the_boost_closes_in_a_pause_and_is_back_with_the_next_word() -> None:
    levelling = Levelling(1)
    for _ in range(10 * SECOND):
        applied = levelling.step(power(-35), YES, YES)
    boost = applied[0]
    assert boost == pytest.approx(16, abs=0.2)
    closing = [levelling.step(power(-60), NO, NO)[0] for _ in range(20)]
    assert closing[0] > boost - 2
    assert closing == sorted(closing, reverse=True)
    assert closing[-1] == 0
    assert levelling.step(power(-35), YES, YES)[0] == pytest.approx(boost, abs=0.1)


def test_a_cut_stays_in_a_pause() -> None:
    levelling = Levelling(1)
    for _ in range(10 * SECOND):
        applied = levelling.step(power(-11), YES, YES)
    cut = applied[0]
    assert cut == pytest.approx(-8, abs=0.2)
    for _ in range(SECOND):
        applied = levelling.step(power(-60), NO, NO)
    assert applied[0] == cut


def test_gain_goes_down_quicker_than_up() -> None:
    up, down = Levelling(1), Levelling(1)
    for _ in range(SECOND):
        up.step(power(-39), YES, YES)
        down.step(power(-9), YES, YES)
    assert 1.5 < up.gain_db[0] < 4
    assert -8 < down.gain_db[0] < -4


@pytest.mark.parametrize(("loudness_lufs", "limit_db"), [(-70, GAIN_MAX_DB), (0, GAIN_MIN_DB)])
def test_gain_stays_in_its_range(loudness_lufs: float, limit_db: float) -> None:
    levelling = Levelling(1)
    for _ in range(30 * SECOND):
        levelling.step(power(loudness_lufs), YES, YES)
    assert levelling.gain_db[0] == pytest.approx(limit_db, abs=0.01)


def test_a_single_cough_moves_little() -> None:
    levelling = Levelling(1)
    for _ in range(10 * SECOND):
        levelling.step(power(-19), YES, YES)
    for _ in range(5):
        levelling.step(power(-5), YES, YES)
    assert abs(levelling.gain_db[0]) < 1.2


def test_speech_keeps_its_own_dynamics() -> None:
    wave = speech(-25, 30 * SECOND)
    mix = Mix(1)
    gains = []
    for tick in in_ticks(to_int16(wave)):
        mix.step(tick[np.newaxis], YES)
        gains.append(mix.gain_db[0])
    settled = np.array(gains[15 * SECOND :])
    assert settled.max() - settled.min() < 3


def test_reset_begins_a_seat_anew() -> None:
    levelling = Levelling(2)
    both = np.array([True, True])
    for _ in range(5 * SECOND):
        levelling.step(np.repeat(power(-35), 2), both, both)
    levelling.reset(0)
    assert levelling.gain_db[0] == 0
    assert levelling.gain_db[1] > 10
    assert levelling.step(np.repeat(power(-35), 2), both, both)[0] == 0
