from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.audio import Int16
from parvis.audio.jitter import TickBuffer
from parvis.errors import RemoteProtocolError
from tests.unit.audio.signals import noise, speech, to_int16, tone

STEEPEST = 2 * np.pi * 440 / 48_000 * 10 ** (-6 / 20) * 32768
"""Largest step of the tone of these tests."""


class Track:
    """A 440 Hz tone at −6 dBFS in frames of 10 ms, as its track's clock makes them."""

    def __init__(self, sound: Int16 | None = None) -> None:
        self.sound = to_int16(tone(440, -6, 48_000)) if sound is None else sound
        self.at = 0

    def frame(self) -> Int16:
        start = self.at % len(self.sound)
        self.at += 480
        return self.sound[start : start + 480]


def run(buffer: TickBuffer, track: Track, seconds: float, ppm: float = 0, late_ms: float = 0) -> Int16:
    """Ticks of a mixer whose track runs `ppm` fast and whose frames come up to `late_ms` late."""
    random = np.random.default_rng(7)
    ticks, depths = [], []
    due_s = 0.0
    for n in range(int(seconds * 50)):
        while due_s <= n * 0.020:
            buffer.push(track.frame())
            due_s = track.at / 48_000 / (1 + ppm * 1e-6) + random.uniform(0, late_ms) / 1000
        ticks.append(buffer.tick())
        depths.append(buffer.depth_ms)
    assert max(depths[50:], default=0) < 70
    return np.concatenate(ticks)


def sounding(sound: Int16) -> Int16:
    """From where the fade-in is over."""
    return sound[np.flatnonzero(sound)[0] + 240 :]


def largest_step(sound: Int16) -> int:
    return int(np.abs(np.diff(sound.astype(np.int64))).max())


def test_a_steady_track_comes_out_bit_for_bit_40_ms_later() -> None:
    track = Track(to_int16(noise(-20, 48_000, seed=1)))
    out = run(TickBuffer(), track, 1)
    start = int(np.flatnonzero(out)[0]) // 960 * 960
    assert (out[start + 240 :] == track.sound[240 : len(out) - start]).all()
    assert start <= 2 * 960


@pytest.mark.parametrize("ppm", [100, -100])
def test_drift_of_ten_minutes_is_followed_without_a_seam(ppm: float) -> None:
    buffer = TickBuffer()
    out = sounding(run(buffer, Track(), 600, ppm))
    counters = buffer.counters
    assert counters.underruns == 0
    moved = counters.dropped_samples - counters.inserted_samples
    assert moved == pytest.approx(600 * 48_000 * ppm * 1e-6, abs=1000)
    assert (counters.inserts if ppm > 0 else counters.drops) == 0
    # Second differences see a jump of the phase that first ones would miss.
    bend = np.abs(np.diff(out.astype(np.int64), 2)).max()
    assert bend < 1.5 * STEEPEST * 2 * np.pi * 440 / 48_000 + 4
    assert largest_step(out) < 1.05 * STEEPEST


def test_frames_up_to_15_ms_late_cost_nothing() -> None:
    buffer = TickBuffer()
    run(buffer, Track(), 60, late_ms=15)
    assert buffer.counters.underruns == 0


