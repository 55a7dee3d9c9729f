"""A voice that can be counted: what is missing in it, or late, is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from parvis.clock import SAMPLE_RATE_HZ, TICK_SAMPLES
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.encoders import Encoder
from tests.integration.counted import BURSTS_S, Chunk, account, check_counted, counted

TONE_HZ = 700
BEGAN_S = 1000.0


def heard(*, late_s: float = 0.1, from_s: float = 2.2, seconds: float = 9.5) -> list[Chunk]:
    """The voice as it comes from some time on, 20 ms at a time."""
    voice = np.tile(counted(TONE_HZ), 3).reshape(-1, TICK_SAMPLES)
    first = int(from_s * SAMPLE_RATE_HZ) // TICK_SAMPLES
    ticks = range(first, first + int(seconds * SAMPLE_RATE_HZ) // TICK_SAMPLES)
    return [(BEGAN_S + (n + 1) * 0.02 + late_s, voice[n]) for n in ticks]


@pytest.mark.parametrize(("late_s", "from_s"), [(0.1, 0.0), (0.4, 2.2), (0.0, 7.7)])
def test_all_of_it_is_counted(late_s: float, from_s: float) -> None:
    told = account(heard(late_s=late_s, from_s=from_s), BEGAN_S, TONE_HZ)
    assert len(told.times) >= 9
    assert told.times == [1] * len(told.times)
    assert told.delays_s == pytest.approx([late_s] * len(told.times), abs=0.03)
    assert told.tone_share > 0.99
    check_counted("somebody", heard(late_s=late_s, from_s=from_s), BEGAN_S, TONE_HZ)


def test_it_is_counted_beside_another_voice() -> None:
    """As where all of a room is recorded: each in its own place, after a codec."""
    other = np.tile(counted(1100), 3)[int(3.3 * SAMPLE_RATE_HZ) :]
    chunks = heard()
    mixed = np.concatenate([one for _, one in chunks]) // 2 + other[: TICK_SAMPLES * len(chunks)] // 2
    packets = Encoder(Rendition.OPUS).encode(mixed)
    ticks = Decoder(Rendition.OPUS).decode(packets).reshape(-1, TICK_SAMPLES)
    decoded = [(s, tick) for (s, _), tick in zip(chunks, ticks, strict=False)]
    check_counted("this", decoded, BEGAN_S, TONE_HZ)
    check_counted("the other", decoded, BEGAN_S + 2.2 - 3.3, 1100)


def at(chunks: list[Chunk], second: float) -> int:
    """The chunk with what was said that late, and comes 0.1 s later."""
    return next(n for n, (came_s, _) in enumerate(chunks) if came_s > BEGAN_S + second + 0.1)


def without_a_burst(chunks: list[Chunk]) -> list[Chunk]:
    """Something else in the place of one, as a packet that is lost gives."""
    before, there = at(chunks, BURSTS_S[7] - 0.3), at(chunks, BURSTS_S[7] - 0.05)
    return [
        (s, chunks[before + n - there][1] if 0 <= n - there < 12 else one)
        for n, (s, one) in enumerate(chunks)
    ]


def with_one_more(chunks: list[Chunk]) -> list[Chunk]:
    """A burst again, half a second after it was heard."""
    burst, echo = at(chunks, BURSTS_S[4]), at(chunks, BURSTS_S[4] + 0.5)
    return [
        (s, chunks[burst + n - echo][1] if 0 <= n - echo < 6 else one) for n, (s, one) in enumerate(chunks)
    ]


def without_half_a_second(chunks: list[Chunk]) -> list[Chunk]:
    """In which there was no burst."""
    del chunks[at(chunks, BURSTS_S[4] + 0.2) : at(chunks, BURSTS_S[4] + 0.7)]
    return chunks


def a_place_late(chunks: list[Chunk]) -> list[Chunk]:
    """By as much as lies between one burst and another."""
    return [(s + 0.7, one) for s, one in chunks]


@pytest.mark.parametrize("fault", [without_a_burst, with_one_more, without_half_a_second, a_place_late])
def test_what_is_wrong_is_found(fault: Callable[[list[Chunk]], list[Chunk]]) -> None:
    with pytest.raises(AssertionError):
        check_counted("somebody", fault(heard()), BEGAN_S, TONE_HZ)
