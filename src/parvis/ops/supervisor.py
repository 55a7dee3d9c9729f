"""Starts child processes, restarts with backoff what dies, and ends them in order.

Rules:

- A child is a command line. Its process id is kept in `{run_dir}/{name}.pid`, so a supervisor that comes
  after a killed one adopts what still runs instead of starting it twice: the sound goes on. What runs with
  another command line or environment is ended first.
- A child that dies is started again after 0.2 s, doubling to 10 s; after 30 s of life, from 0.2 s again.
- One that lives and says nothing is killed by who watches (`pulse.py`), and then has died like any other.
- Ending is by each child's own signal in the reverse order of the start, each with 5 s before SIGKILL. An
  edge gets SIGINT: on SIGTERM it would first send its listeners to the other edges, which end too.
- Children live in a session of their own: Ctrl-C reaches the supervisor alone, which ends them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

FIRST_BACKOFF_S = 0.2
LAST_BACKOFF_S = 10.0
HEALTHY_AFTER_S = 30.0
END_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep alive."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    end_signal: signal.Signals = signal.SIGTERM

    @property
    def digest(self) -> str:
        """Tells a child from one that was started differently."""
        parts = [*self.command, *(f"{name}={value}" for name, value in sorted(self.environment.items()))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Supervisor:
    """Keeps `children` alive from `run()` until it is cancelled."""

    def __init__(self, run_dir: Path, children: Sequence[Child]) -> None:
        self._run_dir = run_dir
        self._children = children
        self._pids: dict[str, int] = {}
        self.restarts: dict[str, int] = {child.name: 0 for child in children}

    @property
    def pids(self) -> Mapping[str, int]:
        """Process ids of the children that run now, by name."""
        return dict(self._pids)

    def kill(self, name: str) -> None:
        """Ends a child that is hung, at once and for sure; it is started again like any that died."""
        pid = self._pids.get(name)
        if pid is not None:
            log.warning("a process is hung and is killed", child=name, pid=pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def run(self) -> None:
        """Starts all and keeps them; when cancelled, ends all and only then returns."""
        keepers = [asyncio.create_task(self._keep(child)) for child in self._children]
        try:
            await asyncio.gather(*keepers)
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await self._end_all()

    async def _keep(self, child: Child) -> None:
        backoff_s = FIRST_BACKOFF_S
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            adopted = await self._adoptable(child)
            process = None if adopted else await self._start(child)
            pid = adopted or (process.pid if process else 0)
            if adopted:
                self._pids[child.name] = pid
                log.info("adopted a process that was running", child=child.name, pid=pid)
                await _wait_for_end(pid)
                code: int | str = "unknown"
            else:
                assert process is not None
                code = await process.wait()
            self._pids.pop(child.name, None)
            self._pid_file(child).unlink(missing_ok=True)
            if loop.time() - began_s >= HEALTHY_AFTER_S:
                backoff_s = FIRST_BACKOFF_S
            self.restarts[child.name] += 1
            log.warning(
                "a process died and is started again", child=child.name, pid=pid, code=code, after_s=backoff_s
            )
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, LAST_BACKOFF_S)

    async def _start(self, child: Child) -> asyncio.subprocess.Process:
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *child.command, env={**os.environ, **child.environment}, start_new_session=True
            )
        )
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # It may be running already: whoever ends the others must know of it.
            self._pids[child.name] = (await starting).pid
            raise
        self._pids[child.name] = process.pid
        self._pid_file(child).write_text(f"{process.pid} {_start_time(process.pid)} {child.digest}")
        return process

    def _pid_file(self, child: Child) -> Path:
        return self._run_dir / f"{child.name}.pid"

    async def _adoptable(self, child: Child) -> int | None:
        try:
            pid_text, started, digest = self._pid_file(child).read_text().split()
            pid = int(pid_text)
        except (OSError, ValueError):
            return None
        if _start_time(pid) != started:
            return None
        if digest == child.digest:
            return pid
        log.info("ending a process that runs with other settings", child=child.name, pid=pid)
        await _end(child, pid)
        return None

    async def _end_all(self) -> None:
        for child in reversed(self._children):
            pid = self._pids.pop(child.name, None)
            if pid is None:
                continue
            await _end(child, pid)
            self._pid_file(child).unlink(missing_ok=True)


async def _end(child: Child, pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, child.end_signal)
        try:
            async with asyncio.timeout(END_PATIENCE_S):
                await _wait_for_end(pid)
        except TimeoutError:
            log.warning("a process does not end and is killed", child=child.name, pid=pid)
            os.kill(pid, signal.SIGKILL)
            await _wait_for_end(pid)


async def _wait_for_end(pid: int) -> None:
    """Returns when the process is gone. Works for processes that are not ours, too (pidfd_open(2))."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty if it is gone. Tells a reused process id."""
    try:
        # proc(5): field 22, counted after the command's closing parenthesis, which may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
