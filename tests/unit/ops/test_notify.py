"""What a service manager hears, on a real socket as it makes one."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.ops.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """(its end of the socket, what `NOTIFY_SOCKET` says)."""
    said = str(tmp_path / "notify") if request.param == "path" else f"@parvis-{secrets.token_hex(4)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(said.replace("@", "\0", 1))
        bound.settimeout(20)
        yield bound, said


def test_each_word_is_one_datagram(manager: tuple[socket.socket, str]) -> None:
    heard, said = manager
    notifier = Notifier.taken_from({"NOTIFY_SOCKET": said})
    notifier.ready("runs")
    notifier.alive()
    notifier.status("starting edge-1 anew")
    notifier.stopping()
    assert [heard.recv(500) for _ in range(4)] == [
        b"READY=1\nSTATUS=runs",
        b"WATCHDOG=1",
        b"STATUS=starting edge-1 anew",
        b"STOPPING=1\nSTATUS=ending",
    ]


def test_the_variables_are_for_one_process(manager: tuple[socket.socket, str]) -> None:
    _, said = manager
    environment = {
        "NOTIFY_SOCKET": said,
        "WATCHDOG_USEC": "20000000",
        "WATCHDOG_PID": str(os.getpid()),
        "A": "b",
    }
    notifier = Notifier.taken_from(environment)
    assert environment == {"A": "b"}
    assert notifier.every_s == 10
    assert notifier.variables() == {"NOTIFY_SOCKET": said, "WATCHDOG_USEC": "20000000"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_without_a_watchdog_nothing_is_to_be_kept(environment: dict[str, str]) -> None:
    assert Notifier.taken_from(dict(environment)).every_s is None


def test_nobody_who_listens_is_no_error(tmp_path: Path) -> None:
    Notifier(str(tmp_path / "gone")).ready("runs")
    Notifier().ready("runs")


def test_a_manager_that_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        for _ in range(5_000):
            Notifier(str(tmp_path / "deaf")).alive()
