from hypothesis import given
from hypothesis import strategies as st

from parvis.edge.ring import HeldPart, Put, Ring


def filled(*sequences: int, capacity: int = 94) -> Ring:
    ring = Ring(capacity)
    for sequence in sequences:
        ring.put(sequence, b"%d" % sequence)
    return ring


def test_put_is_idempotent() -> None:
    ring = Ring()
    assert ring.put(7, b"first") is Put.STORED
    assert ring.put(7, b"again") is Put.KNOWN
    assert ring.get(7) == HeldPart(b"first", stand_in=False)


def test_order_does_not_matter() -> None:
    ring = filled(12, 10, 11)
    assert (ring.oldest, ring.newest, len(ring)) == (10, 12, 3)


def test_only_the_window_stays() -> None:
    ring = filled(*range(100, 200), capacity=94)
    assert (ring.oldest, ring.newest, len(ring)) == (106, 199, 94)
    assert ring.put(105, b"too old") is Put.OLD
    assert ring.get(105) is None


def test_a_jump_empties_the_window() -> None:
    ring = filled(1, 2, 3)
    ring.put(10_000, b"far")
    assert (ring.oldest, ring.newest, len(ring)) == (10_000, 10_000, 1)


def test_a_real_part_after_its_stand_in_is_late() -> None:
    ring = Ring()
    ring.put(5, b"silence", stand_in=True)
    assert ring.put(5, b"real") is Put.LATE
    assert ring.get(5) == HeldPart(b"silence", stand_in=True)


def test_nearest() -> None:
    ring = filled(10, 11, 20)
    assert ring.nearest(11) == 11
    assert ring.nearest(0) == 10
    assert ring.nearest(99) == 20
    assert ring.nearest(14) == 11
    assert ring.nearest(17) == 20
    assert filled(10, 12).nearest(11) == 12, "of two as close, the newer"
    assert Ring().nearest(1) is None
    assert ring.nearest(10, 11) == 11
    assert ring.nearest(10, 12) == 20
    assert ring.nearest(10, 21) is None


def test_the_first_from_somewhere_on() -> None:
    ring = filled(10, 11, 20)
    assert [ring.first_from(sequence) for sequence in (0, 10, 11, 12, 20, 21)] == [10, 10, 11, 20, 20, None]
    assert Ring().first_from(0) is None


def test_gaps() -> None:
    assert filled(10, 12, 15).gaps(10, 15) == [11, 13, 14]
    assert filled(10, 11).gaps(10, 11) == []


def test_drop_before() -> None:
    ring = filled(10, 11, 12)
    ring.drop_before(12)
    assert (ring.oldest, ring.newest) == (12, 12)
    ring.drop_before(13)
    assert (ring.oldest, ring.newest, len(ring)) == (None, None, 0)


@given(st.lists(st.integers(0, 60), min_size=1))
def test_whatever_the_order_the_window_is_the_same(sequences: list[int]) -> None:
    ring = filled(*sequences, capacity=10)
    assert ring.newest == max(sequences)
    held = {sequence for sequence in range(61) if ring.get(sequence)}
    assert held == {sequence for sequence in sequences if sequence > max(sequences) - 10}
