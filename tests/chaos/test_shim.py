"""The shim does what it says, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.shim import Shim

LOOK = """
import os, sys, sqlite3, threading, time
began = time.monotonic()
threading.Event().wait(0.05)
print(time.time(), time.monotonic(), time.monotonic() - began)
for folder in sys.argv[1:]:
    file = os.open(folder + "/file", os.O_CREAT | os.O_RDWR)
    for act in (lambda: os.write(file, b"x"), lambda: os.pwrite(file, b"x", 0), lambda: os.fsync(file)):
        began = time.monotonic()
        act()
        print(time.monotonic() - began)
"""


def look(shim: Shim, *folders: Path) -> list[list[float]]:
    """What a process says of the clocks, and of how long writes and syncs take."""
    said = subprocess.run(
        [sys.executable, "-c", LOOK, *map(str, folders)],
        env={**os.environ, **shim.environment}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [[float(word) for word in line.split()] for line in said.splitlines()]


def test_the_wall_clock_alone_is_set(tmp_path: Path) -> None:
    shim = Shim(tmp_path)
    [[wall, monotonic, _]] = look(shim)
    offset = wall - monotonic
    for ahead_s in (3_600.5, -3_600.5):
        shim.set_clock(ahead_s)
        [[wall, monotonic, waited]] = look(shim)
        assert wall - monotonic == pytest.approx(offset + ahead_s, abs=0.2)
        assert waited < 20
    shim.heal()
    [[wall, monotonic, _]] = look(shim)
    assert wall - monotonic == pytest.approx(offset, abs=0.2)


def test_one_folder_alone_is_slow(tmp_path: Path) -> None:
    shim = Shim(tmp_path)
    slow, other = tmp_path / "slow", tmp_path / "slower"
    slow.mkdir()
    other.mkdir()
    shim.slow_disk(slow, write_s=0.3, sync_s=0.6)
    _, *took = look(shim, slow, other)
    write, pwrite, sync, *others = [seconds for [seconds] in took]
    assert write >= 0.3
    assert pwrite >= 0.3
    assert sync >= 0.6
    assert max(others) < min(write, pwrite)
