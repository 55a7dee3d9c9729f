"""A TURN server of somebody else's: coturn, on loopback, with a secret that it shares with Parvis."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.parvis import free_ports, wait_until

SECRET: Final = "a secret that two programs share"


class Coturn:
    """One that runs."""

    def __init__(self, port: int, log: Path) -> None:
        self._port = port
        self._log = log

    @property
    def told(self) -> dict[str, str]:
        """The settings of a Parvis that tells its speakers of it."""
        urls = [f"turn:127.0.0.1:{self._port}?transport={transport}" for transport in ("udp", "tcp")]
        return {"PARVIS_TURN_URLS": ",".join(urls), "PARVIS_TURN_SECRET": SECRET}

    @property
    def said(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    @property
    def allocations(self) -> int:
        """How many ways through it were opened, each with a good password."""
        return self.said.count("ALLOCATE processed, success")


@contextmanager
def coturn(folder: Path) -> Iterator[Coturn]:
    """Runs until the block ends."""
    program = shutil.which("turnserver")
    if not program:
        pytest.fail("turnserver is not installed: apt-get install -y --no-install-recommends coturn")
    [port] = free_ports(1)
    log = folder / "turn.log"
    command = [
        program, "-n", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=parvis.test",
        "--listening-ip=127.0.0.1", f"--listening-port={port}", "--relay-ip=127.0.0.1",
        "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--verbose", "--simple-log",
        f"--log-file={log}", f"--pidfile={folder / 'pid'}", f"--userdb={folder / 'db'}",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = Coturn(port, log)
    try:
        wait_until(lambda: f"listener opened on : 127.0.0.1:{port}" in running.said)
        assert process.poll() is None, running.said
        yield running
    finally:
        process.terminate()
        process.wait(20)
