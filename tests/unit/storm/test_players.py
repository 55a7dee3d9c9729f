from __future__ import annotations

import pytest

from parvis.clock import PART_MS
from parvis.storm.counts import Report
from parvis.storm.players import Players, Trait
from parvis.storm.schedule import Visit
from parvis.storm.wire import Heard, Pace, Run

PART_S = PART_MS / 1000
FIRST = 5_561_234_567
NOW_S = FIRST * PART_S + 3 * PART_S
"""The end of the third part, which is when a newcomer gets the first three."""
FD = 7


class OnePlayer:
    """One listener, at a time that the test sets."""

    def __init__(self, flags: int = 0, stretch: int = 1) -> None:
        self.report = Report()
        self.counts = self.report.counts
        self.players = Players(16, self.report)
        self.players.seat(FD, Visit(flags), NOW_S - 0.05)
        self.players.stretch[FD] = stretch

    def take(self, first: int, count: int, at_s: float, pace: Pace | None = None) -> None:
        heard = Heard(runs=[Run(FIRST + first, FIRST + first + count)], pace=pace)
        self.players.take(FD, heard, NOW_S + at_s)

    def dry_in_s(self) -> float:
        return self.players.dry_at_s[FD] - NOW_S


def test_who_gets_every_part_in_time_never_stalls() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    for number in range(3, 100):
        one.take(number, 1, (number - 2) * PART_S + 0.1)
    assert one.counts.stalls == one.counts.gaps == one.counts.repeats == 0
    assert one.counts.parts == 100
    assert one.dry_in_s() == pytest.approx(100 * PART_S, abs=1e-5)


def test_sound_later_than_what_was_held_is_a_stall_as_long_as_the_silence() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.take(3, 1, 3 * PART_S + 0.5)
    assert (one.counts.stalls, one.counts.stalled_listeners) == (1, 1)
    assert one.report.stall.max_ms == pytest.approx(500, abs=0.1)


def test_after_a_stall_the_player_gathers_before_it_begins_again() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.take(3, 1, 2.0)
    one.take(4, 1, 3.0)
    assert one.players.dry(NOW_S + 10) == 0
    one.take(5, 1, 3.3)
    assert one.counts.stalls == 1
    assert one.dry_in_s() == pytest.approx(3.3 + 3 * PART_S, abs=1e-5)
    one.take(6, 1, 6.0)
    assert (one.counts.stalls, one.counts.stalled_listeners) == (2, 1)


def test_with_a_longer_stretch_it_waits_for_more() -> None:
    one = OnePlayer(stretch=4)
    one.take(0, 3, 0.0)
    assert one.players.dry_at_s[FD] == pytest.approx(-3 * PART_S)
    one.take(3, 4, 0.9)
    assert one.dry_in_s() == pytest.approx(0.9 + 7 * PART_S, abs=1e-5)
    assert one.counts.stalls == 0


def test_a_gap_is_counted_and_played_over() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.take(5, 1, 0.5)
    one.take(6, 1, 0.6)
    one.take(9, 1, 0.7)
    assert (one.counts.gaps, one.counts.missing_parts, one.counts.gapped_listeners) == (2, 4, 1)
    assert one.dry_in_s() == pytest.approx(6 * PART_S, abs=1e-5)


def test_a_repeat_is_counted_and_not_played() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.take(1, 3, 0.1)
    one.take(0, 2, 0.2)
    assert (one.counts.repeats, one.counts.parts, one.counts.gaps) == (4, 4, 0)
    assert one.dry_in_s() == pytest.approx(4 * PART_S, abs=1e-5)


def test_a_told_longer_stretch_is_delay_and_not_a_stall() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.take(3, 1, 0.3, Pace(4, 60))
    assert one.dry_in_s() == pytest.approx((4 + 3) * PART_S, abs=1e-5)
    one.take(4, 4, 0.3 + 4 * PART_S)
    assert one.counts.stalls == 0
    assert one.counts.paced == 1
    one.take(8, 4, 3.0, Pace(1, 8))
    assert one.dry_in_s() == pytest.approx((12 + 3) * PART_S, abs=1e-5)


def test_a_notice_too_short_to_gather_is_only_worth_what_could_be_gathered() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.take(3, 1, 0.3, Pace(8, 10))
    assert one.dry_in_s() == pytest.approx((4 + 0.5) * PART_S, abs=1e-5)
    one.take(4, 8, 0.3 + 8 * PART_S)
    assert one.counts.stalls == 1


