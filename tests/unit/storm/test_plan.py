from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.errors import UserError
from parvis.storm.curve import Curve
from parvis.storm.plan import RESERVED_FILES, Limits, Plan

ARRIVE = Curve.parse("10")


@pytest.mark.parametrize(
    "wrong",
    [
        {"listeners": 0},
        {"slow_share": 1.1},
        {"lossy_share": -0.1},
        {"slow_share": 0.6, "lossy_share": 0.6},
        {"hold_s": -1.0},
        {"leave_s": float("inf")},
        {"limits": Limits(stalled_share=2)},
    ],
)
def test_what_makes_no_sense_is_told(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError) as caught:
        Plan(**{"listeners": 10, "arrive": ARRIVE, **wrong})  # type: ignore[arg-type]
    assert caught.value.code == "plan-invalid"


def test_leaving_begins_when_all_have_come_and_stayed() -> None:
    assert Plan(10, ARRIVE, hold_s=5).ends_s == 15


@given(st.integers(1, 2_000_000), st.sampled_from([256, 1_024, 20_000, 1_048_576]))
def test_crews_hold_everybody_and_fit_into_a_process(listeners: int, files: int) -> None:
    crews = Plan(listeners, ARRIVE).crews(files)
    assert sum(crews) == listeners
    assert max(crews) <= files - RESERVED_FILES
    assert max(crews) - min(crews) <= 1
    assert min(crews) >= 1


def test_a_small_storm_takes_one_process() -> None:
    assert Plan(2_000, ARRIVE).crews(20_000) == [2_000]


def test_no_room_is_told() -> None:
    with pytest.raises(UserError) as caught:
        Plan(10, ARRIVE).crews(RESERVED_FILES)
    assert caught.value.code == "files-limited"
