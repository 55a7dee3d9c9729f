"""What happens by itself at the announced time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parvis.spaces import plan, succession
from parvis.spaces.seat import Role
from parvis.spaces.seen import UNSEEN, Seen
from parvis.spaces.space import Space, State
from parvis.spaces.terms import IfAbsent, Terms
from tests.unit.spaces.makers import NOW_MS, new_space, person

AT_MS = NOW_MS + 3_600_000
NOBODY = Seen(reported=True)
HOST = Seen(frozenset({"ana"}), reported=True)
HOST_ON_AIR = replace(HOST, on_air=True)
BEN_ON_AIR = Seen(frozenset({"ben"}), reported=True, on_air=True)


def planned(if_absent: IfAbsent = IfAbsent.HOLD, auto_start: bool | None = None) -> Space:
    terms = Terms(if_absent=if_absent, auto_start=auto_start)
    made = replace(new_space(), starts_at_ms=AT_MS, terms=terms)
    return made.seat_person(person("ben"), Role.CO_HOST, NOW_MS)


def test_it_is_live_when_the_stage_says_so_and_not_before() -> None:
    assert plan.step(planned(), HOST_ON_AIR, AT_MS - 1).state is State.SCHEDULED
    assert plan.step(planned(), HOST, AT_MS).state is State.SCHEDULED
    live = plan.step(planned(), HOST_ON_AIR, AT_MS)
    assert (live.state, live.started_at_ms) == (State.LIVE, AT_MS)
    assert plan.step(live, HOST_ON_AIR, AT_MS + 1) is live


@pytest.mark.parametrize(("auto_start", "expected"), [(None, True), (True, True), (False, False)])
def test_auto_start_is_yes_as_soon_as_there_is_a_time(auto_start: bool | None, expected: bool) -> None:
    assert planned(auto_start=auto_start).auto_starts is expected
    assert plan.is_due(planned(auto_start=auto_start), AT_MS) is expected
    assert not planned(auto_start=auto_start).reschedule(None).auto_starts


def test_hold_waits_for_the_host() -> None:
    waiting = planned(IfAbsent.HOLD)
    assert plan.step(waiting, NOBODY, AT_MS + 600_000) is waiting
    assert plan.step(waiting, HOST_ON_AIR, AT_MS + 600_000).state is State.LIVE


def test_acting_lets_somebody_act_without_grace() -> None:
    live = plan.step(planned(IfAbsent.ACTING), BEN_ON_AIR, AT_MS)
    now = succession.step(live, BEN_ON_AIR, AT_MS)
    assert now.acting is not None
    assert now.acting.person.handle == "ben"
    with_grace = plan.step(planned(IfAbsent.HOLD), BEN_ON_AIR, AT_MS)
    assert succession.step(with_grace, BEN_ON_AIR, AT_MS).acting is None


def test_postpone_three_times_then_hold() -> None:
    space = planned(IfAbsent.POSTPONE)
    for times in range(1, 4):
        due_ms = space.starts_at_ms
        assert due_ms is not None
        assert plan.if_absent(space) is IfAbsent.POSTPONE
        assert plan.step(space, NOBODY, due_ms + 1_999) is space, "the stage may not have decided yet"
        postponed = plan.step(space, NOBODY, due_ms + 2_000)
        assert (postponed.starts_at_ms, postponed.postponed) == (due_ms + 600_000, times)
        assert postponed.revision == space.revision + 1
        space = postponed
    assert plan.if_absent(space) is IfAbsent.HOLD
    assert space.starts_at_ms is not None
    assert plan.step(space, NOBODY, space.starts_at_ms) is space
    assert space.reschedule(AT_MS + 9_000_000).postponed == 0, "another time begins anew"


def test_a_host_who_comes_a_moment_late_is_let_on_air() -> None:
    space = planned(IfAbsent.POSTPONE)
    assert plan.step(space, HOST, AT_MS + 1_999) is space
    assert plan.step(space, HOST, AT_MS + 2_000).state is State.LIVE


def test_nothing_is_postponed_without_a_stage() -> None:
    space = planned(IfAbsent.POSTPONE)
    assert plan.step(space, UNSEEN, AT_MS + 60_000) is space


def test_after_a_long_standstill_the_new_time_is_not_past() -> None:
    day_later_ms = AT_MS + 86_400_000
    postponed = plan.step(planned(IfAbsent.POSTPONE), NOBODY, day_later_ms)
    assert postponed.starts_at_ms is not None
    assert day_later_ms < postponed.starts_at_ms <= day_later_ms + 600_001
