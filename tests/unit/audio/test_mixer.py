from __future__ import annotations

import numpy as np
import pytest

from parvis.audio import Bool, Float64, Int16
from parvis.audio.limiter import DELAY_SAMPLES
from parvis.audio.mixer import Mix
from tests.unit.audio.signals import noise, residual_db, rms_db, speech, to_int16, tone


def mixed(mix: Mix, waves: Int16, is_open: Bool) -> tuple[Int16, Int16]:
    """Program int16[n] and mix-minus int16[seats, n] of int16[seats, n]."""
    ticks = [mix.step(waves[:, n : n + 960], is_open) for n in range(0, waves.shape[1], 960)]
    return np.concatenate([t.program for t in ticks]), np.concatenate([t.minus for t in ticks], axis=1)


def all_open(seats: int) -> Bool:
    return np.ones(seats, dtype=np.bool_)


def scaled(sound: Int16) -> Float64:
    return sound / 32768


def test_one_seat_alone_is_bit_for_bit_what_it_sent() -> None:
    wave = to_int16(speech(-20, 100))[np.newaxis]
    program, minus = mixed(Mix(1, levelling=False), wave, all_open(1))
    assert (program[960 + DELAY_SAMPLES :] == wave[0, 960:-DELAY_SAMPLES]).all()
    assert not minus.any()


def test_one_voice_is_levelled_without_distortion() -> None:
    wave = to_int16(tone(997, -28, 960 * 500))
    program, _ = mixed(Mix(1), wave[np.newaxis], all_open(1))
    assert rms_db(scaled(program[-48_000:])) == pytest.approx(-19, abs=0.5)
    assert residual_db(scaled(program[-4800:]), 997) < -55, "bounded by the 16 bits of the input"


def test_each_hears_all_the_others_and_nothing_of_itself() -> None:
    frequencies = [400, 700, 1100, 1900]
    waves = np.stack([to_int16(tone(f, -20, 960 * 60)) for f in frequencies])
    _, minus = mixed(Mix(4, levelling=False), waves, all_open(4))
    for seat, heard in enumerate(minus):
        spectrum = np.abs(np.fft.rfft(scaled(heard[-48_000:]))) / 24_000
        for other, frequency in enumerate(frequencies):
            level_db = 20 * np.log10(spectrum[frequency] + 1e-12)
            if other == seat:
                assert level_db < -20 - 80
            else:
                assert level_db == pytest.approx(-20, abs=0.01)


def test_nothing_of_a_seats_own_voice_returns_while_levelling_works() -> None:
    ticks = 300
    own = to_int16(speech(-30, ticks))
    waves = np.stack([own, to_int16(noise(-40, 960 * ticks, seed=1))])
    _, with_voice = mixed(Mix(2), waves, all_open(2))
    waves[0] = 0
    _, without = mixed(Mix(2), waves, all_open(2))
    leak = with_voice[0].astype(np.float64) - without[0]
    assert rms_db(leak / 32768) < rms_db(scaled(own)) - 60
    assert np.abs(leak).max() <= 1, "only rounding"


def test_the_program_is_the_sum() -> None:
    waves = np.stack([to_int16(speech(-30, 100, voice)) for voice in ("en", "en+f3", "fr")])
    program, _ = mixed(Mix(3, levelling=False), waves, all_open(3))
    total = waves.astype(np.int64).sum(axis=0)
    assert (program[960 + DELAY_SAMPLES :] == total[960:-DELAY_SAMPLES]).all()


def test_thirteen_loud_seats_stay_below_the_ceiling() -> None:
    waves = np.stack([to_int16(noise(-12, 960 * 50, seed)) for seed in range(13)])
    program, minus = mixed(Mix(), waves, all_open(13))
    assert max(np.abs(program).max(), np.abs(minus).max()) <= 29_204


