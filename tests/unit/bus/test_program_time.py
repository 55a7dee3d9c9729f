"""All processes of a machine have one program time, whenever they start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from parvis.bus.program_time import NAME, begin_anew, program_clock
from parvis.clock import SystemClock


def ahead_s(clock: SystemClock) -> float:
    return clock.program_s() - time.monotonic()


def test_who_starts_after_a_step_of_the_wall_clock_counts_as_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = program_clock(tmp_path)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3_600)
    second = program_clock(tmp_path)
    assert ahead_s(second) == pytest.approx(ahead_s(first), abs=1e-3)
    assert second.wall_s() == pytest.approx(second.program_s() - 3_600, abs=1)
    begin_anew(tmp_path)
    assert ahead_s(program_clock(tmp_path)) == pytest.approx(ahead_s(first) - 3_600, abs=1)


@pytest.mark.parametrize("left", ["another-boot 5.0", "torn", "boot nan-sense"])
def test_what_another_boot_left_does_not_count(tmp_path: Path, left: str) -> None:
    (tmp_path / NAME).symlink_to(left)
    tmp_path.chmod(0o700)
    clock = program_clock(tmp_path)
    assert clock.program_s() == pytest.approx(time.time(), abs=1)
    assert ahead_s(program_clock(tmp_path)) == pytest.approx(ahead_s(clock), abs=1e-6)
