"""A Parvis that the rehearsal started, and so may break: its processes, what they use, how late they are.

Rules:

- It lives in a folder of its own, on loopback, and ends with the rehearsal: by SIGINT, as Ctrl-C would, and
  if that takes too long, by force.
- A process is killed only if its parent is the `parvis up` that was started here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from parvis.bus.leases_local import LocalLeases
from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import ProcessMessage
from parvis.bus.run_dir import prepare_run_dir
from parvis.clock import SystemClock
from parvis.errors import LocalProtocolError, RemoteProtocolError, Unavailable

LOOK_EVERY_S: Final = 0.5
END_PATIENCE_S: Final = 45.0
LOG_LINES_SHOWN: Final = 3
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Gauges:
    """The worst, and the sums, of what the processes said of themselves and used."""

    tick_lateness_ms: float = 0.0
    edge_cpu_s: float = 0.0
    stage_cpu_s: float = 0.0
    listener_s: float = 0.0
    by_edge: dict[str, int] = field(default_factory=dict)


class Own:
    """`command` is a `parvis up --data {data} …`; `environment` is all that it gets."""

    def __init__(
        self, command: Sequence[str], data: Path, environment: Mapping[str, str], edge_origin: str
    ) -> None:
        self.edge_origin = edge_origin
        self._command = command
        self._environment = environment
        self._log = data.with_suffix(".log")
        self._run_dir = prepare_run_dir(data / "run")
        self._process: subprocess.Popen[bytes] | None = None
        self.gauges = Gauges()
        self.measuring = False
        """Whether CPU and listeners are added up now."""

    def start(self) -> None:
        """Starts it. Call this before there are threads: it forks, and says what is to happen at our
        death."""
        prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

        def before() -> None:
            if prctl is not None:
                prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self._environment),
                start_new_session=True,
                preexec_fn=before,
            )

    def check_alive(self) -> None:
        """Raises `Unavailable` `parvis-ended`, with the end of its log."""
        assert self._process is not None
        if self._process.poll() is not None:
            lines = self._log.read_text(errors="replace").strip().splitlines()[-LOG_LINES_SHOWN:]
            raise Unavailable("parvis-ended", "the Parvis under rehearsal ended: " + " / ".join(lines), 5.0)

    def pids(self) -> dict[str, int]:
        """Process ids of the children that run now, by name."""
        found = {}
        for file in self._run_dir.glob("*.pid"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                found[file.stem] = int(file.read_text().split()[0])
        return found

    def kill(self, name: str) -> int:
        """Ends a child as a crash would; gives its process id. Raises `LocalProtocolError` `not-ours` when
        that is no child of ours."""
        pid = self.pids().get(name, 0)
        assert self._process is not None
        if not pid or _parent_of(pid) != self._process.pid:
            raise LocalProtocolError("not-ours", f"{name} is not a process of the rehearsal's own Parvis")
        os.kill(pid, signal.SIGKILL)
        return pid

    async def stage_of(self, space: str) -> tuple[str, int]:
        """Name of the stage that has a Space, and epoch of its lease; ("", 0) while none has."""
        leases = LocalLeases(self._run_dir, SystemClock())
        try:
            return await leases.owner(space) or ("", 0)
        finally:
            leases.close()

    async def watch(self) -> None:
        """Reads heartbeats and CPU twice a second, until it is cancelled."""
        reader = LocalReader(self._run_dir, "process.", replay=True)
        used: dict[int, float] = {}
        then_s = time.monotonic()
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                for _, payload in reader.drain():
                    with contextlib.suppress(RemoteProtocolError):
                        self._take(ProcessMessage.decode(payload))
                now_s = time.monotonic()
                used = self._add_cpu(used, now_s - then_s)
                then_s = now_s
        finally:
            reader.close()

    def stop(self) -> None:
        """Ends it, whatever it does, and leaves nothing of its bus. Blocks; safe to call twice."""
        self._end()
        shutil.rmtree(self._run_dir, ignore_errors=True)  # it may be elsewhere: see `prepare_run_dir`

    def _end(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            children = [pid for pid in self.pids().values() if _parent_of(pid) == process.pid]
            process.kill()
            process.wait()
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _take(self, message: ProcessMessage) -> None:
        gauges = self.gauges
        if self.measuring:
            lateness_ms = message.gauges.get("tick_lateness_ms", 0.0)
            gauges.tick_lateness_ms = max(gauges.tick_lateness_ms, lateness_ms)
        if message.role == "edge":
            gauges.by_edge[message.name] = int(message.gauges.get("parvis_edge_listeners", 0))

    def _add_cpu(self, before: Mapping[int, float], seconds: float) -> dict[int, float]:
        now: dict[int, float] = {}
        for name, pid in self.pids().items():
            role = name.partition("-")[0]
            if role not in ("edge", "stage"):
                continue
            now[pid] = cpu_s(pid)
            spent_s = max(0.0, now[pid] - before.get(pid, now[pid]))
            if self.measuring and role == "edge":
                self.gauges.edge_cpu_s += spent_s
            elif self.measuring:
                self.gauges.stage_cpu_s += spent_s
        if self.measuring:
            self.gauges.listener_s += sum(self.gauges.by_edge.values()) * seconds
        return now


def cpu_s(pid: int) -> float:
    """CPU seconds of one process and its threads, since its start; 0 when it is gone (proc(5))."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0
