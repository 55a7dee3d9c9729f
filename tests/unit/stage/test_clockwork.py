"""The go-live clock: when there is a program, and when the stage is in it. Ticks are 20 ms."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from parvis.bus.messages import SpaceMessage
from parvis.clock import TICK_MS
from parvis.errors import RemoteProtocolError
from parvis.stage.clockwork import (
    GREEN_ROOM,
    LEAD_TICKS,
    ON_AIR,
    PATIENCE_TICKS,
    Airing,
    GoLiveClock,
    due_tick,
)

STARTS_AT = "2027-01-15T20:00:00.000Z"
DUE = 1_800_043_200_000 // TICK_MS
SPACE = SpaceMessage(
    id="test",
    revision=1,
    title="Test",
    description="",
    language="en",
    state="scheduled",
    host="ana",
    created_at="2026-11-22T00:00:00.000Z",
    starts_at=STARTS_AT,
    started_at=None,
    ended_at=None,
    auto_start=True,
)
WAITING = Airing(has_program=True, on_air=False)
WAITING_FOR_HOST = Airing(has_program=True, on_air=False, reason="waiting-for-host")
POSTPONED = Airing(has_program=True, on_air=False, reason="postponed")
ANA, BEN, CEM = {"ana": "host"}, {"ben": "co-host"}, {"cem": "speaker"}


class Evening:
    """A clock that goes from tick to tick with one Space."""

    def __init__(self, **changes: object) -> None:
        self.clock = GoLiveClock()
        self.wanted = replace(SPACE, **changes)  # type: ignore[arg-type]

    def at(self, number: int, connected: dict[str, str] | None = None, listeners: int = 0) -> Airing:
        return self.clock.at(number, self.wanted, connected or {}, lambda: listeners)

    def say(self, **changes: object) -> None:
        self.wanted = replace(self.wanted, **changes)  # type: ignore[arg-type]


def first_on_air(evening: Evening, numbers: Iterable[int], connected: dict[str, str]) -> int:
    return next(number for number in numbers if evening.at(number, connected).on_air)


def test_it_waits_from_five_minutes_before_and_opens_in_the_tick_of_that_second() -> None:
    evening = Evening()
    assert evening.at(DUE - LEAD_TICKS - 1, ANA) == GREEN_ROOM
    assert evening.at(DUE - LEAD_TICKS, ANA) == WAITING
    assert LEAD_TICKS * TICK_MS == 300_000
    assert first_on_air(evening, range(DUE - 100, DUE + 100), ANA) == DUE


@pytest.mark.parametrize(("milliseconds", "tick"), [("019", DUE), ("020", DUE + 1), ("999", DUE + 49)])
def test_the_tick_is_the_one_that_holds_the_moment(milliseconds: str, tick: int) -> None:
    assert due_tick(replace(SPACE, starts_at=STARTS_AT.replace("000Z", f"{milliseconds}Z"))) == tick


def test_without_auto_start_or_a_time_nothing_begins_by_itself() -> None:
    for changes in ({"auto_start": False}, {"starts_at": None}):
        evening = Evening(**changes)
        assert {evening.at(DUE + n, ANA) for n in range(-10, 10)} == {GREEN_ROOM}


def test_a_time_that_is_none_is_said() -> None:
    with pytest.raises(RemoteProtocolError):
        due_tick(replace(SPACE, starts_at="tomorrow"))


@pytest.mark.parametrize(
    ("if_absent", "opens_for"),
    [("hold", [ANA, BEN]), ("acting", [ANA, BEN, CEM]), ("postpone", [ANA])],
)
def test_who_may_open_at_that_second(if_absent: str, opens_for: list[dict[str, str]]) -> None:
    for connected in (ANA, BEN, CEM, {}):
        evening = Evening(if_absent=if_absent)
        evening.at(DUE - 1, connected)
        assert evening.at(DUE, connected).on_air == (connected in opens_for), connected


@pytest.mark.parametrize(("if_absent", "late"), [("hold", BEN), ("acting", CEM)])
def test_it_waits_on_until_somebody_comes_who_may_open(if_absent: str, late: dict[str, str]) -> None:
    evening = Evening(if_absent=if_absent)
    assert [evening.at(DUE + n) for n in (-1, 0, 1, 500)] == [WAITING, *[WAITING_FOR_HOST] * 3]
    assert evening.at(DUE + 501, late) == ON_AIR


def test_who_acts_as_host_is_host() -> None:
    evening = Evening(acting_host="cem", if_absent="postpone")
    evening.at(DUE - 1, CEM)
    assert evening.at(DUE, CEM) == ON_AIR


def test_a_missed_second_is_postponed_until_control_says_another_time() -> None:
    evening = Evening(if_absent="postpone")
    assert [evening.at(DUE - 1), evening.at(DUE)] == [WAITING, POSTPONED]
    assert evening.at(DUE + 10, ANA) == POSTPONED, "the host is late: control decides"
    evening.say(starts_at="2027-01-15T20:02:00.000Z")
    assert evening.at(DUE + 11, ANA) == WAITING
    assert first_on_air(evening, range(DUE + 5990, DUE + 6010), ANA) == DUE + 6000


def test_a_stage_that_was_not_there_opens_for_a_host_who_comes_back_to_it() -> None:
    evening = Evening(if_absent="postpone")
    assert evening.at(DUE + 300) == POSTPONED
    assert evening.at(DUE + 400, ANA) == ON_AIR


def test_what_another_stage_had_opened_is_open() -> None:
    assert GoLiveClock(on_air=True).at(DUE + 9, SPACE, {}, lambda: 0) == ON_AIR


def test_skipped_ticks_do_not_miss_the_second() -> None:
    evening = Evening(if_absent="postpone")
    evening.at(DUE - 30, ANA)
    assert evening.at(DUE + 7, ANA) == ON_AIR


def test_control_may_open_earlier_and_on_air_is_not_taken_back() -> None:
    evening = Evening()
    evening.say(state="live")
    assert evening.at(DUE - 10_000) == ON_AIR
    for changes in ({"state": "scheduled"}, {"starts_at": "2027-01-16T20:00:00.000Z"}, {"auto_start": False}):
        evening.say(**changes)
        assert evening.at(DUE) == ON_AIR
    evening.say(state="ended")
    assert evening.at(DUE + 1) == GREEN_ROOM


def test_held_is_on_air() -> None:
    assert Evening(state="held").at(DUE) == ON_AIR


def test_who_waits_is_not_sent_away_when_the_time_is_moved() -> None:
    evening = Evening()
    assert evening.at(DUE - 10, listeners=3) == WAITING
    evening.say(starts_at="2027-01-16T20:00:00.000Z")
    assert evening.at(DUE - 9, listeners=3) == WAITING
    assert evening.at(DUE - 8, listeners=0) == GREEN_ROOM
    assert evening.at(DUE - 7, listeners=3) == GREEN_ROOM, "they follow the events alone"


def test_a_space_to_which_nobody_comes_does_not_run_for_ever() -> None:
    evening = Evening()
    end = DUE + PATIENCE_TICKS
    assert evening.at(end - 1) == WAITING_FOR_HOST
    assert evening.at(end, listeners=1) == WAITING_FOR_HOST
    assert evening.at(end, CEM) == WAITING_FOR_HOST
    assert not evening.at(end).has_program
    assert evening.at(end + 1, ANA) == ON_AIR
