from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.errors import UserError
from parvis.storm.curve import Curve


def test_a_number_is_a_straight_line() -> None:
    curve = Curve.parse("60")
    assert [curve.share(at_s) for at_s in (-1, 0, 15, 30, 60, 61)] == [0, 0, 0.25, 0.5, 1, 1]
    assert curve.duration_s == 60


@pytest.mark.parametrize("text", ["burst", "0", "linear:0"])
def test_a_burst_is_everybody_at_once(text: str) -> None:
    curve = Curve.parse(text)
    assert curve.share(-0.001) == 0
    assert curve.share(0) == 1
    assert curve.duration_s == 0


def test_points_are_joined_by_straight_lines() -> None:
    curve = Curve.parse("0:0, 60:0.8, 300:1")
    assert curve.share(30) == pytest.approx(0.4)
    assert curve.share(180) == pytest.approx(0.9)
    assert curve.duration_s == 300


def test_the_first_point_may_be_later_and_above_zero() -> None:
    curve = Curve.parse("10:0.5,20:1")
    assert curve.share(9.9) == 0
    assert curve.share(10) == 0.5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "could not convert"),
        ("-1", "not a number from 0 up"),
        ("nan", "not a number from 0 up"),
        ("0:0,60:0.8", "last share must be 1"),
        ("0:0,0:1", "seconds must rise"),
        ("0:0.5,10:0.4,20:1", "shares must not fall"),
        ("0:0,1", "values"),
        ("", "could not convert"),
    ],
)
def test_nonsense_is_told(text: str, why: str) -> None:
    with pytest.raises(UserError, match=why) as caught:
        Curve.parse(text)
    assert caught.value.code == "curve-invalid"


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 1000)),
        min_size=1,
        max_size=8,
        unique_by=lambda p: p[0],
    ),
    st.lists(st.floats(-10, 11_000), min_size=2),
)
def test_the_share_never_falls(points: list[tuple[int, int]], times_s: list[float]) -> None:
    seconds = sorted(at for at, _ in points)
    shares = sorted(share for _, share in points)
    shares[-1] = 1000
    text = ",".join(f"{at}:{share / 1000}" for at, share in zip(seconds, shares, strict=True))
    curve = Curve.parse(text if len(points) > 1 else text + f",{seconds[-1] + 1}:1")
    told = [curve.share(at_s) for at_s in sorted(times_s)]
    assert told == sorted(told)
    assert all(0 <= share <= 1 for share in told)
