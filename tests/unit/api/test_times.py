"""RFC 3339 there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.api.times import parse_rfc3339, rfc3339, rfc3339_or_none


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_there_and_back(unix_ms: int) -> None:
    assert parse_rfc3339(rfc3339(unix_ms)) == unix_ms


def test_known_times() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(1_795_358_204_120) == "2026-11-22T14:36:44.120Z"
    assert rfc3339_or_none(None) is None
    assert parse_rfc3339("2026-11-22t15:36:44.12+01:00") == 1_795_358_204_120
    assert parse_rfc3339("2026-11-22T14:36:44.120999999z") == 1_795_358_204_120


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-22", "2026-11-22T14:36:44", "2026-11-22 14:36:44Z", "2026-02-30T00:00:00Z",
     "2026-11-22T24:00:01Z", "0001-01-01T00:00:00+23:59", "2026-11-22T14:36:44Z\n", "٢٠٢٦-11-22T14:36:44Z"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        parse_rfc3339(text)
