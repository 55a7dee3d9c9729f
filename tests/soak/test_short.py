"""A soak of half a minute: nothing is lost by any door, the stage is taken over, what was opened is closed.

Memory and drift need more time than a test has: `make soak`.
"""

from __future__ import annotations

from pathlib import Path

from tests.soak.evening import Evening, Plan
from tests.soak.report import as_data, markdown, picture

SHORT = Plan(
    minutes=0.4,
    listeners=40,
    arrive_s=2,
    stay_s=1,
    leave_s=2,
    hls=2,
    radio=1,
    turn_s=4,
    every_s=0.5,
    window_s=10,
)


def test_nothing_is_lost_and_what_was_opened_is_closed(tmp_path: Path) -> None:
    outcome = Evening(SHORT, tmp_path).run()
    assert outcome.troubles == []
    assert outcome.lost == []
    assert outcome.takeover_s > 0
    assert outcome.clicks.count > 10
    assert outcome.prft.count > 50
    quiet = [moment for moment in outcome.moments if moment.quiet]
    assert len(quiet) >= 3
    for name in ("control", "archive", "edge-1", "edge-2"):
        first, last = quiet[1].held[name], quiet[-1].held[name]
        assert first.pid == last.pid, name
        assert last.descriptors <= first.descriptors + 4, name
    assert "stage was killed" in markdown(outcome, SHORT, "here")
    assert as_data(outcome, SHORT, {})["plan"]["listeners"] == SHORT.listeners
    assert "<polyline" in picture(outcome, SHORT, "here")
