"""From a track's clock to the mixer's: frames of any length in, exactly one tick of 960 samples out per call.

A WebRTC track brings 10 ms frames by its own thread and a clock that is some ppm off ours; now and then
none come and then several. Rules:

- *Spare* is what is left after a tick is taken. The least spare of the last 2 s is what could be done
  without. It is kept within 10 ms of the target: 20 ms, or up to 40 ms where ticks have been missed.
- Outside that band, 2.5 to 10 ms are taken out or put in (`splice.py`), at a place where that is not
  heard. The right place is waited for, but no longer than a second.
- With nothing to give, sound ends in 5 ms and silence follows; it comes back, in 5 ms too, once the
  target is filled. Short misses raise the target by 10 ms, a calm minute lowers it.
- More than 160 ms of spare (a stall that let go) is cut down to the target at once, with a cross-fade.
- What is not touched by one of these comes out bit for bit.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import numpy as np

from parvis.audio import Int16
from parvis.audio.splice import (
    FADE_SAMPLES,
    SHORTEN_SAMPLES,
    Splice,
    cross_faded,
    ending,
    faded_in,
    lengthened,
    mirrored,
    shortened,
)
from parvis.clock import SAMPLE_RATE_HZ, TICK_MS, TICK_SAMPLES
from parvis.errors import RemoteProtocolError

_MS: Final = SAMPLE_RATE_HZ // 1000
_CAPACITY: Final = 400 * _MS
_TARGET_MIN: Final = 20 * _MS
_TARGET_MAX: Final = 40 * _MS
_TARGET_STEP: Final = 10 * _MS
_BAND: Final = 10 * _MS
_URGENT: Final = 80 * _MS
_TOO_MUCH: Final = 160 * _MS

_WINDOW_TICKS: Final = 2000 // TICK_MS
_PATIENCE_TICKS: Final = 1000 // TICK_MS
_SHORT_MISS_TICKS: Final = 1000 // TICK_MS
_CALM_TICKS: Final = 60_000 // TICK_MS
_GOOD_MISMATCH: Final = 0.05


@dataclass(slots=True)
class TickCounters:
    """What a `TickBuffer` had to do, since it was made."""

    underruns: int = 0
    """Times that sound ended for want of samples."""
    drops: int = 0
    """Times that samples were taken out."""
    inserts: int = 0
    """Times that samples were put in."""
    dropped_samples: int = 0
    inserted_samples: int = 0


class TickBuffer:
    """One track's samples on their way to the mixer. Threads may push and tick at the same time."""

    def __init__(self) -> None:
        self.counters = TickCounters()
        self._lock = threading.Lock()
        self._held = np.zeros(_CAPACITY, dtype=np.int16)
        self._count = 0
        self._past = np.zeros(FADE_SAMPLES, dtype=np.int16)
        self._playing = False
        self._cut = False
        self._target = _TARGET_MIN
        self._spares = np.zeros(_WINDOW_TICKS, dtype=np.int64)
        self._ticks = 0
        self._waited = 0
        self._missed = _SHORT_MISS_TICKS
        self._calm = 0

    @property
    def depth_ms(self) -> float:
        """Sound held now."""
        return self._count / _MS

    def push(self, frame: Int16, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        """Takes int16[n], or int16[n, channels], which become their mean.

        What does not fit (400 ms) pushes out the oldest. Raises `RemoteProtocolError` `audio-format` for
        another rate, type or shape.
        """
        sound = _mono(frame, sample_rate_hz)[-_CAPACITY:]
        with self._lock:
            over = self._count + len(sound) - _CAPACITY
            if over > 0:
                self._skip(over)
            self._held[self._count : self._count + len(sound)] = sound
            self._count += len(sound)

    def tick(self) -> Int16:
        """The next 20 ms, int16[960]. Never waits: where nothing is, zeros are."""
        with self._lock:
            tick = self._play() if self._playing else self._wait()
            self._past = tick[-FADE_SAMPLES:]
            return tick

    def _wait(self) -> Int16:
        more = _TARGET_STEP if self._missed < _SHORT_MISS_TICKS else 0
        target = min(self._target + more, _TARGET_MAX)
        if self._count < TICK_SAMPLES + target:
            self._missed += 1
            return np.zeros(TICK_SAMPLES, dtype=np.int16)
        self._target = target
        self._playing = True
        self._cut = False
        self._ticks = self._waited = self._calm = 0
        return faded_in(self._take(TICK_SAMPLES))

    def _play(self) -> Int16:
        if self._count < TICK_SAMPLES:
            self.counters.underruns += 1
            self._playing = False
            self._missed = 1
            return ending(self._past, self._take(self._count))
        spare = self._count - TICK_SAMPLES
        if spare > _TOO_MUCH:
            self._skip(spare - self._target)
            self._ticks = 0
        self._be_calm()
        tick = self._corrected()
        if self._cut:
            tick[:FADE_SAMPLES] = cross_faded(mirrored(self._past), tick)
            self._cut = False
        return tick

    def _corrected(self) -> Int16:
        """The next tick, with samples taken out or put in where spare calls for it."""
        spare = self._count - TICK_SAMPLES
        self._spares[self._ticks % _WINDOW_TICKS] = spare
        self._ticks += 1
        if self._ticks < _WINDOW_TICKS:
            return self._take(TICK_SAMPLES)
        excess = int(self._spares.min()) - self._target
        splice: Splice | None = None
        if excess > _BAND and self._count >= SHORTEN_SAMPLES:
            splice = shortened(self._held[: self._count])
        elif excess < -_BAND:
            splice = lengthened(self._held[: self._count])
        else:
            self._waited = 0
        if splice is None:
            return self._take(TICK_SAMPLES)
        patient = self._waited < _PATIENCE_TICKS and excess < _URGENT
        if patient and splice.mismatch > _GOOD_MISMATCH:
            self._waited += 1
            return self._take(TICK_SAMPLES)
        self._count_splice(splice.consumed - TICK_SAMPLES)
        self._take(splice.consumed)
        return splice.tick

    def _count_splice(self, taken_out: int) -> None:
        self._waited = 0
        self._spares -= taken_out
        if taken_out > 0:
            self.counters.drops += 1
            self.counters.dropped_samples += taken_out
        else:
            self.counters.inserts += 1
            self.counters.inserted_samples -= taken_out

    def _be_calm(self) -> None:
        self._calm += 1
        if self._calm == _CALM_TICKS:
            self._calm = 0
            self._target = max(self._target - _TARGET_STEP, _TARGET_MIN)

    def _skip(self, samples: int) -> None:
        """Throws the oldest away; the next tick is cross-faded."""
        self._take(samples)
        self._cut = True
        self.counters.drops += 1
        self.counters.dropped_samples += samples

    def _take(self, samples: int) -> Int16:
        taken = self._held[:samples].copy()
        self._held[: self._count - samples] = self._held[samples : self._count]
        self._count -= samples
        return taken


def _mono(frame: Int16, sample_rate_hz: int) -> Int16:
    if sample_rate_hz != SAMPLE_RATE_HZ:
        raise RemoteProtocolError("audio-format", f"sound must be at 48000 Hz, not {sample_rate_hz}")
    if frame.dtype != np.int16 or frame.ndim not in (1, 2) or (frame.ndim == 2 and frame.shape[1] == 0):
        raise RemoteProtocolError(
            "audio-format", f"sound must be int16[n] or int16[n, channels], not {frame.dtype}{frame.shape}"
        )
    if frame.ndim == 1:
        return frame
    mean: Int16 = np.rint(frame.mean(axis=1)).astype(np.int16)
    return mean
