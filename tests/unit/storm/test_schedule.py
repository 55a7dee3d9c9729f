from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parvis.storm.schedule import Act, Schedule, Visit


@given(st.lists(st.integers(0, 50)))
def test_what_is_due_comes_in_order_of_time_and_then_of_asking(times_s: list[int]) -> None:
    schedule = Schedule()
    for number, at_s in enumerate(times_s):
        schedule.touch(at_s, Act.BREAK_OFF, number, 0.0)
    taken = []
    while (entry := schedule.due(100)) is not None:
        taken.append((entry.at_s, entry.fd))
    assert taken == sorted((at_s, number) for number, at_s in enumerate(times_s))


def test_nothing_is_due_before_its_time() -> None:
    schedule = Schedule()
    schedule.come_back(10, Visit(0, next=5))
    assert schedule.next_s == 10
    assert schedule.coming_back == 1
    assert schedule.due(9.99) is None
    entry = schedule.due(10)
    assert entry is not None
    assert entry.visit == Visit(0, next=5)
    assert schedule.coming_back == 0
    assert schedule.next_s is None


def test_clearing_forgets_everybody() -> None:
    schedule = Schedule()
    schedule.come_back(1, Visit(0))
    schedule.clear()
    assert (len(schedule), schedule.coming_back) == (0, 0)
