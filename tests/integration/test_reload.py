"""`parvis up` told to start everything anew: nobody who listens is dropped, and the settings are new.

A service manager stands beside it: a real socket, and what it is told.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from parvis.cli.speak import write_wav
from tests.integration.signals import tone
from tests.parvis import Parvis, listen, speak, summary, wait_until

MANY_S = 120
"""Each of six processes starts anew, an edge after it has sent its listeners on."""


class Manager:
    """The other end of `NOTIFY_SOCKET`."""

    def __init__(self) -> None:
        self.address = f"@parvis-test-{secrets.token_hex(6)}"
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address.replace("@", "\0", 1))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def has_heard(self, line: str, *, times: int = 1) -> bool:
        """A line that begins so, so often since the beginning."""
        return sum(said.startswith(line) for said in list(self.said)) >= times

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.address.replace("@", "\0", 1))
        self._thread.join(20)
        self._socket.close()

    def _listen(self) -> None:
        while said := self._socket.recv(4096):
            self.said += said.decode().split("\n")


@pytest.fixture
def manager() -> Iterator[Manager]:
    made = Manager()
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The settings, which a test may change."""
    written = tmp_path / "parvis.toml"
    written.write_text("hsts_s = 7\n[edge]\ndrain_s = 1\n")
    return written


@pytest.fixture
def own(tmp_path: Path, manager: Manager, file: Path) -> Iterator[Parvis]:
    told = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000", "PARVIS_CONFIG": str(file)}
    running = Parvis(tmp_path / "data", environment=told)
    running.start()
    yield running
    if running.process and running.process.poll() is None:
        assert running.stop() == 0


until = partial(wait_until, patience_s=MANY_S)


def hsts(own: Parvis) -> str:
    return str(httpx.get(f"{own.control}/healthz").headers.get("Strict-Transport-Security", ""))


def test_everything_starts_anew_and_who_listens_hears_all_of_it(
    own: Parvis, manager: Manager, file: Path, tmp_path: Path
) -> None:
    until(lambda: manager.has_heard("READY=1"))
    until(lambda: manager.has_heard("WATCHDOG=1", times=2))
    assert hsts(own) == "max-age=7"
    ana = own.person()
    space = ana.post("spaces", {"title": "Reload"})
    ana.post(f"spaces/{space['id']}/start")
    write_wav(tmp_path / "tone.wav", tone(700, 2))
    voice = speak(ana, space, tmp_path / "tone.wav", "--loop", "--for", "600")
    until(lambda: any(s["connected"] for s in own.space_json(space["id"])["speakers"]))
    ears = [listen(space) for _ in range(3)]
    until(lambda: own.space_json(space["id"])["counts"]["listeners"] == len(ears))
    before = own.pids()
    file.write_text("hsts_s = 9\n[edge]\ndrain_s = 1\n")
    assert own.process is not None
    own.process.send_signal(signal.SIGHUP)
    until(lambda: manager.has_heard("READY=1", times=2))
    after = own.pids()
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values()), "each is another process"
    assert hsts(own) == "max-age=9"
    until(lambda: own.space_json(space["id"])["counts"]["listeners"] == len(ears))
    until(lambda: any(s["connected"] for s in own.space_json(space["id"])["speakers"]))
    for ear in ears:
        ear.send_signal(signal.SIGINT)
    for ear in ears:
        told = summary(ear)
        assert (told["gaps"], told["parts"]) == (0, told["last_sequence"] - told["first_sequence"] + 1)
    voice.terminate()
    summary(voice)
    log = own.log.read_text()
    assert log.count("adopted a process that was running") == len(before)
    killed = own.pid("edge-1")  # what was adopted is watched like any other
    os.kill(killed, signal.SIGKILL)
    until(lambda: own.pid("edge-1") not in (0, killed))
    assert own.stop() == 0
    assert manager.has_heard("STOPPING=1")
    assert not [pid for pid in after.values() if Path(f"/proc/{pid}").exists()]


def test_settings_that_cannot_be_used_change_nothing(own: Parvis, file: Path) -> None:
    before = own.pids()
    assert own.process is not None
    file.write_text("[edge]\ndrain_s = 'long'\n")
    own.process.send_signal(signal.SIGHUP)
    until(lambda: "[edge] drain_s must be a number" in own.log.read_text())
    file.write_text("[up]\nstages = 3\n")
    own.process.send_signal(signal.SIGHUP)
    until(lambda: "stages: another value needs an end and a start" in own.log.read_text())
    assert own.pids() == before
    assert own.answers()
