from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from parvis.audio import Int16
from parvis.audio.splice import Splice, cross_faded, ending, faded_in, lengthened, mirrored, shortened
from tests.unit.audio.signals import noise, residual_db, speech, to_int16, tone

LOUD = 10 ** (-6 / 20) * 32768


def steepest(frequency_hz: float) -> float:
    return float(2 * np.pi * frequency_hz / 48_000 * LOUD)


def largest_step(*sounds: Int16) -> int:
    return int(np.abs(np.diff(np.concatenate(sounds).astype(np.int64))).max())


@pytest.mark.parametrize("frequency_hz", [150, 240, 480, 1000, 2400])
def test_a_tone_goes_on_without_a_seam_when_shortened(frequency_hz: float) -> None:
    sound = to_int16(tone(frequency_hz, -6, 4 * 960))
    splice = shortened(sound)
    whole = np.concatenate((splice.tick, sound[splice.consumed :]))
    assert 1080 <= splice.consumed <= 1440
    assert splice.mismatch < 1e-3
    assert residual_db(whole / 32768, frequency_hz) < -40


@pytest.mark.parametrize("frequency_hz", [150, 240, 480, 1000, 2400])
def test_a_tone_goes_on_without_a_seam_when_lengthened(frequency_hz: float) -> None:
    sound = to_int16(tone(frequency_hz, -6, 4 * 960))
    splice = lengthened(sound)
    whole = np.concatenate((splice.tick, sound[splice.consumed :]))
    assert 480 <= splice.consumed <= 840
    assert splice.mismatch < 1e-3
    assert residual_db(whole / 32768, frequency_hz) < -40


@pytest.mark.parametrize("make", [shortened, lengthened])
def test_what_is_kept_joins_what_comes_after(make: Callable[[Int16], Splice]) -> None:
    sound = np.arange(1500, dtype=np.int16)
    splice = make(sound)
    assert splice.tick[0] == 0
    assert splice.tick[-1] == splice.consumed - 1


@pytest.mark.parametrize("make", [shortened, lengthened])
def test_the_cut_is_where_it_is_quiet(make: Callable[[Int16], Splice]) -> None:
    sound = to_int16(noise(-20, 1920, seed=1))
    sound[500:790] = 0
    splice = make(sound)
    same = splice.tick == sound[:960]
    assert same[:500].all(), "all before the gap is untouched"


@pytest.mark.parametrize("voice", ["en", "en+f3", "fr"])
@pytest.mark.parametrize("make", [shortened, lengthened])
def test_each_second_of_speech_has_a_good_place(make: Callable[[Int16], Splice], voice: str) -> None:
    spoken = to_int16(speech(-20, 152, voice))
    mismatches = [make(spoken[n : n + 1440]).mismatch for n in range(0, 150 * 960, 960)]
    assert all(min(mismatches[n : n + 50]) < 0.05 for n in range(0, 100, 10))


def test_noise_has_none() -> None:
    assert shortened(to_int16(noise(-20, 1440, seed=2))).mismatch > 0.3


def test_a_cross_fade_begins_as_one_and_ends_as_the_other() -> None:
    mixed = cross_faded(np.full(240, 10_000, np.int16), np.full(300, -10_000, np.int16))
    assert mixed[0] > 9900
    assert mixed[-1] < -9900
    assert (np.diff(mixed) < 0).all()


def test_fading_in_leaves_all_after_5_ms() -> None:
    sound = to_int16(tone(440, -6, 960))
    faded = faded_in(sound)
    assert abs(faded[0]) < 10
    assert (faded[240:] == sound[240:]).all()


@pytest.mark.parametrize("rest", [0, 1, 100, 239, 240, 480, 959])
def test_an_ending_has_no_step_and_reaches_nothing(rest: int) -> None:
    sound = to_int16(tone(440, -6, 1920))
    past, left = sound[: 960 + 37], sound[960 + 37 : 960 + 37 + rest]
    tick = ending(past[-240:], left)
    assert tick.shape == (960,)
    assert largest_step(past, tick, np.zeros(1, np.int16)) < 1.1 * steepest(440)
    assert not tick[max(rest, 240) :].any()


def test_a_mirror_goes_on_where_the_sound_ended() -> None:
    past = to_int16(tone(440, -6, 300))
    assert largest_step(past, mirrored(past)) <= steepest(440) + 1
