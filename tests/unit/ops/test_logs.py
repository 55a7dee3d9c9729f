"""A log that can't be written ends nobody."""

from __future__ import annotations

import subprocess
import sys


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
