"""What is heard while nobody speaks: endless sound, 20 ms at a time.

- *Silence*.
- *Tone*: a chord of open strings (D, A, D, E, F sharp, A) that breathes: each string swells and fades in its
  own time of 9 to 29 s and beats slowly against a twin, so that there is no pattern to wait for: it comes
  round after ten minutes. −30 LUFS: there, and easily forgotten, 11 LU below a voice.
- *Notice*: a spoken sentence each 20 s over the tone, which steps back while it is said.
- *Loop*: somebody's own sound, joined end to beginning by a cross-fade of equal power.

Nothing here is random, and the tone is a function of the tick's number alone: a stage that takes over goes on
in the same swell.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from parvis.audio import FULL_SCALE, Float32, Float64, Int16, Int64
from parvis.audio.loudness import k_power, k_weight, lufs
from parvis.clock import SAMPLE_RATE_HZ, TICK_MS, TICK_SAMPLES

TONE_LUFS: Final = -30.0
NOTICE_LUFS: Final = -20.0
"""A little below where voices are levelled to."""
LOOP_MAX_LUFS: Final = -23.0
"""A louder loop is turned down: music that follows speech sounds louder than it measures."""
NOTICE_PERIOD_TICKS: Final = 20_000 // TICK_MS
LOOP_MIN_SAMPLES: Final = SAMPLE_RATE_HZ // 2
JOIN_SAMPLES: Final = SAMPLE_RATE_HZ // 10
"""Cross-fade of a loop: 100 ms."""

_PERIOD_S: Final = 600
_PERIOD_TICKS: Final = _PERIOD_S * 1000 // TICK_MS
"""All that moves in the tone does so a whole number of times in ten minutes, so phases are exact for ever."""
_STRINGS: Final = (
    # frequency in Hz (equal temperament, A 440), share, swells in ten minutes
    (146.832, 1.00, 21),
    (220.000, 0.80, 26),
    (293.665, 0.62, 31),
    (329.628, 0.42, 35),
    (369.994, 0.34, 46),
    (440.000, 0.24, 67),
)
_TWIN_HZ: Final = 0.1
_TWIN: Final = 0.4
"""Share of a string's twin: at 1, the string would be gone each ten seconds."""
_OVERTONE: Final = 0.18
"""Share of a string's octave: what makes it warm rather than a test tone."""
_SWELL: Final = 0.35
"""A string goes between 1 − this and 1 + this."""
_UNDER_NOTICE: Final = 0.35
_STEP_BACK: Final = 1 / 20
"""Change of the tone's gain per tick when a notice begins or ends: 260 ms for the whole way."""


def _partials() -> tuple[Int64, Float64, Int64]:
    """Of each partial: its cycles in ten minutes, its share, and its swells in ten minutes."""
    rows = [
        (frequency_hz * octave + twin * _TWIN_HZ, share * (_OVERTONE if octave == 2 else 1) * level, swells)
        for frequency_hz, share, swells in _STRINGS
        for octave, twin, level in ((1, 0, 1.0), (1, 1, _TWIN), (2, 0, 1.0))
    ]
    frequencies_hz, shares, swells = (np.array(column) for column in zip(*rows, strict=True))
    cycles = np.rint(frequencies_hz * _PERIOD_S).astype(np.int64)
    power = (shares**2 * (1 + _SWELL**2 / 2) / 2 * k_weight(cycles / _PERIOD_S)).sum()
    return cycles, shares * 10 ** ((TONE_LUFS - lufs(np.array([power]))[0]) / 20), swells


def _basis() -> Float32:
    """Cosine and sine of each partial over a tick, and both rising from nothing: float32[4 × partials, 960].

    A tone whose swell is a straight line within a tick is a weighted sum of these.
    """
    at = np.arange(TICK_SAMPLES)
    angle = 2 * np.pi * np.outer(_CYCLES / _PERIOD_S / SAMPLE_RATE_HZ, at)
    rows = np.concatenate((np.cos(angle), np.sin(angle)))
    return np.concatenate((rows, rows * at / TICK_SAMPLES)).astype(np.float32)


def _phase(cycles: Int64, number: int) -> Float64:
    """How far each of so many cycles in ten minutes has come at tick `number`, in turns, 0 to 1."""
    phase: Float64 = cycles * (number % _PERIOD_TICKS) % _PERIOD_TICKS / _PERIOD_TICKS
    return phase


def _swell(number: int) -> Float64:
    """Amplitude of each partial at the start of tick `number`."""
    swell: Float64 = _SHARES * (1 + _SWELL * np.sin(2 * np.pi * _phase(_SWELLS, number)))
    return swell


_CYCLES, _SHARES, _SWELLS = _partials()
_BASIS = _basis()


class Standby(Protocol):
    """Endless sound."""

    def next_tick(self) -> Int16:
        """The next 20 ms, int16[960]; the receiver must not change it."""


