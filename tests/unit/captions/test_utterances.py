"""Speech between pauses, by tones and silence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from parvis.captions.ear import PART_HEARD, RATE_HZ, Float32
from parvis.captions.utterances import LEAD_MS, LONGEST_MS, PAUSE_MS, Utterance, Utterances

PART_MS = 320


def tone(seconds: float) -> Float32:
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (0.2 * np.sin(2 * np.pi * 300 * at)).astype(np.float32)


def silence(seconds: float) -> Float32:
    return np.zeros(int(seconds * RATE_HZ), np.float32)


def heard(*pieces: Float32, start_ms: int = 0) -> list[Utterance]:
    """All utterances of the pieces, given part by part."""
    sound = np.concatenate(pieces)
    utterances, found = Utterances(), list[Utterance]()
    for number in range(len(sound) // PART_HEARD):
        piece = sound[number * PART_HEARD : (number + 1) * PART_HEARD]
        found += utterances.push(start_ms + number * PART_MS, piece)
    return found


def test_silence_is_no_speech() -> None:
    assert heard(silence(6.4)) == []


def test_speech_between_pauses() -> None:
    found = heard(silence(1.6), tone(1.0), silence(1.0), tone(2.0), silence(1.08), start_ms=5_000)
    assert [one.start_ms for one in found] == [5_000 + 1_600 - LEAD_MS, 5_000 + 3_600 - LEAD_MS]
    assert [one.duration_ms for one in found] == [LEAD_MS + 1_000 + PAUSE_MS, LEAD_MS + 2_000 + PAUSE_MS]


def test_a_click_is_no_speech() -> None:
    assert heard(silence(1.6), tone(0.04), silence(2.0)) == []


def test_nobody_waits_for_the_end_of_a_long_sentence() -> None:
    found = heard(silence(1.6), tone(4.0), silence(0.2), tone(6.0), silence(1.6))
    assert all(one.duration_ms <= LONGEST_MS for one in found)
    assert abs(found[0].start_ms + found[0].duration_ms - 5_700) <= 100, "cut where it was quietest"
    for one, after in pairwise(found):
        assert one.start_ms + one.duration_ms == after.start_ms, "nothing is lost between them"


def test_missing_sound_ends_what_was_begun() -> None:
    utterances = Utterances()
    utterances.push(0, silence(1.6))
    assert utterances.push(1_600, tone(0.96)) == []
    (found,) = utterances.push(9_600, tone(0.32))
    assert (found.start_ms, found.duration_ms) == (1_600 - LEAD_MS, LEAD_MS + 960)
