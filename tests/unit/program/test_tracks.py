"""Tracks lie under the program by number alone."""

from __future__ import annotations

import numpy as np

from parvis.bus.messages import PartMessage
from parvis.clock import PART_SAMPLES, TICK_SAMPLES, TICKS_PER_PART
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.encoders import Samples
from parvis.program.tracks import Tracks

FIRST = 5_600_000_000
TICK = FIRST * TICKS_PER_PART


def sound(ticks: int) -> Samples:
    time = np.arange(ticks * TICK_SAMPLES) / 48_000
    return (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16).reshape(-1, TICK_SAMPLES)


def decoded(parts: list[PartMessage]) -> Samples:
    decoder, pieces = Decoder(Rendition.OPUS), []
    for message in parts:
        (part,) = PartReader(Rendition.OPUS).feed(message.body)
        assert isinstance(part, Part)
        assert part.sequence == message.sequence
        pieces.append(decoder.decode(part.access_units))
    return np.concatenate(pieces)


def lag_of(spoken: Samples, heard: Samples) -> int:
    """Samples by which what is heard comes late, from the middle of it."""
    middle = slice(len(spoken) // 2, len(spoken) // 2 + 4_800)
    window = spoken[middle].astype(np.float64)
    scores = [float(np.dot(window, heard[middle.start + lag : middle.stop + lag])) for lag in range(-50, 51)]
    return int(np.argmax(scores)) - 50


def test_who_comes_and_goes_in_the_middle_of_a_part() -> None:
    tracks, parts = Tracks("s"), list[PartMessage]()
    for number, samples in enumerate(sound(100)):
        tick = TICK + number
        heard = {"ana": samples} if 20 <= number < 70 else {}
        for handle, found in tracks.push(tick, heard).items():
            assert handle == "ana"
            parts += found
    assert [part.sequence for part in parts] == [FIRST + 1, FIRST + 2, FIRST + 3, FIRST + 4]
    assert tracks.flush() == {}
    heard_samples, spoken = decoded(parts), sound(100).reshape(-1)[PART_SAMPLES : 5 * PART_SAMPLES]
    assert np.abs(heard_samples[: 3 * TICK_SAMPLES]).max() < 40
    assert np.abs(heard_samples[-8 * TICK_SAMPLES :]).max() < 40
    assert abs(lag_of(spoken, heard_samples)) <= 3


def test_the_end_completes_what_was_begun() -> None:
    tracks = Tracks("s")
    for number, samples in enumerate(sound(10)):
        assert tracks.push(TICK + number, {"ana": samples, "ben": samples}) == {}
    left = tracks.flush()
    assert {handle: [part.sequence for part in parts] for handle, parts in left.items()} == {
        "ana": [FIRST],
        "ben": [FIRST],
    }
    assert tracks.flush() == {}


def test_after_a_tick_left_out_all_begins_anew_at_the_right_number() -> None:
    tracks = Tracks("s")
    for number, samples in enumerate(sound(5)):
        tracks.push(TICK + number, {"ana": samples})
    later = tracks.push(TICK + 3 * TICKS_PER_PART, {"ana": sound(1)[0]})
    assert [part.sequence for part in later["ana"]] == [FIRST]
    assert [part.sequence for part in tracks.flush()["ana"]] == [FIRST + 3]
