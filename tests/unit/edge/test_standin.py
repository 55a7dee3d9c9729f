import pytest

from parvis.bus.messages import ProgramRendition
from parvis.clock import part_start_s
from parvis.edge.standin import GRACE_S, Deadlines, stand_in
from parvis.media.init import init_segment
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from tests.unit.edge.world import SILENCE


@pytest.mark.parametrize("rendition", Rendition)
def test_a_stand_in_is_a_whole_part_of_silence(rendition: Rendition) -> None:
    init = init_segment(rendition)
    body = stand_in(ProgramRendition(rendition, init, SILENCE[rendition]), 5_561_234_567)
    (part,) = [item for item in PartReader().feed(init + body) if isinstance(item, Part)]
    assert part.sequence == 5_561_234_567
    assert part.access_units == (SILENCE[rendition],) * rendition.frames_per_part
    assert part.events == ()


def test_a_part_may_come_a_second_after_its_end() -> None:
    assert Deadlines().deadline_s(100) == pytest.approx(101 * 0.32 + GRACE_S)


def test_latest_due_agrees_with_the_deadline() -> None:
    deadlines = Deadlines()
    for now_s in (1_800_000_000.0, 1_800_000_000.13, 1_800_000_000.319):
        latest = deadlines.latest_due(now_s)
        assert deadlines.deadline_s(latest) <= now_s < deadlines.deadline_s(latest + 1)


def observed(lag_s: float, count: int, deadlines: Deadlines | None = None) -> Deadlines:
    deadlines = deadlines or Deadlines()
    for sequence in range(1000, 1000 + count):
        deadlines.observe(sequence, part_start_s(sequence + 1) + lag_s)
    return deadlines


def test_ordinary_delay_moves_nothing() -> None:
    assert observed(0.2, 20).skew_s == 0


@pytest.mark.parametrize("lag_s", [7.0, -3.0])
def test_clocks_that_are_apart_are_reckoned_with(lag_s: float) -> None:
    deadlines = observed(lag_s, 4)
    assert deadlines.skew_s == pytest.approx(lag_s)
    assert deadlines.deadline_s(1004) == pytest.approx(part_start_s(1005) + GRACE_S + lag_s)


def test_a_few_late_parts_are_not_a_clock() -> None:
    assert observed(2.0, 3).skew_s == 0


def test_one_part_in_time_ends_the_skew() -> None:
    deadlines = observed(2.0, 10)
    deadlines.observe(1020, part_start_s(1021) + 0.1)
    assert deadlines.skew_s == 0


def test_a_replay_is_not_a_clock() -> None:
    deadlines = Deadlines()
    for sequence in range(1000, 1094):
        deadlines.observe(sequence, part_start_s(1100))
    assert deadlines.skew_s == 0
