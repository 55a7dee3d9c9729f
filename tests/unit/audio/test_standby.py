import numpy as np
import pytest

from parvis.audio import FULL_SCALE, Int16
from parvis.audio.loudness import k_power, lufs
from parvis.audio.standby import (
    JOIN_SAMPLES,
    LOOP_MAX_LUFS,
    NOTICE_PERIOD_TICKS,
    TONE_LUFS,
    Loop,
    Notice,
    Silence,
    Standby,
    Tone,
    in_ticks,
    looped,
    loudness_lufs,
)
from parvis.clock import SAMPLE_RATE_HZ
from tests.unit.audio.signals import speech, to_int16, tone

NUMBER = 1_800_000_000 * 50
"""A tick of the year 2027."""


def taken(standby: Standby, ticks: int) -> Int16:
    return np.concatenate([standby.next_tick() for _ in range(ticks)])


def largest_step(sound: Int16) -> int:
    return int(np.abs(np.diff(sound.astype(np.int32))).max())


def test_silence_is_silent() -> None:
    assert not taken(Silence(), 3).any()


def test_the_tone_is_soft_and_even() -> None:
    sound = taken(Tone(NUMBER), 3000)
    assert loudness_lufs(sound) == pytest.approx(TONE_LUFS, abs=1.0)
    power = k_power(in_ticks((sound / FULL_SCALE).astype(np.float32)))
    each_3_s = lufs(power.reshape(-1, 150).mean(axis=1))
    assert each_3_s.min() > TONE_LUFS - 5
    assert each_3_s.max() < TONE_LUFS + 5
    assert np.abs(sound).max() < 0.25 * FULL_SCALE


def test_the_tone_has_no_step_between_ticks() -> None:
    sound = taken(Tone(NUMBER), 500)
    steps = np.abs(np.diff(sound.astype(np.int32)))
    assert steps[959::960].max() <= steps.max()
    assert largest_step(sound) < 250, "the steepest that this chord rises at this level"


def test_another_stage_goes_on_in_the_same_swell() -> None:
    one = taken(Tone(NUMBER), 100)
    assert (taken(Tone(NUMBER + 60), 40) == one[60 * 960 :]).all()
    assert not (taken(Tone(NUMBER + 61), 40) == one[60 * 960 :]).all()


def test_the_tone_goes_on_without_a_step_after_its_ten_minutes() -> None:
    turn = NUMBER // 30_000 * 30_000
    assert largest_step(taken(Tone(turn - 5), 10)) < 250


def test_a_notice_is_said_at_once_and_each_20_s_over_the_tone() -> None:
    sentence = to_int16(speech(-20, 150))
    sound = in_ticks(
        (taken(Notice(sentence, NUMBER), 2 * NOTICE_PERIOD_TICKS) / FULL_SCALE).astype(np.float32)
    )
    loudness = lufs(k_power(sound))
    for start in (0, NOTICE_PERIOD_TICKS):
        said = loudness[start : start + 150]
        after = loudness[start + 200 : start + NOTICE_PERIOD_TICKS]
        assert said.max() > -20
        assert after.max() < -24
        assert after.mean() == pytest.approx(TONE_LUFS, abs=2)
    alike = np.corrcoef(sound[:150].ravel(), sentence[: 150 * 960])[0, 1]
    assert alike > 0.95, "the tone steps back while it is said"


def test_a_notice_longer_than_its_period_is_not_cut() -> None:
    sentence = to_int16(speech(-20, NOTICE_PERIOD_TICKS + 100))
    notice = taken(Notice(sentence, NUMBER), NOTICE_PERIOD_TICKS + 100)
    assert np.corrcoef(notice[-96_000:], sentence[-96_000:])[0, 1] > 0.9


def test_a_loop_joins_without_a_click() -> None:
    seconds = 1.37  # the end falls in the middle of a period
    circle = looped(to_int16(tone(441.3, -30, int(seconds * SAMPLE_RATE_HZ))))
    sound = taken(Loop(circle), 500)
    bare = 2 * np.pi * 441.3 / SAMPLE_RATE_HZ * 10 ** (-30 / 20) * FULL_SCALE
    assert largest_step(sound) < 1.6 * bare, "two sines laid over each other, never a jump"
    assert (sound[: len(circle)] == np.roll(circle, -JOIN_SAMPLES)).all()
    assert (sound[len(circle) : 2 * len(circle)] == sound[: len(circle)]).all()


def test_a_loud_loop_is_turned_down_and_a_soft_one_left() -> None:
    loud, soft = (looped(to_int16(speech(level, 200))) for level in (-10, -40))
    assert loudness_lufs(loud) == pytest.approx(LOOP_MAX_LUFS, abs=0.3)
    assert loudness_lufs(soft) < -36


def test_a_silent_loop_is_silence() -> None:
    assert not taken(Loop(looped(np.zeros(SAMPLE_RATE_HZ, np.int16))), 100).any()
