"""The essential faults once each: nobody is lost, nothing is missing or heard twice, and the voice is back.

How long that took is measured by `make chaos` on a machine that does nothing else. Here only that is held
which does not depend on how busy this one is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.chaos.figures import Figures
from tests.chaos.scenarios import archive, control, edge, handoff, hardware, stage
from tests.chaos.world import House, World

MOST_STAND_INS = 10
"""Of a takeover: 3.2 s."""
CROWD = 60


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One Parvis for all: what one test breaks, the next finds mended."""
    with House(tmp_path_factory.mktemp("chaos"), shim=True) as house:
        yield house


@pytest.fixture
def world(house: House) -> Iterator[World]:
    house.wait_until_whole()
    with World(house) as world:
        yield world


def check(figures: Figures, *, stand_ins: int = 0) -> None:
    """Nothing was lost but what may be."""
    assert figures.recovery_ms is not None
    assert (figures.listeners_lost, figures.missing_parts, figures.two_sounds) == (0, 0, 0)
    assert figures.lost_recorded_parts <= 1
    assert figures.stand_ins <= stand_ins


def test_stage_killed(world: World) -> None:
    figures = stage.killed(world)
    check(figures, stand_ins=MOST_STAND_INS)
    assert figures.repeated_parts == 0
    assert figures.silent_ms > 0, "nothing was missing: was anything taken over?"


def test_stage_stopped_and_going_on(world: World) -> None:
    figures = stage.stopped(world)
    check(figures, stand_ins=MOST_STAND_INS)
    assert figures.repeated_parts == 0
    assert figures.silent_ms > 0


def test_edge_killed(world: World) -> None:
    figures = edge.killed(world)
    check(figures)
    assert figures.more["storm"]["dropped"] > 0, "nobody was at that edge"


def test_control_killed(world: World) -> None:
    figures = control.killed(world)
    check(figures)
    assert figures.repeated_parts == 0


def test_audience_handed_over(world: World) -> None:
    figures = handoff.carry(world, CROWD, lambda _there: time.monotonic())
    check(figures)
    assert figures.repeated_parts == 0


def test_archive_killed(world: World) -> None:
    check(archive.killed(world, kills=1))


def test_slow_disk(world: World) -> None:
    figures = hardware.slow_disk(world, parts=3)
    check(figures)
    assert figures.lost_recorded_parts == 0


def test_clock_set_and_stages_killed(world: World) -> None:
    check(hardware.clock_set_and_all_killed(world, edges=()), stand_ins=2 * MOST_STAND_INS)
