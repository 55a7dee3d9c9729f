from __future__ import annotations

import pytest

from parvis.media.rendition import Rendition
from parvis.storm.memo import NOTHING_PLAIN, Memo
from parvis.storm.wire import PartBook, StreamReader
from tests.unit.storm.wires import FIRST, burst, join


def keep(memo: Memo, data: bytes, *, fresh: bool = False) -> None:
    memo.keep(data, StreamReader(PartBook(Rendition.OPUS), fresh=fresh).feed(data))


def buffer_of(data: bytes) -> bytearray:
    return bytearray(data + b"what was there before")


def test_what_was_seen_is_found_again() -> None:
    memo = Memo(8)
    for first in (FIRST, FIRST + 2):
        keep(memo, burst(first, 2))
    for first in (FIRST, FIRST + 2, FIRST):
        data = burst(first, 2)
        known = memo.find(buffer_of(data), len(data))
        assert known is not None
        assert (known.first, known.next) == (first, first + 2)
        assert known.seconds == pytest.approx(0.64)


def test_one_other_byte_anywhere_is_something_else() -> None:
    memo = Memo(8)
    data = burst(FIRST, 2)
    keep(memo, data)
    for place in (0, 700, len(data) - 1):
        other = buffer_of(data)
        other[place] ^= 1
        assert memo.find(other, len(data)) is None
    assert memo.find(buffer_of(data), len(data) - 1) is None
    assert memo.find(buffer_of(data), 0) is None


def test_a_join_is_never_plain() -> None:
    memo = Memo(8)
    keep(memo, join(), fresh=True)
    assert memo.last.first == NOTHING_PLAIN


def test_the_oldest_goes_first() -> None:
    memo = Memo(3)
    bursts = [burst(FIRST + number) for number in range(5)]
    for data in bursts:
        keep(memo, data)
    assert len(memo) == 3
    found = [memo.find(buffer_of(data), len(data)) is not None for data in bursts]
    assert found == [False, False, True, True, True]
