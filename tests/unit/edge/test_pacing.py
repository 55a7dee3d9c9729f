import pytest

from parvis.edge.bursts import Framing, with_event
from parvis.edge.cohorts import EVENTS, Cohort, Cohorts, Key
from parvis.edge.pacing import SLOWING, Pacing, lead_parts, pace_event
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.part import build_part
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.media.reserve import held_parts
from tests.unit.edge.test_cohorts import KEY, Numbers

SEQUENCE = 5_625_000_000


def crowd(cohorts: Cohorts, count: int, stretch: int = 1) -> tuple[Cohort, Numbers]:
    source = Numbers()
    cohort = cohorts.get(KEY._replace(stretch=stretch, phase=100 % stretch), source)
    for fd in range(count):
        cohorts.add(cohort, fd)
    return cohort, source


def advance(cohorts: Cohorts, pacing: Pacing, source: Numbers) -> list[Event]:
    """One part later, every cohort that stands at a boundary has got its burst. What was told on the way."""
    source.newest += 1
    told = []
    for cohort in list(cohorts):
        if (source.newest - cohort.position) % cohort.key.stretch == 0:
            event = pacing.notice(cohort, cohort.position + 1) if len(cohort) else None
            if event is not None:
                told.append(event)
            cohort.position = source.newest
            pacing.settle(cohorts, cohort)
    pacing.settle_all(cohorts)
    return told


def sizes(cohorts: Cohorts, stretch: int) -> list[int]:
    return sorted(len(cohort) for cohort in cohorts if cohort.key.stretch == stretch and len(cohort))


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [(1, 2, 20), (1, 32, 33 * 20), (16, 32, 18 * 20), (32, 64, 36 * 20), (32, 1, 2), (4, 2, 4)],
)
def test_a_player_has_time_to_gather_what_it_will_need(old: int, new: int, parts: int) -> None:
    assert lead_parts(old, new) == parts
    assert parts / SLOWING >= held_parts(new) - held_parts(old), "at a twentieth slower"
    assert parts >= 2 * new


@pytest.mark.parametrize("rendition", Rendition)
def test_an_event_of_the_edge_rides_on_a_part_like_any_other(rendition: Rendition) -> None:
    own = Event.of("levels", levels={"ana": 60}, active="ana")
    part = build_part(rendition, SEQUENCE, [b"unit"] * rendition.frames_per_part, [own])
    told = with_event(part, SEQUENCE, pace_event(4, SEQUENCE + 36))
    reader = PartReader()
    _, read = reader.feed(init_segment(rendition) + told)
    assert isinstance(read, Part)
    assert reader.unfinished_bytes == 0
    assert [event.fields() for event in read.events] == [
        {"type": "pace", "stretch": 4, "from_sequence": SEQUENCE + 36},
        own.fields(),
    ]


def test_who_is_within_the_bounds_is_told_nothing() -> None:
    cohorts, pacing = Cohorts(), Pacing()
    crowd(cohorts, 1, stretch=4)
    pacing.floor, pacing.ceiling = 2, 8
    assert advance(cohorts, pacing, next(iter(cohorts)).source) == []  # type: ignore[arg-type]


def test_a_crowd_is_told_once_then_spread_over_all_phases() -> None:
    cohorts, pacing = Cohorts(), Pacing()
    _, source = crowd(cohorts, 80)
    pacing.floor = 4
    (told,) = advance(cohorts, pacing, source)
    fields = told.fields()
    assert fields == {"type": "pace", "stretch": 4, "from_sequence": 100 + lead_parts(1, 4)}
    while source.newest + 1 < fields["from_sequence"]:
        assert sizes(cohorts, 1) == [80], "nobody moves before it was said"
        assert pacing.moving
        assert advance(cohorts, pacing, source) == []
    for _ in range(4):
        assert advance(cohorts, pacing, source) == []
    assert sizes(cohorts, 4) == [20, 20, 20, 20]
    assert not pacing.moving


def test_step_by_step_up_and_back_it_stays_even() -> None:
    cohorts, pacing = Cohorts(), Pacing()
    _, source = crowd(cohorts, 320)
    for stretch in (2, 4, 8, 16, 32, 64):
        pacing.floor = stretch
        for _ in range(lead_parts(stretch // 2, stretch) + 3 * stretch):
            advance(cohorts, pacing, source)
        assert sizes(cohorts, stretch) == [320 // stretch] * stretch
    pacing.floor = 1
    for stretch in (16, 8, 4, 2, 1):
        pacing.ceiling = stretch
        for _ in range(6 * stretch + 32):
            advance(cohorts, pacing, source)
        assert sizes(cohorts, stretch) == [320 // stretch] * stretch


def test_stretches_that_do_not_divide_each_other_work_too() -> None:
    cohorts, pacing = Cohorts(), Pacing()
    _, source = crowd(cohorts, 190, stretch=19)
    pacing.floor = 32
    for _ in range(lead_parts(19, 32) + 40 * 32):
        advance(cohorts, pacing, source)
    assert sum(sizes(cohorts, 32)) == 190
    assert max(sizes(cohorts, 32)) <= 7


def test_who_joins_a_cohort_that_was_told_is_prepared_for_what_comes() -> None:
    cohorts, pacing = Cohorts(), Pacing()
    cohort, source = crowd(cohorts, 1)
    assert cohort.stretch == 1
    pacing.floor = 4
    advance(cohorts, pacing, source)
    assert cohort.stretch == 4
    pacing.floor, pacing.ceiling = 1, 1
    for _ in range(lead_parts(1, 4) + 5):
        advance(cohorts, pacing, source)
    assert cohort.stretch == 1


def test_what_was_told_is_done_though_the_strain_has_gone_and_the_way_back_is_told() -> None:
    cohorts, pacing = Cohorts(), Pacing()
    _, source = crowd(cohorts, 8)
    pacing.floor = 2
    advance(cohorts, pacing, source)
    pacing.floor, pacing.ceiling = 1, 1
    told = []
    for _ in range(60):
        told += advance(cohorts, pacing, source)
    assert {event.fields()["stretch"] for event in told} == {1}
    assert sizes(cohorts, 1) == [8]


def test_events_have_no_stretch() -> None:
    cohorts, pacing = Cohorts(), Pacing()
    cohort = cohorts.get(Key("abc", EVENTS, Framing.CHUNKED), Numbers())
    pacing.floor = 8
    assert pacing.notice(cohort, 100) is None
    assert cohort.move is None


def test_a_cohort_that_ends_is_forgotten() -> None:
    cohorts, pacing = Cohorts(), Pacing()
    cohort, source = crowd(cohorts, 3)
    pacing.floor = 8
    advance(cohorts, pacing, source)
    pacing.forget(cohort)
    assert not pacing.moving
