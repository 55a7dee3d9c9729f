from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.storm.counts import Report
from parvis.storm.curve import Curve
from parvis.storm.habits import BACKOFF_MAX_S, Habits, backoff_s
from parvis.storm.plan import Plan
from parvis.storm.players import Players, Trait
from parvis.storm.schedule import Schedule, Visit
from parvis.storm.wire import Answer

NOW_S = 1_800_000_000.0
KEEPS = int(Trait.KEEPS_APPOINTMENTS)


class World:
    """Habits with everything around them in memory."""

    def __init__(self, **plan: Any) -> None:
        self.schedule = Schedule()
        self.report = Report()
        self.counts = self.report.counts
        players = Players(4, self.report)
        whole = Plan(1_000, Curve.parse("burst"), **plan)
        self.habits = Habits(whole, random.Random(1), self.schedule, players, self.report)

    def next(self) -> tuple[float, Visit]:
        """(seconds from now, who) of the next return."""
        entry = self.schedule.due(float("inf"))
        assert entry is not None
        assert entry.visit is not None
        return entry.at_s - NOW_S, entry.visit


def refusal(in_s: float | None = None, retry_after_s: float | None = None, **problem: Any) -> Answer:
    if in_s is not None:
        at = (
            datetime.fromtimestamp(NOW_S + in_s, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        problem |= {"appointment": "ticket", "at": at}
    return Answer(503, retry_after_s=retry_after_s, problem=problem)


def test_a_crowd_is_drawn_in_the_shares_of_the_plan() -> None:
    world = World(slow_share=0.2, lossy_share=0.3, appointment_share=0.5, reconnect_share=0.9)
    visits = [world.habits.newcomer() for _ in range(10_000)]
    shares = {trait: sum(bool(visit.flags & trait) for visit in visits) / 10_000 for trait in list(Trait)[:4]}
    assert shares == {
        Trait.SLOW: pytest.approx(0.2, abs=0.02),
        Trait.LOSSY: pytest.approx(0.3, abs=0.02),
        Trait.KEEPS_APPOINTMENTS: pytest.approx(0.5, abs=0.02),
        Trait.RETURNS: pytest.approx(0.9, abs=0.02),
    }
    assert not any(visit.flags & Trait.SLOW and visit.flags & Trait.LOSSY for visit in visits)
    assert world.counts.arrived == 10_000


def test_an_appointment_is_kept_soon_after_its_time() -> None:
    world = World()
    world.habits.refused(Visit(KEEPS, next=7), refusal(in_s=40, retry_after_s=1), NOW_S)
    in_s, visit = world.next()
    assert 40 <= in_s <= 45
    assert (visit.appointment, visit.next, visit.refusals) == ("ticket", 7, 0)
    assert world.counts.appointments_given == 1


def test_an_appointment_in_the_past_is_for_now() -> None:
    world = World()
    world.habits.refused(Visit(KEEPS), refusal(in_s=-10), NOW_S)
    assert 0 <= world.next()[0] <= 5


def test_a_new_appointment_replaces_the_old_without_end_of_patience() -> None:
    world = World()
    visit = Visit(KEEPS)
    for _ in range(10):
        world.habits.refused(visit, refusal(in_s=1), NOW_S)
        _, visit = world.next()
    assert world.counts.gave_up == 0


def test_without_appointments_retry_after_is_obeyed_until_patience_ends() -> None:
    world = World()
    visit = Visit(0)
    for _ in range(2):
        world.habits.refused(visit, refusal(in_s=1, retry_after_s=20), NOW_S)
        in_s, visit = world.next()
        assert 20 <= in_s <= 30
        assert visit.appointment == ""
    world.habits.refused(visit, refusal(in_s=1, retry_after_s=20), NOW_S)
    assert world.schedule.coming_back == 0
    assert (world.counts.refused, world.counts.gave_up) == (3, 1)


@pytest.mark.parametrize(
    "problem",
    [
        {},
        {"appointment": "ticket"},
        {"appointment": 5, "at": "2027-01-15T08:00:00Z"},
        {"appointment": "ticket", "at": "soon"},
        {"appointment": "ticket", "at": "2027-01-15T08:00:00"},
        {"appointment": "ticket", "at": 1_800_000_000},
    ],
)
def test_half_an_appointment_is_none(problem: dict[str, Any]) -> None:
    world = World()
    world.habits.refused(Visit(KEEPS), Answer(503, problem=problem), NOW_S)
    in_s, visit = world.next()
    assert 1 <= in_s <= 1.5
    assert visit.refusals == 1
    assert world.counts.appointments_given == 0


def test_other_answers_are_final() -> None:
    world = World()
    world.habits.refused(Visit(KEEPS), Answer(404, problem={"code": "space-unknown"}), NOW_S)
    assert world.schedule.coming_back == 0
    assert world.counts.rejected == 1
    assert world.report.notes == ["answered 404 space-unknown"]


def test_a_space_that_ended_meanwhile_is_a_good_end_only_for_who_had_been_there() -> None:
    world = World()
    world.habits.refused(Visit(0, next=7), Answer(410), NOW_S)
    assert (world.counts.ended, world.counts.rejected) == (1, 0)
    world.habits.refused(Visit(0), Answer(410), NOW_S)
    assert (world.counts.ended, world.counts.rejected) == (1, 1)


def test_who_does_not_return_and_has_nothing_left_to_play_has_stalled() -> None:
    world = World()
    world.habits.broken(Visit(0, next=7, dry_at_s=NOW_S - 1), NOW_S)
    assert world.schedule.coming_back == 0
    assert world.counts.stalls == 1


def test_who_returns_does_so_at_its_part() -> None:
    world = World()
    world.habits.broken(Visit(int(Trait.RETURNS), next=7, dry_at_s=NOW_S + 1), NOW_S)
    in_s, visit = world.next()
    assert 0 <= in_s <= 0.25
    assert (visit.next, visit.dry_at_s, visit.attempts) == (7, NOW_S + 1, 1)


def test_no_answer_is_tried_again_and_in_the_end_given_up() -> None:
    world = World()
    visit = Visit(0)
    for _ in range(8):
        world.habits.unanswered(visit, "cannot connect", NOW_S)
        _, visit = world.next()
    world.habits.unanswered(visit, "cannot connect", NOW_S)
    assert world.schedule.coming_back == 0
    assert (world.counts.unanswered, world.counts.gave_up) == (9, 1)
    assert world.report.notes == ["cannot connect"]


def test_only_the_first_few_notes_are_kept_each_on_one_line() -> None:
    world = World()
    for number in range(20):
        world.habits.note(f"{number}\nmore")
    assert world.report.notes == [f"{number} more" for number in range(5)]


@given(st.integers(0, 1000), st.integers())
def test_jitter_is_full_and_bounded(attempts: int, seed: int) -> None:
    wait_s = backoff_s(attempts, random.Random(seed))
    assert 0 <= wait_s <= min(BACKOFF_MAX_S, 0.25 * 2 ** min(attempts, 10))


def test_a_crowd_comes_back_spread_over_the_whole_time() -> None:
    rng = random.Random(1)
    waits = sorted(backoff_s(3, rng) for _ in range(1000))
    tenths = [sum(int(wait / 0.2) == tenth for wait in waits) for tenth in range(10)]
    assert min(tenths) > 60
