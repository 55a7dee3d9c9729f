"""A set of ranges is a set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parvis.archive.sequences import SequenceSet

ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda p: (p[0], p[0] + p[1])))


@given(ranges, st.integers(0, 70), st.integers(0, 20))
def test_it_holds_what_was_added_and_misses_the_rest(
    added: list[tuple[int, int]], first: int, more: int
) -> None:
    plain = {number for low, high in added for number in range(low, high + 1)}
    compact = SequenceSet(added)
    assert list(compact) == sorted(plain)
    assert len(compact) == len(plain)
    assert (compact.first, compact.last) == ((min(plain), max(plain)) if plain else (None, None))
    assert all((number in compact) == (number in plain) for number in range(-1, 80))
    flat = [edge for pair in compact.ranges() for edge in pair]
    assert all(after - before > 1 for before, after in zip(flat[1::2], flat[2::2], strict=False))
    wanted = range(first, first + more + 1)
    holes = {number for low, high in compact.missing(first, first + more) for number in range(low, high + 1)}
    assert holes == set(wanted) - plain
