"""The sound check against real speech: too quiet, clipped, noisy, and echoes with and without double talk."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import parvis.cli
from parvis.audio import Float64, Int16
from parvis.audio.sound_file import decode_sound
from parvis.audio.soundcheck import Measured, SoundCheck
from tests.unit.audio.signals import in_ticks, noise, speech, to_int16

SECONDS = 12
SAMPLES = SECONDS * 48_000
NOTHING = np.zeros(SAMPLES)
ROOM = noise(-65, SAMPLES, seed=1)


@cache
def demo() -> Float64:
    """The voice of `parvis demo`, English and French, at about −23 dBFS."""
    voice = Path(parvis.cli.__file__).parent / "voice" / "demo.opus"
    sound = decode_sound(voice.read_bytes(), max_s=60) / 32_768
    scaled: Float64 = sound / np.sqrt(np.mean(sound**2)) * 10 ** (-23 / 20)
    return scaled


def voice(start_s: float) -> Float64:
    return np.take(demo(), int(start_s * 48_000) + np.arange(SAMPLES), mode="wrap")


def other(start_s: float) -> Float64:
    """Another voice that says something else."""
    ticks = SAMPLES // 960 + int(start_s * 50)
    return speech(-23, ticks, "de")[-SAMPLES:]


def echo_of(far: Float64, lag_ms: float, gain_db: float) -> Float64:
    """Out of a loudspeaker, through a room with 250 ms of reverberation, into a microphone."""
    random = np.random.default_rng(2)
    taps = 4_800
    room = random.standard_normal(taps) * np.exp(-np.arange(taps) / 1_740)
    room[0] = 3
    spectrum = np.fft.rfft(far, 2 * SAMPLES) * np.fft.rfft(room / np.sqrt(np.sum(room**2)), 2 * SAMPLES)
    heard = np.fft.irfft(spectrum)[:SAMPLES] * 10 ** (gain_db / 20)
    lag = int(lag_ms * 48)
    return np.concatenate((np.zeros(lag), heard[: SAMPLES - lag]))


def check(sent: Float64, got: Float64 = NOTHING, *, turn: int = 0) -> list[Measured]:
    """All that was measured from the fourth second on."""
    seat = SoundCheck(turn)
    found = []
    for number, (out, back) in enumerate(zip(in_ticks(to_int16(sent)), in_ticks(to_int16(got)), strict=True)):
        before = seat.measured
        seat.add(out, back)
        if seat.measured is not before and number > 200:
            found.append(seat.measured)
    assert len(found) >= 7
    return found


def pcm(sound: Int16) -> Float64:
    return sound / 32_768


def test_a_good_voice_is_measured_as_it_is() -> None:
    for heard in check(voice(0) + ROOM):
        assert heard.level_dbfs == pytest.approx(-21.5, abs=2)
        assert heard.noise_dbfs == pytest.approx(-65, abs=1.5)
        assert (heard.clipping_percent, heard.echo, heard.has_signal) == (0, None, True)


def test_gain_changes_the_level_alone() -> None:
    loud, soft = check(voice(0) + ROOM)[-1], check((voice(0) + ROOM) * 0.1)[-1]
    assert loud.level_dbfs is not None
    assert soft.level_dbfs == pytest.approx(loud.level_dbfs - 20, abs=1)
    assert soft.noise_dbfs == pytest.approx(-85, abs=1.5)


def test_noise_is_found_between_the_words() -> None:
    assert check(voice(0) + noise(-38, SAMPLES, seed=3))[-1].noise_dbfs == pytest.approx(-38, abs=1.5)


def test_a_gate_that_closes_between_the_words_leaves_no_noise() -> None:
    said = voice(0)
    for heard in check(said * (np.abs(said).reshape(-1, 960).max(axis=1) > 1e-3).repeat(960)):
        assert heard.noise_dbfs is None
        assert heard.level_dbfs == pytest.approx(-21.5, abs=2)


def test_noise_alone_is_no_voice() -> None:
    for heard in check(noise(-40, SAMPLES, seed=4)):
        assert heard.level_dbfs is None
        assert heard.noise_dbfs == pytest.approx(-40, abs=1)


def test_clipping_is_counted() -> None:
    assert check(voice(0) * 10 + ROOM)[-1].clipping_percent > 20
    assert (
        check(voice(0) * 4 + ROOM)[-1].clipping_percent > check(voice(0) * 2 + ROOM)[-1].clipping_percent > 0
    )


def test_digital_silence_is_no_signal() -> None:
    assert {heard.has_signal for heard in check(NOTHING)} == {False}
    assert SoundCheck().measured.has_signal is None


def test_a_steady_loud_sound_has_a_level_and_no_noise() -> None:
    heard = check(pcm(to_int16(0.1 * np.sin(np.arange(SAMPLES) * 0.1))))[-1]
    assert heard.level_dbfs == pytest.approx(-23, abs=0.5)
    assert heard.noise_dbfs is None


@pytest.mark.parametrize("lag_ms", [65, 180, 333, 575])
@pytest.mark.parametrize("gain_db", [-6, -20, -30])
def test_an_echo_is_found_with_its_delay(lag_ms: float, gain_db: float) -> None:
    far = other(0)
    for heard in check(echo_of(far, lag_ms, gain_db) + ROOM, far):
        assert heard.echo is True
        assert heard.echo_ms is not None
        assert -20 <= heard.echo_ms - lag_ms <= 40
        assert heard.level_dbfs is None, "what comes back is not the seat's own voice"


def test_an_echo_between_own_words_is_found() -> None:
    far = other(0)
    far[4 * 48_000 :] = 0
    own = voice(0)
    own[: 5 * 48_000] = 0
    heard = check(own + echo_of(far, 200, -15) + ROOM, far)[-4]
    assert heard.echo is True
    assert heard.level_dbfs == pytest.approx(-21.5, abs=2.5)


@pytest.mark.parametrize("start_s", [0, 3.1, 6.7, 11.3, 17.9, 24.4])
def test_two_who_talk_at_once_are_no_echo(start_s: float) -> None:
    for heard in check(voice(start_s) + ROOM, other(start_s / 3)):
        assert heard.echo is False
        assert heard.likeness is not None
        assert heard.likeness < 0.45


def test_a_silent_listener_is_no_echo() -> None:
    assert {heard.echo for heard in check(ROOM, other(0))} == {False}


def test_turns_at_half_a_second_are_no_echo() -> None:
    """One speaks while the other does not, over and over: the rhythm alone must not look like a delay."""
    turn = (np.arange(SAMPLES) // 24_000) % 2
    for heard in check(voice(2) * (1 - turn) + ROOM, other(0) * turn):
        assert heard.echo is False


def test_the_other_sides_echo_is_not_ones_own() -> None:
    own = voice(0)
    for heard in check(own + ROOM, echo_of(own, 200, -10)):
        assert heard.echo is False


def test_with_nobody_else_nothing_is_known_of_echo() -> None:
    assert {heard.echo for heard in check(voice(0) + ROOM)} == {None}


def test_turns_change_nothing_but_the_moment() -> None:
    far = other(0)
    sent = echo_of(far, 200, -10) + ROOM
    for turn in (1, 15):
        assert {heard.echo for heard in check(sent, far, turn=turn)} == {True}
