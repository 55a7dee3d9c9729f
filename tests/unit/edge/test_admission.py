import pytest

from parvis.edge.admission import (
    CLOSED_SHARE,
    LEAST_JOINS_PER_S,
    USUAL_LOOKS,
    Admission,
    Asker,
    Bucket,
    Verdict,
)
from parvis.edge.appointments import Appointments

WALL_S = 1_800_000_000.0
RATE = 10


class Door:
    """An admission whose two clocks go together."""

    def __init__(self, *, joins_per_s: float = RATE, capacity: int = 1000) -> None:
        appointments = Appointments(bytes(32), origin=1)
        self.admission = Admission(
            appointments, 0.0, capacity=capacity, joins_per_s=joins_per_s, requests_per_s=5
        )
        self.now_s = 0.0

    def ask(self, *, address: int = 1, appointment: str = "", resuming: bool = False) -> Verdict:
        return self.meet(address=address, appointment=appointment, resuming=resuming)[0]

    def meet(
        self, *, address: int = 1, appointment: str = "", resuming: bool = False
    ) -> tuple[Verdict, str, float]:
        asker = Asker("abc", address, appointment, resuming)
        verdict, given = self.admission.admit(asker, self.now_s, WALL_S + self.now_s)
        return (verdict, given.text, given.slot_s - WALL_S) if given else (verdict, "", 0.0)


def test_a_bucket_holds_its_burst_and_fills_at_its_rate() -> None:
    bucket = Bucket(2.0, 3.0, 0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(1.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]


def test_a_debt_is_paid_first_and_has_a_bound() -> None:
    bucket = Bucket(2.0, 3.0, 0.0)
    for _ in range(100):
        bucket.owe(0.0)
    assert not bucket.take(1.5)
    assert bucket.take(2.0)


def test_newcomers_are_let_in_at_the_rate_then_get_appointments() -> None:
    door = Door()
    verdicts = [door.ask() for _ in range(RATE + 5)]
    assert verdicts == [Verdict.ADMITTED] * RATE + [Verdict.LATER] * 5


def test_nobody_overtakes_those_who_wait() -> None:
    door = Door()
    for _ in range(RATE + 20):
        door.ask()
    door.now_s = 2.0  # the bucket is full again, but the line is not over
    assert door.ask() is Verdict.LATER
    door.now_s = 10.0
    assert door.ask() is Verdict.ADMITTED


def test_who_keeps_an_appointment_is_let_in_once() -> None:
    door = Door()
    for _ in range(RATE):
        door.ask()
    _, text, slot_s = door.meet()
    door.now_s = slot_s
    assert door.ask(appointment=text) is Verdict.ADMITTED
    assert door.ask(appointment=text) is Verdict.LATER
    assert (door.admission.counts.kept, door.admission.counts.void) == (1, 1)


def test_who_comes_early_keeps_its_place() -> None:
    door = Door()
    for _ in range(RATE + 50):
        door.ask()
    _, text, slot_s = door.meet()
    door.now_s = 1.0
    assert door.meet(appointment=text) == (Verdict.LATER, text, slot_s)
    door.now_s = slot_s
    assert door.ask(appointment=text) is Verdict.ADMITTED


@pytest.mark.parametrize("fault", ["late", "forged", "stolen"])
def test_who_comes_with_a_bad_one_goes_to_the_end_of_the_line(fault: str) -> None:
    door = Door()
    for _ in range(RATE):
        door.ask()
    _, text, slot_s = door.meet(address=1)
    last_s = max(door.meet(address=3)[2] for _ in range(20))
    address = 2 if fault == "stolen" else 1
    if fault == "late":
        door.now_s = slot_s + 31
    verdict, new, new_s = door.meet(address=address, appointment="A" * 43 if fault == "forged" else text)
    assert verdict is Verdict.LATER
    assert new != text
    assert new_s > max(last_s, door.now_s)


def test_who_comes_back_has_a_bucket_of_its_own() -> None:
    door = Door(capacity=100)
    for _ in range(RATE + 20):
        door.ask()
    assert [door.ask(resuming=True) for _ in range(100)] == [Verdict.ADMITTED] * 100
    assert door.ask(resuming=True) is Verdict.SOON
    door.now_s = 0.1
    assert door.ask(resuming=True) is Verdict.ADMITTED
    assert door.admission.counts.resumed == 101


def test_a_closed_door_lets_in_who_was_promised_and_who_was_inside() -> None:
    door = Door()
    for _ in range(RATE):
        door.ask()
    _, text, slot_s = door.meet()
    door.admission.closed = True
    door.now_s = slot_s
    assert door.ask() is Verdict.LATER
    assert door.ask(appointment=text) is Verdict.ADMITTED
    assert door.ask(resuming=True) is Verdict.ADMITTED


def test_a_closed_door_hands_out_few_slots() -> None:
    door = Door()
    door.admission.closed = True
    for _ in range(10 * USUAL_LOOKS):
        door.admission.adapt(0.5, 1e-4, 0.0)
    slots = [door.meet()[2] for _ in range(3)]
    assert slots[2] - slots[0] == pytest.approx(2 / (RATE * CLOSED_SHARE), rel=0.01)


def test_an_edge_that_has_just_begun_promises_no_more_than_it_can_now() -> None:
    door = Door(joins_per_s=0.0)
    door.admission.closed = True
    door.admission.adapt(0.01, 1e-4, 0.0)
    slots = [door.meet()[2] for _ in range(3)]
    assert slots[2] - slots[0] == pytest.approx(2 / (100 * CLOSED_SHARE))


def test_a_door_that_was_closed_for_a_moment_makes_no_long_line() -> None:
    door = Door()
    for _ in range(10 * USUAL_LOOKS):
        door.admission.adapt(0.5, 1e-4, 0.0)
    door.admission.closed = True
    for _ in range(4):
        door.admission.adapt(0.5, 1e-4, 0.0)
    slots = [door.meet()[2] for _ in range(3)]
    assert slots[2] - slots[0] < 2 / (RATE * 0.8)
    door.admission.closed = False
    slots = [door.meet()[2] for _ in range(3)]
    assert slots[2] - slots[0] == pytest.approx(2 / RATE), "what is faster now counts at once"


def test_without_room_nobody_is_let_in_and_slots_come_as_listeners_leave() -> None:
    door = Door()
    door.admission.full = True
    door.admission.adapt(0.5, 1e-4, leaving_per_s=4.0)
    slots = [door.meet()[2] for _ in range(5)]
    assert slots[4] - slots[0] == pytest.approx(1.0)
    assert door.ask(resuming=True) is Verdict.LATER
    door.now_s = slots[0]
    _, text, _ = door.meet()
    door.now_s += 30
    assert door.ask(appointment=text) is Verdict.LATER


def test_the_rate_is_what_the_bursts_leave() -> None:
    door = Door(joins_per_s=0.0)
    door.admission.adapt(0.5, 100e-6, 0.0)
    assert door.admission.joins_per_s == pytest.approx(5000)
    door.admission.adapt(-0.2, 100e-6, 0.0)
    assert door.admission.joins_per_s == LEAST_JOINS_PER_S


def test_a_rate_that_was_set_stays() -> None:
    door = Door()
    door.admission.adapt(0.5, 100e-6, 0.0)
    assert door.admission.joins_per_s == RATE


def test_requests_have_a_bucket_of_their_own() -> None:
    door = Door()
    assert [door.admission.admit_request(0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert door.ask() is Verdict.ADMITTED
