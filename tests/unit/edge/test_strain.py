from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.edge.strain import (
    BETTER_AFTER_S,
    PRESENT_BETTER_AFTER_S,
    WINDOW_S,
    WORSE_AFTER_S,
    Concession,
    Quiet,
    Sample,
    Strain,
    stretches,
    window_s,
)

LOOK_S = 0.5
BUSY = Sample(0.0, busy_share=0.9)
CALM = Sample(0.0, busy_share=0.1)


class Edge:
    """A strain and the time that passes for it."""

    def __init__(self, least: int = 1, most: int = 32) -> None:
        self.strain = Strain(least=least, most=most, target_busy_share=0.7)
        self.now_s = 1000.0

    def live(self, seconds: float, sample: Sample) -> Concession:
        for _ in range(round(seconds / LOOK_S)):
            self.now_s += LOOK_S
            self.strain.take(replace(sample, at_s=self.now_s))
        return self.strain.concession


def in_words(concession: Concession) -> str:
    closed = ", closed" if concession.closed else ""
    return f"{concession.quiet.name}, newcomers {concession.newcomers}, all {concession.floor}{closed}"


def test_the_order_of_giving_way() -> None:
    """One table: what a crowd takes from whom, in which order."""
    ladder = stretches(1, 32)
    concession = Concession()
    seen = [in_words(concession)]
    while (following := concession.worse(ladder)) != concession:
        assert following.level(ladder) == concession.level(ladder) + 1
        concession = following
        seen.append(in_words(concession))
    assert seen == [
        "FULL, newcomers 1, all 1",
        "THIN, newcomers 1, all 1",
        "STILL, newcomers 1, all 1",
        "STILL, newcomers 2, all 1",
        "STILL, newcomers 4, all 1",
        "STILL, newcomers 8, all 1",
        "STILL, newcomers 16, all 1",
        "STILL, newcomers 32, all 1",
        "STILL, newcomers 32, all 2",
        "STILL, newcomers 32, all 4",
        "STILL, newcomers 32, all 8",
        "STILL, newcomers 32, all 16",
        "STILL, newcomers 32, all 32",
        "STILL, newcomers 32, all 32, closed",
    ]


def test_the_way_back_is_newcomers_first_then_all_then_events() -> None:
    ladder = stretches(1, 4)
    concession = Concession(Quiet.STILL, newcomers=4, floor=4, ceiling=4, closed=True)
    seen = []
    while (following := concession.better(ladder)) != concession:
        concession = following
        seen.append((concession.closed, concession.newcomers, concession.ceiling, int(concession.quiet)))
    assert seen == [
        (False, 4, 4, 2),
        (False, 2, 4, 2),
        (False, 1, 4, 2),
        (False, 1, 2, 2),
        (False, 1, 1, 2),
        (False, 1, 1, 1),
        (False, 1, 1, 0),
    ]
    assert concession == Concession()


@pytest.mark.parametrize(
    ("least", "most", "ladder"),
    [
        (1, 32, (1, 2, 4, 8, 16, 32)),
        (1, 64, (1, 2, 4, 8, 16, 32, 64)),
        (19, 32, (19, 32)),
        (19, 19, (19,)),
        (3, 20, (3, 4, 8, 16, 20)),
        (1, 1, (1,)),
    ],
)
def test_the_stretches_between_two(least: int, most: int, ladder: tuple[int, ...]) -> None:
    assert stretches(least, most) == ladder


def test_a_pinned_stretch_stays() -> None:
    edge = Edge(19, 19)
    assert edge.live(60, BUSY) == Concession(Quiet.STILL, 19, 19, 19, closed=True)
    assert edge.live(300, CALM) == Concession(newcomers=19, floor=19, ceiling=19)


def test_one_step_at_a_time() -> None:
    edge = Edge()
    edge.live(WINDOW_S, CALM)
    levels = []
    for _ in range(12):
        edge.live(LOOK_S, BUSY)
        levels.append(edge.strain.level)
    assert levels[0] == 0, "one busy moment is no strain"
    assert levels == sorted(levels)
    assert max(levels) <= 1 + len(levels) * LOOK_S / WORSE_AFTER_S