def test_in_speech_samples_are_taken_from_the_pauses() -> None:
    sound = to_int16(speech(-20, 600))
    buffer, track = TickBuffer(), Track(sound[: len(sound) // 480 * 480])
    for _ in range(9):
        buffer.push(track.frame())
    kept = []
    for _ in range(500):
        buffer.push(track.frame())
        buffer.push(track.frame())
        kept.append(buffer.tick())
    assert buffer.counters.drops > 2
    energy = float((np.concatenate(kept).astype(np.float64) ** 2).sum())
    taken = float((sound[: track.at - int(buffer.depth_ms * 48)].astype(np.float64) ** 2).sum())
    assert energy == pytest.approx(taken, rel=0.01)


def deep_in_noise() -> tuple[TickBuffer, Track]:
    """Samples too many, and for 2 s nothing but noise, in which no two places are alike."""
    buffer, track = TickBuffer(), Track(to_int16(noise(-20, 48_000, seed=3)))
    for _ in range(6):
        buffer.push(track.frame())
    for _ in range(110):
        buffer.push(track.frame())
        buffer.push(track.frame())
        buffer.tick()
    return buffer, track


def test_a_good_place_is_waited_for() -> None:
    buffer, _ = deep_in_noise()
    assert buffer.counters.drops == 0
    for _ in range(10):
        buffer.push(np.zeros(960, np.int16))
        buffer.tick()
    assert buffer.counters.drops > 0


def test_but_no_longer_than_a_second() -> None:
    buffer, track = deep_in_noise()
    for _ in range(50):
        buffer.push(track.frame())
        buffer.push(track.frame())
        buffer.tick()
    assert buffer.counters.drops == 1


def test_without_frames_sound_ends_and_comes_back_without_a_click() -> None:
    buffer, track = TickBuffer(), Track()
    ticks = []
    for n in range(41):
        if n not in range(21, 27):
            buffer.push(track.frame())
            buffer.push(track.frame())
        ticks.append(buffer.tick())
    assert buffer.counters.underruns == 1
    assert not ticks[25].any()
    assert ticks[-1].any()
    assert largest_step(np.concatenate(ticks)) < 1.1 * STEEPEST


def test_a_short_miss_makes_it_more_careful_and_a_calm_minute_less() -> None:
    buffer, track = TickBuffer(), Track()

    def play(ticks: int) -> float:
        for _ in range(ticks):
            buffer.push(track.frame())
            buffer.push(track.frame())
            buffer.tick()
        return buffer.depth_ms

    first = play(100)
    for _ in range(4):
        buffer.tick()
    after = play(100)
    assert first + 10 <= after <= first + 20
    assert play(3100) <= first + 10
    for _ in range(60):
        buffer.tick()
    assert play(100) == first, "a long miss is a track that had nothing to say"


def test_a_stall_that_lets_go_is_cut_to_the_target_without_a_click() -> None:
    buffer, track = TickBuffer(), Track()
    ticks = [run(buffer, track, 1)]
    for _ in range(30):
        buffer.push(track.frame())
    for _ in range(10):
        ticks.append(buffer.tick())
        buffer.push(track.frame())
        buffer.push(track.frame())
    assert buffer.counters.drops == 1
    assert buffer.depth_ms <= 40
    assert largest_step(np.concatenate(ticks)) < 1.1 * STEEPEST


def test_what_nobody_takes_is_bounded_and_counted() -> None:
    buffer, track = TickBuffer(), Track()
    for _ in range(100):
        buffer.push(track.frame())
    assert buffer.depth_ms == 400
    assert buffer.counters.dropped_samples == 600 * 48


def test_nothing_pushed_is_silence_and_no_underrun() -> None:
    buffer = TickBuffer()
    assert not any(buffer.tick().any() for _ in range(100))
    assert buffer.counters.underruns == 0


def test_stereo_becomes_its_mean() -> None:
    buffer = TickBuffer()
    frame = np.stack([np.full(1920, 3000), np.full(1920, -1000)], axis=1).astype(np.int16)
    buffer.push(frame)
    assert (buffer.tick()[240:] == 1000).all()


@pytest.mark.parametrize(
    ("frame", "rate_hz"),
    [
        (np.zeros(441, np.int16), 44_100),
        (np.zeros(480, np.float32), 48_000),
        (np.zeros((480, 0), np.int16), 48_000),
        (np.zeros((1, 480, 1), np.int16), 48_000),
    ],
)
def test_other_formats_are_refused(frame: Int16, rate_hz: int) -> None:
    with pytest.raises(RemoteProtocolError, match="audio-format"):
        TickBuffer().push(frame, rate_hz)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 25_000)), max_size=60))
def test_any_order_of_pushes_and_ticks_keeps_the_books(steps: list[int | None]) -> None:
    buffer = TickBuffer()
    pushed = ticks = 0
    for step in steps:
        if step is None:
            tick = buffer.tick()
            assert tick.shape == (960,)
            assert tick.dtype == np.int16
            ticks += 1
        else:
            buffer.push(np.full(step, 1000, np.int16))
            pushed += min(step, 19_200)
    held = buffer.depth_ms * 48
    assert 0 <= held <= 19_200
    taken = pushed - held - buffer.counters.dropped_samples + buffer.counters.inserted_samples
    assert 0 <= taken <= 960 * ticks


def test_pushing_and_ticking_from_two_threads_loses_nothing() -> None:
    buffer = TickBuffer()
    frames = 2000

    def push() -> None:
        for _ in range(frames):
            buffer.push(np.full(480, 1000, np.int16))

    thread = threading.Thread(target=push)
    thread.start()
    played = 0
    while thread.is_alive() or buffer.depth_ms >= 20:
        tick = buffer.tick()
        assert set(np.unique(tick[240:])) <= set(range(1001))
        played += int(np.count_nonzero(tick))
    thread.join()
    counters = buffer.counters
    rest = frames * 480 - counters.dropped_samples + counters.inserted_samples - buffer.depth_ms * 48
    # Each ending and each fade-in may hold a few zeros or a mirror image of 5 ms.
    assert abs(played - rest) <= 241 * (counters.underruns + 1)
