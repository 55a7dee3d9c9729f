from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from parvis.errors import UserError
from parvis.storm.curve import Curve
from parvis.storm.rehearsal.script import Act, Fault, Script
from parvis.storm.rehearsal.timeline import CALM_S, EARLY_SHARE, ROOM_S, Timeline

STANDARD = Script.parse("standard").faults


def test_the_standard_rehearsal_takes_two_minutes() -> None:
    plan = Timeline.of(STANDARD, 3, None)
    assert plan.ends_s == 120.0
    assert plan.live_s == 17.0
    assert [fault for _, fault in plan.faults] == list(STANDARD)
    arrive = Curve.parse(plan.arrive)
    assert arrive.share(plan.live_s) == pytest.approx(EARLY_SHARE)
    assert arrive.share(plan.full_s) == 1


def test_without_minutes_it_takes_as_long_as_the_faults_need() -> None:
    hard = Timeline.of(Script.parse("hard").faults, 3, None)
    assert hard.ends_s > 120
    assert hard.ends_s == pytest.approx(
        hard.full_s + CALM_S + sum(ROOM_S[f.act] for _, f in hard.faults) + CALM_S
    )


def test_too_few_minutes_are_refused_with_how_many_it_takes() -> None:
    with pytest.raises(UserError, match=r"say --minutes (\d|\.)+") as caught:
        Timeline.of(STANDARD, 3, 1)
    assert caught.value.code == "rehearsal-too-short"
    least = float(caught.value.detail.rsplit(" ", 1)[1])
    assert Timeline.of(STANDARD, 3, least).ends_s == pytest.approx(least * 60)


def test_too_many_minutes_are_refused() -> None:
    with pytest.raises(UserError) as caught:
        Timeline.of((), 3, 2_000)
    assert caught.value.code == "rehearsal-too-long"


def test_a_second_of_its_own_is_kept_if_it_can_be() -> None:
    plan = Timeline.of((Fault(Act.HERD, 40.0), Fault(Act.HERD, 41.0)), 1, 3)
    (first, _), (second, _) = plan.faults
    assert first == plan.live_s + 40
    assert second == first + ROOM_S[Act.HERD]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(Act), max_size=20),
    st.integers(1, 12),
    st.one_of(st.none(), st.floats(1, 120)),
)
def test_every_fault_has_its_room_and_nothing_runs_past_the_end(
    acts: list[Act], speakers: int, minutes: float | None
) -> None:
    faults = tuple(Fault(act) for act in acts)
    try:
        plan = Timeline.of(faults, speakers, minutes)
    except UserError as error:
        assume(error.code != "rehearsal-too-short")
        raise
    assert 0 < plan.live_s < plan.full_s < plan.ends_s
    ends = [*(at_s for at_s, _ in plan.faults), plan.ends_s]
    assert ends[0] >= min(plan.full_s + CALM_S, plan.ends_s)
    for (at_s, fault), (later_s, _) in pairwise(plan.faults):
        assert later_s - at_s >= ROOM_S[fault.act] - 1e-3
    for at_s, fault in plan.faults[-1:]:
        assert plan.ends_s - at_s >= ROOM_S[fault.act] + CALM_S - 1e-3