def test_a_break_shorter_than_what_is_held_is_not_heard() -> None:
    one = OnePlayer(int(Trait.RETURNS))
    one.take(0, 3, 0.0)
    away = one.players.visit(FD)
    one.players.clear(FD)
    assert away.next == FIRST + 3
    one.players.seat(FD, away, NOW_S)
    one.take(3, 2, 0.9)
    assert one.counts.stalls == one.counts.gaps == 0


def test_a_longer_break_is_a_stall_and_what_the_edge_no_longer_has_a_gap() -> None:
    one = OnePlayer(int(Trait.RETURNS))
    one.take(0, 3, 0.0)
    away = one.players.visit(FD)
    one.players.clear(FD)
    one.players.seat(FD, away, NOW_S)
    one.take(8, 3, 2.0)
    assert (one.counts.stalls, one.counts.gaps, one.counts.missing_parts) == (1, 1, 5)


def test_who_never_comes_back_has_stalled_once_dry() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    away = one.players.visit(FD)
    one.players.settle_away(away, NOW_S + 0.5)
    assert one.counts.stalls == 0
    one.players.settle_away(away, NOW_S + 2.0)
    assert one.counts.stalls == 1


def test_leaving_while_dry_counts() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.players.settle(FD, NOW_S + 2.0)
    assert one.counts.stalls == 1


@pytest.mark.parametrize("trait", [Trait.SLOW, Trait.LOSSY])
def test_the_hampered_are_counted_apart(trait: Trait) -> None:
    one = OnePlayer(int(trait))
    one.take(0, 3, 0.0)
    one.take(5, 1, 2.0)
    one.take(4, 1, 2.1)
    counts = one.counts
    assert (counts.stalls, counts.gaps, counts.repeats) == (0, 0, 0)
    assert (counts.hampered_stalls, counts.hampered_missing_parts) == (1, 2)


def test_what_is_heard_is_as_far_behind_as_what_is_held() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    assert one.players.sample(NOW_S + 0.1) == 0
    assert one.report.behind.max_ms == pytest.approx(3 * PART_MS, abs=0.1)
    assert one.players.sample(NOW_S + 1.0) == 1
    assert one.report.behind.total == 1
    assert one.players.dry(NOW_S + 1.0) == 1


def test_of_whom_it_is_not_known_what_it_got_no_delay_is_told() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.players.believe(FD, PART_MS / 1000, NOW_S + 0.1)
    one.players.next[FD] = -one.players.next[FD]
    one.players.sample(NOW_S + 0.2)
    assert one.report.behind.total == 0
    one.players.confirm(FD, Run(FIRST + 3, FIRST + 4))
    one.players.sample(NOW_S + 0.2)
    assert one.report.behind.total == 1
    assert one.report.behind.max_ms == pytest.approx(3 * PART_MS, abs=0.1)


@pytest.mark.parametrize(("stretch", "parts"), [(1, 3), (16, 18), (32, 36), (64, 72)])
def test_a_longer_burst_has_a_longer_reserve(stretch: int, parts: int) -> None:
    one = OnePlayer()
    one.players.stretch[FD] = stretch
    one.take(0, parts - 1, 0.0)
    assert one.players.dry_at_s[FD] < 0
    one.take(parts - 1, 1, 0.1)
    assert one.dry_in_s() == pytest.approx(0.1 + parts * PART_S)


def test_where_the_space_is_too_young_the_player_waits_and_then_lasts_until_the_next_burst() -> None:
    one = OnePlayer(stretch=64)
    one.take(0, 10, 0.0)
    assert one.report.join.total == 0, "it hears nothing yet"
    one.players.sample(NOW_S + 61 * PART_S)
    assert one.players.dry_at_s[FD] < 0
    one.players.sample(NOW_S + 63 * PART_S)
    assert one.report.join.max_ms == pytest.approx(50 + 62 * PART_MS, abs=1)
    assert one.dry_in_s() == pytest.approx(72 * PART_S)
    one.take(10, 64, 64 * PART_S)
    assert one.counts.stalls == 0
    assert one.report.behind.max_ms == pytest.approx(72 * PART_MS - 7 * PART_MS, abs=1)


def test_first_sound_is_told_once_for_each_connection() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.take(3, 1, 5.0)
    one.take(4, 3, 5.1)
    assert (one.counts.stalls, one.report.join.total) == (1, 1)
    assert one.report.join.max_ms == pytest.approx(50, abs=0.1)


def test_the_middle_of_a_chunk_changes_nothing_of_what_is_wanted() -> None:
    one = OnePlayer()
    one.take(0, 3, 0.0)
    one.players.next[FD] = -one.players.next[FD]
    one.take(3, 1, 0.2)
    assert one.counts.gaps == 0
    assert one.players.next[FD] == FIRST + 4