@pytest.mark.parametrize("levelling", [True, False])
def test_mute_unmute_and_join_do_not_click(levelling: bool) -> None:
    tick_count = 150
    wave = to_int16(tone(440, -12, 960 * tick_count))[np.newaxis]
    mix = Mix(1, levelling=levelling)
    out = []
    for n in range(tick_count):
        is_open = np.array([n // 7 % 2 == 0])
        out.append(mix.step(wave[:, n * 960 : n * 960 + 960], is_open).program)
    step = np.abs(np.diff(np.concatenate(out).astype(np.int64))).max()
    steepest = 2 * np.pi * 440 / 48_000 * 10 ** (-12 / 20) * 32768
    assert step < 1.1 * steepest


def test_a_seat_that_leaves_in_the_middle_of_a_sound_does_not_click() -> None:
    wave = to_int16(tone(440, -12, 960 * 3 + 37))[37:][np.newaxis]
    mix = Mix(1)
    before, _ = mixed(mix, wave, all_open(1))
    after, _ = mixed(mix, np.zeros_like(wave), ~all_open(1))
    step = np.abs(np.diff(np.concatenate((before, after)).astype(np.int64))).max()
    assert step < 1.1 * 2 * np.pi * 440 / 48_000 * 10 ** (-12 / 20) * 32768


def test_nothing_said_after_the_mute_is_heard() -> None:
    said = to_int16(noise(-20, 960 * 10, seed=1))[np.newaxis]
    program = []
    for after in (said, np.zeros_like(said)):
        mix = Mix(1)
        mixed(mix, said, all_open(1))
        program.append(mixed(mix, after, ~all_open(1))[0])
    assert (program[0] == program[1]).all()
    assert program[0].any(), "what was said before it ends in 5 ms"


def test_a_muted_seat_is_silent_in_the_next_tick_and_has_no_level() -> None:
    wave = to_int16(tone(440, -12, 960 * 20))[np.newaxis]
    mix = Mix(1)
    mixed(mix, wave[:, : 960 * 10], all_open(1))
    assert mix.take_levels()[0] > 50
    mixed(mix, wave[:, 960 * 10 : 960 * 12], ~all_open(1))
    mix.take_levels()
    program, _ = mixed(mix, wave[:, 960 * 12 :], ~all_open(1))
    assert not program.any()
    assert mix.take_levels().tolist() == [0]


def test_the_one_who_talks_is_active_and_a_muted_one_never() -> None:
    ticks = 100
    waves = np.stack([to_int16(speech(level, ticks)) for level in (-35, -15, -12)])
    mix = Mix(3)
    is_open = np.array([True, False, False])
    seats = {mix.step(waves[:, n : n + 960], is_open).active for n in range(0, 960 * ticks, 960)}
    assert seats == {None, 0}


def test_a_quiet_guest_becomes_active_beside_a_loud_host() -> None:
    ticks = 500
    host, guest = to_int16(speech(-14, ticks)), to_int16(speech(-36, ticks, "en+f3"))
    mix = Mix(2)
    mixed(mix, np.stack([host, np.zeros_like(host)]), all_open(2))
    mixed(mix, np.stack([np.zeros_like(guest), guest]), all_open(2))
    tick = mix.step(np.stack([np.zeros(960, dtype=np.int16), to_int16(tone(300, -36, 960))]), all_open(2))
    assert tick.active == 1


def test_the_active_one_is_the_loudest_as_heard_not_as_sent() -> None:
    ticks = 500
    host, guest = to_int16(speech(-12, ticks)), to_int16(speech(-36, ticks, "en+f3"))
    mix = Mix(2)
    mixed(mix, np.stack([host, guest]), all_open(2))
    both = np.stack([to_int16(tone(300, -20, 960)), to_int16(tone(300, -28, 960))])
    assert [mix.step(both, all_open(2)).active for _ in range(100)][-1] == 1


def test_a_seat_loses_voice_in_the_tick_that_mutes_it_and_has_it_with_its_first_word_after() -> None:
    spoken = to_int16(tone(300, -20, 960))[np.newaxis]
    mix = Mix(1)
    assert [bool(mix.step(spoken, all_open(1)).voice[0]) for _ in range(3)] == [False, True, True]
    assert not mix.step(spoken, ~all_open(1)).voice[0]
    assert mix.step(spoken, all_open(1)).voice[0]


def test_reset_gives_a_row_to_somebody_else() -> None:
    mix = Mix(2)
    wave = np.stack([to_int16(speech(-36, 400)), to_int16(speech(-36, 400))])
    mixed(mix, wave, all_open(2))
    mix.reset(0)
    assert mix.gain_db[0] == 0
    assert mix.gain_db[1] > 5
    tick = mix.step(np.full((2, 960), 8000, dtype=np.int16), all_open(2))
    assert abs(int(tick.minus[1, DELAY_SAMPLES])) < 20, "its new owner fades in"


def test_rows_after_the_last_in_use_need_not_be_given() -> None:
    """Two seats, of which the second leaves in the middle: bit for bit as if all 13 were mixed."""
    ticks = 300
    voices = np.stack([to_int16(speech(-24, ticks)), to_int16(speech(-30, ticks, "en+f3"))])
    voices[1, 960 * 150 :] = 0
    few, all_rows = Mix(13), Mix(13)
    is_open = np.zeros(13, dtype=np.bool_)
    for n in range(ticks):
        rows = 2 if n < 150 else 1
        is_open[:2] = True, rows == 2
        whole = np.zeros((13, 960), dtype=np.int16)
        whole[:2] = voices[:, n * 960 : n * 960 + 960]
        given, expected = few.step(whole[:rows], is_open), all_rows.step(whole, is_open)
        assert (given.program == expected.program).all(), n
        assert (given.minus[:rows] == expected.minus[:rows]).all(), n
        assert (given.voice == expected.voice).all()
        assert given.active == expected.active
    assert (few.gain_db == all_rows.gain_db).all()
    assert (few.take_levels() == all_rows.take_levels()).all()


def test_what_a_tick_gave_is_not_touched_by_the_next() -> None:
    mix = Mix(1, levelling=False)
    wave = to_int16(tone(440, -12, 1920))[np.newaxis]
    first = mix.step(wave[:, :960], all_open(1))
    kept = first.program.copy()
    mix.step(wave[:, 960:], all_open(1))
    assert (first.program == kept).all()