def test_late_bursts_are_strain_though_the_loop_is_idle() -> None:
    edge = Edge()
    assert edge.live(4, replace(CALM, late_share=0.8)) != Concession()
    edge = Edge()
    assert edge.live(4, replace(CALM, late_share=0.6)) == Concession()


@pytest.mark.parametrize(("stretch", "seconds"), [(1, 0.32), (2, 0.64), (16, 0.64), (32, 1.28), (64, 2.56)])
def test_a_burst_has_time_until_the_next_one_or_until_a_player_runs_dry(stretch: int, seconds: float) -> None:
    assert window_s(stretch) == seconds


def test_one_late_burst_is_no_strain() -> None:
    edge = Edge()
    edge.live(4, CALM)
    edge.live(LOOK_S, replace(CALM, late_share=2.0))
    assert edge.live(4, CALM) == Concession()


def test_it_comes_back_only_after_a_time_of_calm() -> None:
    edge = Edge()
    edge.live(4 * WORSE_AFTER_S, BUSY)
    edge.live(WINDOW_S, CALM)
    level = edge.strain.level
    assert level >= 3
    edge.live(BETTER_AFTER_S - 2, CALM)
    assert edge.strain.level == level
    edge.live(WINDOW_S, CALM)
    assert edge.strain.level == level - 1
    edge.live(BETTER_AFTER_S - 3, CALM)
    edge.live(3, replace(CALM, busy_share=0.5))  # neither strained nor calm
    edge.live(BETTER_AFTER_S - 3, CALM)
    assert edge.strain.level == level - 1, "the calm was broken"


def test_those_who_are_present_come_back_slowly() -> None:
    edge = Edge(1, 2)
    edge.live(30, BUSY)
    concession = edge.live(2 * BETTER_AFTER_S + 3, CALM)
    assert (concession.closed, concession.newcomers, concession.ceiling) == (False, 1, 2)
    assert edge.live(PRESENT_BETTER_AFTER_S - 3, CALM).ceiling == 2
    assert edge.live(4, CALM).ceiling == 1


def test_the_next_step_for_all_waits_until_the_last_one_shows() -> None:
    edge = Edge(1, 4)
    edge.live(4 * WORSE_AFTER_S, BUSY)
    concession = edge.live(10, replace(BUSY, moving=True))
    assert (concession.newcomers, concession.floor) == (4, 1)
    assert edge.live(LOOK_S, BUSY).floor == 2
    assert edge.live(10, replace(BUSY, moving=True)) == edge.strain.concession
    assert (edge.strain.concession.floor, edge.strain.concession.closed) == (2, False)


@pytest.mark.parametrize("scarce", ["memory", "egress"])
def test_what_stretch_does_not_help_closes_the_door(scarce: str) -> None:
    def short(share: float) -> Sample:
        memory, egress = (share, 0.0) if scarce == "memory" else (0.0, share)
        return replace(CALM, memory_share=memory, egress_share=egress)

    edge = Edge()
    assert edge.live(1, short(0.95)) == Concession(closed=True)
    assert edge.live(1, short(0.85)).closed, "not before there is clearly more"
    assert edge.live(1, CALM) == Concession()


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 3), st.floats(0, 1.5), st.booleans()),
        min_size=1,
        max_size=300,
    ),
    st.integers(1, 64),
    st.integers(1, 64),
)
def test_whatever_happens_it_stays_between_its_bounds(
    samples: list[tuple[float, float, float, bool]], one: int, other: int
) -> None:
    least, most = min(one, other), max(one, other)
    edge = Edge(least, most)
    for busy, late, memory, moving in samples:
        concession = edge.live(LOOK_S, Sample(0.0, busy, late, memory, 0.0, moving))
        assert least <= concession.floor <= concession.ceiling <= most
        assert concession.newcomers <= concession.ceiling
    edge.live(1000, CALM)
    assert edge.strain.concession == Concession(newcomers=least, floor=least, ceiling=least)
