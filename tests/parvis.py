"""A real Parvis in processes of its own, as `parvis up` starts it, and the people who use it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx

from parvis.bus.leases_local import LocalLeases
from parvis.bus.run_dir import prepare_run_dir
from parvis.clock import SystemClock

PASSWORD = "correct horse battery"
_ON_AIR = """
    SELECT spaces.id, accounts.handle FROM spaces
    JOIN seats ON seats.space_id = spaces.id AND seats.role = 'host'
    JOIN accounts ON accounts.id = seats.account_id
    WHERE spaces.state IN ('live', 'held')
"""
PARVIS = (sys.executable, "-m", "parvis")


def free_ports(count: int) -> list[int]:
    """TCP ports that nobody has now, and that nobody gets by chance before they are used: below those that
    the system gives to outgoing connections, and apart from those of tests that run beside this one."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 10_000 + worker % 8 * 2_500
    ports: list[int] = []
    while len(ports) < count:
        port = first + secrets.randbelow(2_500)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            ports.append(port)
    return ports


_given: set[int] = set()
"""Ports that somebody in this process has asked for, and may not have taken yet."""


def wait_until(condition: Callable[[], bool], *, patience_s: float = 30) -> None:
    """Looks again and again; fails when patience ends."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline_s, "what was waited for did not happen"
        time.sleep(0.05)


@dataclass
class Person:
    """Somebody with an account, signed in."""

    handle: str
    token: str
    api: httpx.Client

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._sent("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._sent("PATCH", path, body)

    def get(self, path: str) -> dict[str, Any]:
        return self._sent("GET", path, None)

    def _sent(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        answer = self.api.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        parsed: dict[str, Any] = answer.json()
        return parsed


class Parvis:
    """`parvis up` on free ports with an empty data folder, with `environment` beside this process's own,
    reached by `name`. Ended with `stop()`."""

    running: ClassVar[list[Parvis]] = []
    """All that this process has started."""

    def __init__(
        self,
        data: Path,
        *,
        edges: int = 2,
        environment: Mapping[str, str] | None = None,
        name: str = "127.0.0.1",
        control_port: int | None = None,
    ) -> None:
        self.data = data
        # A parvis.toml that happens to be here is not for tests. They look as often as nobody does.
        own = {"PARVIS_CONFIG": "", "PARVIS_READS_PER_MINUTE": "0", "PARVIS_ACCOUNT_READS_PER_MINUTE": "0"}
        self._environment = {**os.environ, **own, **(environment or {})}
        self._scheme = "https" if "PARVIS_CERTIFICATE" in self._environment else "http"
        self.port, self.archive_port = free_ports(2)
        self.control_port = control_port or free_ports(1)[0]
        self._name = name
        if name != "127.0.0.1":
            origins = {"EDGE": self.edge, "CONTROL": self.control, "ARCHIVE": self.archive}
            self._environment |= {f"PARVIS_PUBLIC_{kind}_URL": url for kind, url in origins.items()}
        self._command = [
            *PARVIS, "up", "--data", str(data), "--port", str(self.port),
            "--control-port", str(self.control_port), "--archive-port", str(self.archive_port),
            "--edges", str(edges), "--json",
        ]  # fmt: skip
        self.log = data.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def edge(self) -> str:
        return f"{self._scheme}://{self._name}:{self.port}"

    @property
    def control(self) -> str:
        return f"{self._scheme}://{self._name}:{self.control_port}"

    @property
    def archive(self) -> str:
        return f"{self._scheme}://{self._name}:{self.archive_port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, start_new_session=True, env=self._environment
            )
        self.running.append(self)
        try:
            wait_until(self.answers, patience_s=60)
        except BaseException:
            self.stop()
            raise

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        try:
            origins = (self.edge, self.control, self.archive)
            answers = [httpx.get(f"{origin}/healthz", timeout=2) for origin in origins]
        except httpx.HTTPError:
            return False
        return all(answer.status_code == 200 for answer in answers)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ends it as Ctrl-C does and gives its exit code."""
        assert self.process is not None
        if self in self.running:
            self.running.remove(self)
        self.process.send_signal(number)
        return self.process.wait(timeout=40)

    def pid(self, name: str) -> int:
        """Process id of a child (control, stage-1, edge-1…); 0 while it does not run."""
        return self.pids().get(name, 0)

    def pids(self) -> dict[str, int]:
        found = {}
        for file in self._run_dir.glob("*.pid"):
            with contextlib.suppress(FileNotFoundError):  # it has just ended
                if words := file.read_text().split():
                    found[file.stem] = int(words[0])
        return found

    def stage_of(self, space: str) -> tuple[str, int]:
        """Name of the stage that has a Space, and epoch of its lease; ("", 0) while none has."""

        async def owner() -> tuple[str, int] | None:
            leases = LocalLeases(self._run_dir, SystemClock())
            try:
                return await leases.owner(space)
            finally:
                leases.close()

        with ThreadPoolExecutor(1) as thread:  # a test may have a loop of its own in this one
            return thread.submit(lambda: asyncio.run(owner())).result() or ("", 0)

    @property
    def _run_dir(self) -> Path:
        return prepare_run_dir(self.data / "run")

    def person(self, name: str = "ana") -> Person:
        handle = f"{name}_{secrets.token_hex(3)}"
        api = httpx.Client(base_url=f"{self.control}/api/v1/", timeout=20)
        account = {"handle": handle, "password": PASSWORD}
        assert api.post("accounts", json={**account, "display_name": name.title()}).status_code == 201
        token = api.post("sessions", json=account).json()["token"]
        api.cookies.clear()
        api.headers["Authorization"] = f"Bearer {token}"
        return Person(handle, token, api)

    def on_air(self) -> dict[str, str]:
        """Handles of the hosts of all Spaces that have begun and not ended, by Space; empty where control's
        database is no file."""
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{self.data}/parvis.sqlite3?mode=ro", uri=True)
            ) as file:
                return dict(file.execute(_ON_AIR))
        except sqlite3.OperationalError:
            return {}

    def end(self, spaces: Mapping[str, str]) -> None:
        """Ends these Spaces of hosts by handle: one that nobody ends costs its stage work all the time."""
        with httpx.Client(base_url=f"{self.control}/api/v1/") as api, contextlib.suppress(httpx.HTTPError):
            for space, host in spaces.items():
                token = api.post("sessions", json={"handle": host, "password": PASSWORD}).json().get("token")
                api.cookies.clear()
                api.post(f"spaces/{space}/end", headers={"Authorization": f"Bearer {token}"})

    def space_json(self, space: str) -> dict[str, Any]:
        parsed: dict[str, Any] = httpx.get(f"{self.edge}/live/{space}/space.json").json()
        return parsed


def speak(person: Person, space: Mapping[str, Any], file: Path, *more: str) -> subprocess.Popen[str]:
    """`parvis speak` in a process of its own; its summary comes on standard output as JSON."""
    command = [*PARVIS, "speak", str(file), "--space", space["links"]["whip"], "--json", *more]
    environment = {**os.environ, "PARVIS_TOKEN": person.token}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def listen(space: Mapping[str, Any], *more: str) -> subprocess.Popen[str]:
    """`parvis listen` in a process of its own; its summary comes on standard output as JSON."""
    command = [*PARVIS, "listen", space["links"]["share"], "--json", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def summary(process: subprocess.Popen[str], *, patience_s: float = 60) -> dict[str, Any]:
    """What a command said at its end, which must be a good one."""
    out, _ = process.communicate(timeout=patience_s)
    assert process.returncode == 0, out
    parsed: dict[str, Any] = json.loads(out)
    return parsed
