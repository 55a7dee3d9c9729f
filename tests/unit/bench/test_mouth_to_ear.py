"""What was said and what was heard of it."""

from __future__ import annotations

from bench.mouth_to_ear import APART_TICKS, Mouth, figures

TICKS_OF_A_PART = 16


def test_a_click_that_nobody_heard_is_missing_in_the_count() -> None:
    said_s = [10.0, 11.0, 12.0, 13.0]
    heard_s = [10.1, 11.2, 13.1]
    found = figures(said_s, heard_s)
    assert found == {"said": 4, "heard": 3, "p50_ms": 100.0, "p95_ms": 190.0}


def test_nothing_heard_has_no_delay() -> None:
    found = figures([10.0], [])
    assert (found["said"], found["heard"]) == (1, 0)
    assert found["p50_ms"] != found["p50_ms"], "not a number"


def test_clicks_stand_at_every_place_of_a_part() -> None:
    mouth = Mouth(TICKS_OF_A_PART)
    ticks = [mouth.tick() for _ in range(TICKS_OF_A_PART * APART_TICKS)]
    places = [n % TICKS_OF_A_PART for n, tick in enumerate(ticks) if tick is not None and tick.any()]
    assert sorted(places) == list(range(TICKS_OF_A_PART))
    assert (len(mouth.said_s), mouth.tick()) == (TICKS_OF_A_PART, None)
