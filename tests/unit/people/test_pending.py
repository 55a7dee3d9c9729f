"""What waits for somebody's next step."""

from __future__ import annotations

from parvis.clock import ManualClock
from parvis.people.pending import KEPT_S, ROOM, Pending


def test_it_is_taken_once_and_in_time() -> None:
    clock = ManualClock()
    pending: Pending[str, str] = Pending(clock)
    pending.put("a", "one")
    pending.put("b", "")
    assert pending.take("c") is None
    assert pending.take("a") == "one"
    assert pending.take("a") is None
    assert pending.take("b") == "", "an empty value is a value"
    pending.put("a", "two")
    clock.advance(KEPT_S)
    assert pending.take("a") is None


def test_a_crowd_of_beginners_takes_no_more_room() -> None:
    pending: Pending[bytes, int] = Pending(ManualClock())
    for number in range(ROOM + 2):
        pending.put(number.to_bytes(4, "big"), number)
    assert pending.take((1).to_bytes(4, "big")) is None, "the oldest went"
    assert pending.take((2).to_bytes(4, "big")) == 2
    assert pending.take((ROOM + 1).to_bytes(4, "big")) == ROOM + 1
