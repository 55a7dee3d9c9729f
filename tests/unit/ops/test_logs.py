"""A log that can't be written ends nobody, and a traceback in it shows no variables."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import structlog
from parvis.ops.logs import configure

configure("test", json_lines={json_lines})


def work(password):
    raise RuntimeError("it broke")


try:
    work("hunter" + "2")
except RuntimeError:
    structlog.get_logger("test").exception("a request failed")
"""


def test_a_full_disk_only_costs_the_line() -> None:
    program = (
        "import structlog\n"
        "from parvis.ops import logs\n"
        "logs.configure('test')\n"
        "structlog.get_logger().info('lost')\n"
        "print('went on')\n"
    )
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        told = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert told.stdout == b"went on\n"


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_traceback_shows_where_and_no_variables(json_lines: bool) -> None:
    program = PROGRAM.format(json_lines=json_lines)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "it broke" in done.stderr
    assert "work" in done.stderr
    assert "hunter2" not in done.stderr
