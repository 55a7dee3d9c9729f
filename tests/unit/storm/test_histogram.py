from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.storm.histogram import Histogram

VALUES = st.lists(st.floats(-100, 1e6), min_size=1, max_size=200)


def of(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_an_empty_one_has_no_percentile() -> None:
    assert Histogram().percentile(50) is None
    assert Histogram().summary() is None
    assert Histogram().buckets() == []


@given(VALUES, st.sampled_from([1, 50, 90, 99, 100]))
def test_a_percentile_is_the_nearest_rank_within_one_percent(values: list[float], percent: int) -> None:
    exact = sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
    told = of(values).percentile(percent)
    assert told is not None
    assert told == pytest.approx(exact, rel=0.0101, abs=0.51) or (exact < 0 and told <= 0.25)


@given(VALUES)
def test_bounds_are_exact(values: list[float]) -> None:
    histogram = of(values)
    assert (histogram.min_ms, histogram.max_ms) == (min(values), max(values))


@given(VALUES)
def test_many_at_once_count_like_one_by_one(values: list[float]) -> None:
    at_once = Histogram()
    at_once.add_all(np.array(values))
    one_by_one = of(values)
    assert at_once.buckets() == one_by_one.buckets()
    assert at_once.max_ms == one_by_one.max_ms


@given(VALUES, VALUES)
def test_merging_is_counting_both(some: list[float], others: list[float]) -> None:
    merged = of(some)
    merged.merge(of(others))
    assert merged.buckets() == of(some + others).buckets()
    assert merged.summary() == of(some + others).summary()


@given(VALUES, VALUES)
def test_what_came_since_can_be_told(before: list[float], after: list[float]) -> None:
    assert of(before + after).since(of(before)).buckets() == of(after).buckets()


@given(st.lists(st.floats(-100, 1e9), max_size=50), st.binary(max_size=10))
def test_bytes_bring_back_the_same(values: list[float], before: bytes) -> None:
    data = of(values).encode()
    back, end = Histogram.decode(before + data + b"rest", len(before))
    assert end == len(before) + len(data)
    assert back.buckets() == of(values).buckets()
    assert back.summary() == of(values).summary()


def test_a_value_can_be_counted_many_times() -> None:
    histogram = Histogram()
    histogram.add(10, 99)
    histogram.add(1000)
    assert histogram.total == 100
    assert histogram.percentile(99) == pytest.approx(10, rel=0.01)
    assert histogram.percentile(99.5) == pytest.approx(1000, rel=0.01)
