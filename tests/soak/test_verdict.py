"""What counts as a leak and as drift, on made-up moments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.soak.drift import by_clicks, by_prft
from tests.soak.flat import LEAST, fit, judge
from tests.soak.processes import Held, Moment

MB = 10**6


def moments(
    count: int = 16,
    *,
    descriptors: float = 0,
    threads: float = 0,
    rss: float = 0,
    crowd: int = 0,
    pid: int = 7,
) -> list[Moment]:
    """One each 30 s; what is given grows by so much each time. Between them a crowd holds more."""
    found = []
    for n in range(count):
        held = Held(
            pid, round(20 + n * descriptors), round(4 + n * threads), round(50 * MB + n * rss), 40 * MB, MB
        )
        found.append(Moment(30.0 * n, True, 3, {"edge-1": held}))
        busy = Held(pid, 20 + crowd, 4, 90 * MB, 60 * MB, MB)
        found.append(Moment(30.0 * n + 15, False, 3 + crowd, {"edge-1": busy}))
    return found


def test_a_crowd_that_comes_and_goes_is_no_leak() -> None:
    (found,) = judge(moments(crowd=500))
    assert found.growing == []
    assert (found.name, found.pid, found.moments) == ("edge-1", 7, 12)


@pytest.mark.parametrize(
    ("leak", "said"),
    [({"descriptors": 0.5}, "descriptors"), ({"threads": 0.5}, "threads"), ({"rss": 0.5 * MB}, "memory")],
)
def test_what_grows_is_said(leak: dict[str, Any], said: str) -> None:
    (found,) = judge(moments(**leak))
    assert len(found.growing) == 1
    assert found.growing[0].startswith(f"edge-1: {said} grew by")


def test_a_warm_up_does_not_count() -> None:
    warming = moments(4, rss=10 * MB)
    assert (
        judge([*warming, *(Moment(m.at_s + 120, m.quiet, m.listeners, m.held) for m in moments(12))])[
            0
        ].growing
        == []
    )


def test_a_new_process_begins_anew_and_too_few_moments_say_nothing() -> None:
    later = [Moment(m.at_s + 1000, m.quiet, m.listeners, m.held) for m in moments(16, pid=8)]
    assert [found.pid for found in judge([*moments(16), *later])] == [7, 8]
    assert judge(moments(LEAST)) == []


def test_who_got_other_work_counts_from_then_on() -> None:
    grown = [Moment(m.at_s, m.quiet, m.listeners, {"stage-2": m.held["edge-1"]}) for m in moments(16, rss=MB)]
    assert judge(grown, anew_s=240, anew="stage")[0].seconds < judge(grown)[0].seconds


def test_a_line_through_points() -> None:
    assert fit([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)


def test_program_time_that_runs_fast_is_seen_by_prft_though_the_way_is_noisy() -> None:
    noise = [0.0, 0.3, 0.1, 0.05, 0.9, 0.0]
    drift = by_prft([(t + 0.5 + noise[t % 6], t * (1 + 1e-4)) for t in range(600)])
    assert drift.worst_ms == pytest.approx(-36, abs=3)
    assert not drift.is_small
    steady = by_prft([(t + 0.5 + noise[t % 6], float(t)) for t in range(600)])
    assert steady.worst_ms == pytest.approx(0)
    assert steady.is_small


def test_clicks_are_compared_within_a_session() -> None:
    said = [(float(t), "host 1" if t < 300 else "host 2") for t in range(600)]
    heard = [t + (0.12 if t < 300 else 0.18) for t in range(600)]
    drift = by_clicks(said, heard)
    assert drift.count == 600
    assert drift.worst_ms == pytest.approx(0, abs=1e-6)
    slow = by_clicks(said, [t + 0.12 + t * 2e-4 for t in range(600)])
    assert slow.worst_ms == pytest.approx(36, abs=1)
    assert not slow.is_small


def test_one_bad_minute_is_no_drift() -> None:
    said = [(float(t), "host 1") for t in range(600)]
    assert by_clicks(said, [t + (0.5 if 240 <= t < 330 else 0.1) for t in range(600)]).is_small


def test_a_way_that_jumps_about_tells_nothing() -> None:
    busy = [0.1, 0.4, 0.12, 0.6, 0.3, 0.1, 0.5, 0.13, 0.2, 0.7]
    said = [(float(t), "host 1") for t in range(600)]
    assert by_clicks(said, [t + busy[t // 60] for t in range(600)]).is_noise
    assert not by_clicks(said, [t + 0.12 + t * 2e-4 for t in range(600)]).is_noise, "that is drift"


def test_nothing_measured_is_not_small() -> None:
    assert not by_clicks([(1.0, "host 1")], []).is_small
    assert not by_prft([]).is_small
