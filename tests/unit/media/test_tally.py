from __future__ import annotations

import pytest

from parvis.errors import RemoteProtocolError
from parvis.media.tally import MAX_GAP_PARTS, Tally


def test_gaps_and_repeats_are_told_apart() -> None:
    tally = Tally()
    missing = [tally.take(sequence, 100.0) for sequence in (10, 11, 11, 14, 12, 15, 20)]
    assert missing == [0, 0, None, 2, None, 0, 4]
    assert (tally.parts, tally.gaps, tally.missing_parts, tally.repeats) == (5, 2, 6, 2)
    assert (tally.first_sequence, tally.last_sequence) == (10, 20)
    assert tally.seconds == 1.6


def test_delays_are_nearest_ranks() -> None:
    tally = Tally()
    for sequence in range(1, 101):
        tally.take(sequence, float(101 - sequence))
    assert tally.delay_ms() == {"min": 1.0, "p50": 50.0, "p95": 95.0, "max": 100.0}
    assert tally.last_delay_ms == 1.0


def test_a_tally_of_nothing_says_so() -> None:
    assert Tally().summary() == {
        "parts": 0,
        "seconds": 0.0,
        "gaps": 0,
        "missing_parts": 0,
        "repeats": 0,
        "delay_ms": None,
        "first_sequence": None,
        "last_sequence": None,
    }


def test_a_jump_of_more_than_a_day_is_refused() -> None:
    tally = Tally()
    tally.take(1, 0.0)
    assert tally.take(2 + MAX_GAP_PARTS, 0.0) == MAX_GAP_PARTS
    with pytest.raises(RemoteProtocolError):
        tally.take(4 + 2 * MAX_GAP_PARTS, 0.0)
