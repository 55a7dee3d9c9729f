from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from parvis.audio import SILENCE_DBFS, Bool, Float64
from parvis.audio.activity import ActiveSpeaker, VoiceActivity
from parvis.audio.loudness import k_power, lufs
from tests.unit.audio.signals import noise, pauses, speech, to_float32


def voices(*waves: Float64) -> Bool:
    """bool[ticks, seats] for waves that go on at the same time."""
    activity = VoiceActivity(len(waves))
    ticks = np.stack([wave.reshape(-1, 960) for wave in waves], axis=1)
    found = []
    for tick in ticks:
        activity.step(lufs(k_power(to_float32(tick))))
        found.append(activity.voice.copy())
    return np.array(found)


def loudness(*lufs_of_seats: float) -> Float64:
    return np.array(lufs_of_seats)


def test_noise_is_no_voice_at_any_level_of_a_room() -> None:
    rooms = [noise(level, 960 * 600, seed) for seed, level in enumerate((-75, -60, -52))]
    assert not voices(*rooms).any()


def test_speech_is_voice_and_its_pauses_are_not() -> None:
    ticks = 700
    wave = speech(-26, ticks) + noise(-65, 960 * ticks, seed=1)
    found = voices(wave)[:, 0]
    said = np.abs(speech(-26, ticks)).reshape(ticks, 960).max(axis=1) > 0.05
    assert found[said].mean() > 0.98
    assert pauses(ticks).any()
    assert not found[pauses(ticks)].any()


def test_a_quiet_guest_is_voice() -> None:
    ticks = 500
    wave = speech(-40, ticks) + noise(-70, 960 * ticks, seed=2)
    said = np.abs(speech(-40, ticks)).reshape(ticks, 960).max(axis=1) > 0.01
    assert voices(wave)[:, 0][said].mean() > 0.95


def test_words_do_not_flap() -> None:
    ticks = 700
    found = voices(speech(-26, ticks) + noise(-65, 960 * ticks, seed=1))[:, 0]
    changes = int(np.count_nonzero(np.diff(found.astype(int))))
    assert changes <= 2 * 5, "14 s hold about four phrases"


def test_a_click_is_no_voice() -> None:
    wave = noise(-65, 960 * 300, seed=4)
    wave[100 * 960 + 200 : 100 * 960 + 400] += 0.5
    assert not voices(wave).any()


def test_the_floor_follows_a_room_that_grows_louder_within_5_seconds() -> None:
    activity = VoiceActivity(1)
    for _ in range(100):
        activity.step(loudness(-70))
    for _ in range(250):
        activity.step(loudness(-50))
    assert activity.floor_lufs[0] == pytest.approx(-50, abs=0.1)
    assert not activity.heard[0]


def test_a_muted_source_does_not_lower_the_floor() -> None:
    activity = VoiceActivity(1)
    for _ in range(300):
        activity.step(loudness(-57))
    for _ in range(600):
        activity.step(loudness(SILENCE_DBFS))
    activity.step(loudness(-57))
    activity.step(loudness(-57))
    assert not activity.voice[0]


def test_a_voice_that_mutes_itself_leaves_its_floor_as_it_was() -> None:
    activity = VoiceActivity(1)
    for loudness_lufs, ticks in ((-70, 300), (-25, 20), (SILENCE_DBFS, 600)):
        for _ in range(ticks):
            activity.step(loudness(loudness_lufs))
    assert activity.floor_lufs[0] == pytest.approx(-70, abs=0.1)


def test_music_without_a_gap_stays_voice() -> None:
    activity = VoiceActivity(1)
    for _ in range(3000):
        activity.step(loudness(-25))
    assert activity.voice[0]


def test_reset_forgets_a_seat_and_leaves_the_other() -> None:
    activity = VoiceActivity(2)
    for _ in range(300):
        activity.step(loudness(-30, -30))
    activity.reset(0)
    assert activity.voice.tolist() == [False, True]
    assert activity.floor_lufs.tolist() == [-55, -45]


def test_the_loudest_voice_is_active() -> None:
    active = ActiveSpeaker(3)
    assert active.step(loudness(-30, -20, -10), np.array([True, True, False])) == 1


def test_nobody_is_active_1200_ms_after_the_last_voice() -> None:
    active = ActiveSpeaker(2)
    active.step(loudness(-20, -60), np.array([True, False]))
    silent = np.array([False, False])
    seats = [active.step(loudness(-60, -60), silent) for _ in range(60)]
    assert seats == [0] * 59 + [None]


def test_another_takes_over_at_once_when_the_active_one_has_stopped() -> None:
    active = ActiveSpeaker(2)
    active.step(loudness(-20, -60), np.array([True, False]))
    assert active.step(loudness(-60, -35), np.array([False, True])) == 1


def test_two_who_talk_at_once_do_not_flicker() -> None:
    active = ActiveSpeaker(2)
    random = np.random.default_rng(5)
    both = np.array([True, True])
    seats = [active.step(loudness(*random.uniform(-30, -20, 2)), both) for _ in range(3000)]
    changes = sum(before != after for before, after in pairwise(seats))
    assert changes <= 3000 // 40


def test_a_clearly_louder_voice_takes_over_after_800_ms() -> None:
    active = ActiveSpeaker(2)
    both = np.array([True, True])
    active.step(loudness(-20, -60), both)
    seats = [active.step(loudness(-30, -15), both) for _ in range(50)]
    assert seats == [0] * 39 + [1] * 11


def test_a_voice_that_is_hardly_louder_does_not_take_over() -> None:
    active = ActiveSpeaker(2)
    both = np.array([True, True])
    active.step(loudness(-20, -60), both)
    assert {active.step(loudness(-20, -18), both) for _ in range(300)} == {0}


def test_a_reset_seat_is_no_longer_active() -> None:
    active = ActiveSpeaker(2)
    active.step(loudness(-20, -60), np.array([True, False]))
    active.reset(0)
    assert active.seat is None