class Silence:
    """Nothing, as long as one likes."""

    def __init__(self) -> None:
        self._tick = np.zeros(TICK_SAMPLES, np.int16)

    def next_tick(self) -> Int16:
        return self._tick


class Tone:
    """The chord. `number` is that of the first tick, as the mixer counts."""

    def __init__(self, number: int) -> None:
        self._number = number

    def next_tick(self) -> Int16:
        return _to_int16(self.next_float())

    def next_float(self) -> Float32:
        """The same before rounding, float32[960]."""
        turn = np.exp(2j * np.pi * _phase(_CYCLES, self._number))
        swell = _swell(self._number)
        start, change = turn * swell, turn * (_swell(self._number + 1) - swell)
        self._number += 1
        weights = np.concatenate((start.real, -start.imag, change.real, -change.imag))
        tone: Float32 = np.einsum("i,ij->j", weights.astype(np.float32), _BASIS)
        return tone


class Notice:
    """A sentence, int16[n], at once and then each 20 s over the tone."""

    def __init__(self, sentence: Int16, number: int) -> None:
        self._sentence = in_ticks(at_loudness(sentence, NOTICE_LUFS))
        self._tone = Tone(number)
        self._gain = _UNDER_NOTICE
        self._at = 0

    def next_tick(self) -> Int16:
        speaks = self._at < len(self._sentence)
        gain = self._gain + np.clip((_UNDER_NOTICE if speaks else 1.0) - self._gain, -_STEP_BACK, _STEP_BACK)
        tick = self._tone.next_float() * np.linspace(self._gain, gain, TICK_SAMPLES, dtype=np.float32)
        if speaks:
            tick += self._sentence[self._at]
        self._gain = float(gain)
        self._at = (self._at + 1) % max(NOTICE_PERIOD_TICKS, len(self._sentence) + 50)
        return _to_int16(tick)


class Loop:
    """A sound again and again. `sound` is what `looped` gives."""

    def __init__(self, sound: Int16) -> None:
        self._sound = sound
        self._at = JOIN_SAMPLES

    def next_tick(self) -> Int16:
        tick = np.take(self._sound, np.arange(self._at, self._at + TICK_SAMPLES), mode="wrap")
        self._at = (self._at + TICK_SAMPLES) % len(self._sound)
        return tick


def looped(sound: Int16) -> Int16:
    """int16[n ≥ 0.5 s] made to be heard in a circle: 100 ms shorter, its end laid over its beginning, and no
    louder than `LOOP_MAX_LUFS`."""
    assert len(sound) >= LOOP_MIN_SAMPLES, len(sound)
    circle = sound[:-JOIN_SAMPLES].astype(np.float64)
    way = (np.arange(JOIN_SAMPLES) + 0.5) / JOIN_SAMPLES * np.pi / 2
    circle[:JOIN_SAMPLES] = circle[:JOIN_SAMPLES] * np.sin(way) + sound[-JOIN_SAMPLES:] * np.cos(way)
    rounded = np.clip(np.rint(circle), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    if loudness_lufs(rounded) <= LOOP_MAX_LUFS:
        return rounded
    return _to_int16(at_loudness(rounded, LOOP_MAX_LUFS))


def loudness_lufs(sound: Int16) -> float:
    """Loudness of int16[n], with the gates of BS.1770-5 (−70 LUFS, then 10 LU below the rest)."""
    power = k_power(in_ticks(_to_float32(sound)))
    power = power[lufs(power) > -70.0]
    if power.size:
        power = power[power > power.mean() / 10]
    return float(lufs(np.array([power.mean() if power.size else 0.0]))[0])


def at_loudness(sound: Int16, target_lufs: float) -> Float32:
    """int16[n] at another loudness, float32[n]; its peaks stay below full scale, silence stays silence."""
    scaled = _to_float32(sound)
    peak = float(np.abs(scaled).max(initial=0.0))
    if peak == 0.0:
        return scaled
    gain = 10 ** ((target_lufs - loudness_lufs(sound)) / 20)
    louder: Float32 = scaled * np.float32(min(gain, 0.99 / peak))
    return louder


def in_ticks(sound: Float32) -> Float32:
    """float32[n] as float32[ticks, 960], the last one filled with silence."""
    ticks = -(-len(sound) // TICK_SAMPLES)
    padded = np.zeros(ticks * TICK_SAMPLES, np.float32)
    padded[: len(sound)] = sound
    return padded.reshape(ticks, TICK_SAMPLES)


def _to_float32(sound: Int16) -> Float32:
    scaled: Float32 = sound.astype(np.float32) / np.float32(FULL_SCALE)
    return scaled


def _to_int16(sound: Float32) -> Int16:
    return np.clip(np.rint(sound * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
