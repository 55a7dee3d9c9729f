from __future__ import annotations

from parvis.storm.counts import Counts
from parvis.storm.rehearsal.limits import Measured, Promise, broken

CALM = Promise()


def test_nothing_wrong_is_nothing_said() -> None:
    assert broken(CALM, Measured()) == []
    assert broken(CALM, Measured(silence_s=CALM.silence_s, returned=500)) == []


def test_each_promise_has_its_sentence() -> None:
    said = broken(
        CALM, Measured(silence_s=5.5, stalls=3, stall_max_ms=1_200.0, gaps=2, dropped=1_500, lost=40)
    )
    assert said == [
        "nobody was heard for 5.5 s (1.3 s at most)",
        "players ran dry 3 times, for up to 1.2 s (none may be)",
        "listeners missed sound 2 times",
        "1,500 streams broke",
        "40 listeners did not come back",
    ]


def test_where_streams_may_break_a_short_silence_is_forgiven_and_a_long_one_is_not() -> None:
    may = Promise(stall_ms=1_000.0, breaks=True)
    assert broken(may, Measured(stalls=3, stall_max_ms=900.0, dropped=500, returned=500)) == []
    assert broken(may, Measured(stalls=3, stall_max_ms=1_900.0)) == [
        "players ran dry 3 times, for up to 1.9 s (1.0 s at most)"
    ]


def test_what_the_crowd_counted_in_between_is_the_difference() -> None:
    measured = Measured()
    measured.add(
        Counts(connected=100, stalls=4, gaps=1, dropped=7, returned=7),
        Counts(connected=98, stalls=6, gaps=1, dropped=57, returned=55),
    )
    assert (measured.stalls, measured.gaps, measured.dropped) == (2, 0, 50)
    assert (measured.returned, measured.lost) == (48, 2)
