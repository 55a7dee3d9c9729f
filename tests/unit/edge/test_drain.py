from hypothesis import given
from hypothesis import strategies as st

from parvis.edge.drain import Drain


def test_an_even_pace() -> None:
    drain = Drain(100.0, 10.0, 50)
    assert [drain.due(100.0 + second) for second in range(13)] == [0, *[5] * 10, 0, 0]


def test_without_time_everybody_at_once() -> None:
    assert Drain(100.0, 0.0, 50).due(100.0) == 50


@given(st.integers(0, 20_000), st.lists(st.floats(0, 12), max_size=40))
def test_everybody_exactly_once(total: int, moments: list[float]) -> None:
    drain = Drain(0.0, 10.0, total)
    assert sum(drain.due(moment) for moment in [*sorted(moments), 12.0]) == total
