import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.edge.appointments import EARLY_S, NEAREST_S, REMEMBER_S, VALID_FOR_S, Appointments, Line, Standing

KEY = bytes(range(32))
NOW_S = 1_800_000_000.0
ANA, BEN = 0x7F000001, 0x2001_0DB8_0000_0001


@pytest.fixture
def desk() -> Appointments:
    return Appointments(KEY, origin=7)


def standing(
    desk: Appointments, text: str, at_s: float, *, space: str = "abc", address: int = ANA
) -> Standing:
    return desk.check(text, space, address, at_s)[0]


def test_slots_are_handed_out_in_order_at_the_rate() -> None:
    line = Line()
    slots = [line.book(NOW_S, 10.0) for _ in range(5)]
    assert [ahead for _, ahead in slots] == [0, 1, 2, 3, 4]
    assert [round(slot_s - NOW_S, 3) for slot_s, _ in slots] == [
        NEAREST_S,
        NEAREST_S + 0.1,
        NEAREST_S + 0.2,
        NEAREST_S + 0.3,
        NEAREST_S + 0.4,
    ]


def test_a_line_is_over_when_its_last_slot_is() -> None:
    line = Line()
    assert not line.waits(NOW_S)
    line.book(NOW_S, 10.0)
    assert line.waits(NOW_S + 1.0)
    assert not line.waits(NOW_S + 1.2)
    assert line.book(NOW_S + 100, 10.0) == (NOW_S + 101, 0)


def test_a_million_who_wait_take_no_memory(desk: Appointments) -> None:
    before = set(vars(desk))
    made = [desk.make("abc", ANA, NOW_S, 5000.0) for _ in range(10_000)]
    assert made[-1].ahead == 9999
    assert made[-1].slot_s == pytest.approx(NOW_S + NEAREST_S + 9999 / 5000, abs=0.001)
    assert set(vars(desk)) == before
    assert all(len(appointment.text) == 43 for appointment in made)
    assert len({appointment.text for appointment in made}) == len(made)


def test_it_is_due_from_a_second_before_to_half_a_minute_after(desk: Appointments) -> None:
    made = desk.make("abc", ANA, NOW_S, 1.0)
    assert standing(desk, made.text, made.slot_s - EARLY_S - 0.01) is Standing.EARLY
    assert standing(desk, made.text, made.slot_s - EARLY_S + 0.01) is Standing.DUE
    assert standing(desk, made.text, made.slot_s + VALID_FOR_S - 0.01) is Standing.DUE
    assert standing(desk, made.text, made.slot_s + VALID_FOR_S + 0.01) is Standing.VOID
    assert desk.check(made.text, "abc", ANA, made.slot_s)[1] == made.slot_s


def test_it_is_good_at_any_edge_with_the_key_and_at_no_other(desk: Appointments) -> None:
    made = desk.make("abc", ANA, NOW_S, 1.0)
    assert standing(Appointments(KEY, origin=8), made.text, made.slot_s) is Standing.DUE
    assert standing(Appointments(bytes(32), origin=7), made.text, made.slot_s) is Standing.VOID


def test_it_is_bound_to_its_address_and_its_space(desk: Appointments) -> None:
    made = desk.make("abc", ANA, NOW_S, 1.0)
    assert standing(desk, made.text, made.slot_s, address=BEN) is Standing.VOID
    assert standing(desk, made.text, made.slot_s, space="xyz") is Standing.VOID


def test_it_is_good_for_once_as_long_as_it_is_valid(desk: Appointments) -> None:
    made, other = desk.make("abc", ANA, NOW_S, 1.0), desk.make("abc", ANA, NOW_S, 1.0)
    desk.use(made.text, made.slot_s - EARLY_S)
    for later_s in (0.0, 10.0, VALID_FOR_S):
        desk.use(desk.make("abc", BEN, NOW_S, 1e6).text, made.slot_s + later_s)
        assert standing(desk, made.text, made.slot_s + later_s) is Standing.VOID
    assert standing(desk, other.text, other.slot_s) is Standing.DUE


def test_what_was_used_long_ago_takes_no_memory_for_ever(desk: Appointments) -> None:
    made = desk.make("abc", ANA, NOW_S, 1.0)
    desk.use(made.text, NOW_S)
    for turn in (1, 2):
        desk.use(desk.make("abc", BEN, NOW_S, 1e6).text, NOW_S + turn * REMEMBER_S)
    assert standing(desk, made.text, made.slot_s) is Standing.DUE, "by then it is too late anyway"


@given(st.integers(0, 42), st.integers(0, 63))
def test_no_character_can_be_changed(index: int, value: int) -> None:
    desk = Appointments(KEY, origin=7)
    text = desk.make("abc", ANA, NOW_S, 1.0).text
    other = base64.urlsafe_b64encode(bytes([value << 2])).decode()[0]
    forged = text[:index] + other + text[index + 1 :]
    expected = Standing.DUE if forged == text else Standing.VOID
    assert standing(desk, forged, NOW_S + 1) is expected


@pytest.mark.parametrize("text", ["", "x", "A" * 43, "A" * 42 + "=", "é" * 43, "A" * 20_000, "\0" * 43])
def test_rubbish_is_void(desk: Appointments, text: str) -> None:
    assert standing(desk, text, NOW_S) is Standing.VOID


def test_few_honest_holders_are_taken_for_repeaters(desk: Appointments) -> None:
    for _ in range(20_000):
        desk.use(desk.make("abc", ANA, NOW_S, 1e9).text, NOW_S)
    honest = [desk.make("abc", BEN, NOW_S, 1e9) for _ in range(5_000)]
    due = sum(standing(desk, each.text, each.slot_s, address=BEN) is Standing.DUE for each in honest)
    assert due >= 4_998
