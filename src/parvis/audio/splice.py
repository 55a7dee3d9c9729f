"""Cuts that ears do not find: take some milliseconds of sound out, put some in, or let it end.

To shorten or lengthen, two places of the sound that look alike and lie 2.5 to 10 ms apart are laid over each
other with a cross-fade of 5 ms (WSOLA, Verhelst and Roelands, 1993): whole periods of a voice go or come, and
its phase goes on. Among all places in a tick the quietest is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from parvis.audio import Float32, Int16
from parvis.clock import TICK_SAMPLES

FADE_SAMPLES: Final = 240
LAG_MIN_SAMPLES: Final = 120
LAG_MAX_SAMPLES: Final = 480
SHORTEN_SAMPLES: Final = TICK_SAMPLES + LAG_MAX_SAMPLES
"""What `shortened` must be given."""

_STEP: Final = 48
_QUIET_POWER: Final = 30.0**2
FADE_IN: Float32 = ((np.arange(FADE_SAMPLES) + 0.5) / FADE_SAMPLES).astype(np.float32)
FADE_OUT: Float32 = FADE_IN[::-1].copy()
"""Straight lines over 5 ms, float32[240]."""


@dataclass(frozen=True, slots=True)
class Splice:
    """A tick made from more or fewer samples.

    `tick` is int16[960], `consumed` how many samples it used up, `mismatch` the difference of the two places
    against their own power: 0 when they are the same, about 1 when they have nothing in common.
    """

    tick: Int16
    consumed: int
    mismatch: float


def shortened(sound: Int16) -> Splice:
    """A tick out of the first 960 + lag samples of int16[≥ 1440]."""
    sound = sound[:SHORTEN_SAMPLES]
    at = _quietest(sound, 0, TICK_SAMPLES - FADE_SAMPLES)
    first = at + LAG_MIN_SAMPLES
    lag, mismatch = _match(sound, at, first)
    lag += LAG_MIN_SAMPLES
    tick = sound[lag : lag + TICK_SAMPLES].copy()
    tick[:at] = sound[:at]
    tick[at : at + FADE_SAMPLES] = cross_faded(sound[at:], sound[at + lag :])
    return Splice(tick, TICK_SAMPLES + lag, mismatch)


def lengthened(sound: Int16) -> Splice:
    """A tick out of the first 960 − lag samples of int16[≥ 960]."""
    sound = sound[:TICK_SAMPLES]
    at = _quietest(sound, LAG_MAX_SAMPLES, TICK_SAMPLES - FADE_SAMPLES)
    first = at - LAG_MAX_SAMPLES
    offset, mismatch = _match(sound, at, first)
    lag = LAG_MAX_SAMPLES - offset
    tick = sound.copy()
    tick[at : at + FADE_SAMPLES] = cross_faded(sound[at:], sound[at - lag :])
    tick[at + FADE_SAMPLES :] = sound[at + FADE_SAMPLES - lag : TICK_SAMPLES - lag]
    return Splice(tick, TICK_SAMPLES - lag, mismatch)


def cross_faded(old: Int16, new: Int16) -> Int16:
    """int16[240] that begins as `old` and ends as `new`; both hold at least 240 samples."""
    mixed = old[:FADE_SAMPLES] * FADE_OUT + new[:FADE_SAMPLES] * FADE_IN
    return np.rint(mixed).astype(np.int16)


def faded_in(sound: Int16) -> Int16:
    """int16[n ≥ 240] with its first 5 ms rising from nothing."""
    faded = sound.copy()
    faded[:FADE_SAMPLES] = np.rint(sound[:FADE_SAMPLES] * FADE_IN)
    return faded


def ending(past: Int16, rest: Int16) -> Int16:
    """The tick, int16[960], in which sound ends: `rest` (fewer than 960 samples), falling to nothing in 5 ms.

    A rest shorter than that is carried on by the mirror image of what was before, `past` int16[≥ 240], which
    goes on without a step.
    """
    tick = np.zeros(TICK_SAMPLES, dtype=np.int16)
    missing = max(FADE_SAMPLES - len(rest), 0)
    known = np.concatenate((past[-FADE_SAMPLES:], rest))
    tick[: len(rest)] = rest
    tick[len(rest) : len(rest) + missing] = known[::-1][:missing]
    start = max(len(rest) - FADE_SAMPLES, 0)
    fade = tick[start : start + FADE_SAMPLES]
    fade[:] = np.rint(fade * FADE_OUT)
    return tick


def mirrored(past: Int16) -> Int16:
    """What may follow `past`, int16[≥ 240], without a step: its mirror image, int16[240]."""
    return past[-FADE_SAMPLES:][::-1]


def _quietest(sound: Int16, first: int, last: int) -> int:
    """Where, from `first` to `last`, the next 5 ms have the least power."""
    energy = np.concatenate(([0.0], np.cumsum(sound.astype(np.float64) ** 2)))
    places = np.arange(first, last + 1, _STEP)
    return int(places[np.argmin(energy[places + FADE_SAMPLES] - energy[places])])


def _match(sound: Int16, at: int, first: int) -> tuple[int, float]:
    """The offset (0…360) from `first` at which 5 ms look most like those at `at`, and the mismatch."""
    scaled = sound.astype(np.float32)
    model = scaled[at : at + FADE_SAMPLES]
    span = LAG_MAX_SAMPLES - LAG_MIN_SAMPLES + FADE_SAMPLES
    windows = sliding_window_view(scaled[first : first + span], FADE_SAMPLES)
    difference = windows - model
    power = np.einsum("ij,ij->i", difference, difference) / FADE_SAMPLES
    best = int(np.argmin(power))
    own = float(model @ model + windows[best] @ windows[best]) / FADE_SAMPLES
    return best, float(power[best]) / max(own, _QUIET_POWER)
