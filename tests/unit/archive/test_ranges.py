"""The Range header, case by case (RFC 9110 §14)."""

from __future__ import annotations

import pytest

from parvis.archive.front.ranges import ByteRange, Unsatisfiable, is_match, parse_range, range_holds


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", ByteRange(0, 99)),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=10-19", ByteRange(10, 19)),
        ("Bytes=90-1000", ByteRange(90, 99)),
        ("bytes=-10", ByteRange(90, 99)),
        ("bytes=-1000", ByteRange(0, 99)),
        ("bytes=99-", ByteRange(99, 99)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("parts=0-1", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_one_range_or_the_whole(header: str | None, expected: ByteRange | None) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_past_the_end(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, 100)


def test_if_range_stands_by_a_strong_tag_alone() -> None:
    assert range_holds(None, '"a"')
    assert range_holds('"a"', '"a"')
    assert not range_holds('W/"a"', '"a"')
    assert not range_holds("Wed, 25 Mar 2026 20:00:00 GMT", '"a"')


def test_if_none_match_names_one_of_several() -> None:
    assert is_match('"b", W/"a"', '"a"')
    assert is_match("*", '"a"')
    assert not is_match('"b"', '"a"')
    assert not is_match(None, '"a"')
