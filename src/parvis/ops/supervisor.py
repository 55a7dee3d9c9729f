"""Starts child processes, restarts with backoff what dies, and ends them in order.

Rules:

- A child is a command line. Its process id is kept in `{run_dir}/{name}.pid`, so a supervisor that comes
  after a killed one adopts what still runs instead of starting it twice: the sound goes on. What runs with
  another command line or environment is ended first.
- A child that dies is started again after 0.2 s, doubling to 10 s; after 30 s of life, from 0.2 s again.
- One that lives and says nothing is killed by who watches (`pulse.py`), and then has died like any other.
- Ending is by each child's own signal in the reverse order of the start, each with 5 s before SIGKILL. An
  edge gets SIGINT: on SIGTERM it would first send its listeners to the other edges, which end too.
- `replace` is for one child while the others stay: it goes by SIGTERM, in its own time, and is started again
  at once, perhaps with other settings. `leave` leaves all running when this supervisor ends.
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
LOOK_S = 0.05
HEALTHY_AFTER_S = 30.0
END_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep alive."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    end_signal: signal.Signals = signal.SIGTERM
    leave_patience_s: float = END_PATIENCE_S
    """How long it may take to go by SIGTERM while the others stay."""

    @property
    def digest(self) -> str:
        """Tells a child from one that was started differently."""
        parts = [*self.command, *(f"{name}={value}" for name, value in sorted(self.environment.items()))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Supervisor:
    """Keeps `children` alive from `run()` until it is cancelled.

    `reaps`: what it adopts may be children of this process, which has started itself anew (execve(2)) and is
    the one to take their ends.
    """

    def __init__(self, run_dir: Path, children: Sequence[Child], *, reaps: bool = False) -> None:
        self._reaps = reaps
        self._run_dir = run_dir
        self._children = {child.name: child for child in children}
        self._replaced: set[str] = set()
        self._adopted: set[str] = set()
        self._leaving = False
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

    async def replace(self, child: Child) -> None:
        """Has the child of this name go in its own time and starts it again as `child` says; returns when it
        was started. One that does not go is killed."""
        self._children[child.name] = child
        pid = self._pids.get(child.name)
        if pid is not None:
            self._replaced.add(child.name)
            await _end(child, pid, signal.SIGTERM, child.leave_patience_s)
        while self._pids.get(child.name) in (None, pid):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)

    def leave(self) -> None:
        """From now on, ending this supervisor ends nothing else: the next one adopts what runs."""
        self._leaving = True

    async def run(self) -> None:
        """Starts all and keeps them; when cancelled, ends all and only then returns."""
        keepers = [asyncio.create_task(self._keep(name)) for name in self._children]
        try:
            await asyncio.gather(*keepers)
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            if not self._leaving:
                await self._end_all()

    async def _keep(self, name: str) -> None:
        backoff_s = FIRST_BACKOFF_S
        loop = asyncio.get_running_loop()
        while True:
            child = self._children[name]
            began_s = loop.time()
            adopted = await self._adoptable(child)
            process = None if adopted else await self._start(child)
            pid = adopted or (process.pid if process else 0)
            if adopted:
                self._pids[child.name] = pid
                self._adopted.add(name)
                log.info("adopted a process that was running", child=child.name, pid=pid)
                await _wait_for_end(pid)
                self._reap(pid)
                self._adopted.discard(name)
                code: int | str = "unknown"
            else:
                assert process is not None
                code = await process.wait()
            self._pids.pop(child.name, None)
            self._pid_file(child).unlink(missing_ok=True)
            if name in self._replaced:
                self._replaced.discard(name)
                log.info("a process went and is started again", child=name, pid=pid, code=code)
                continue
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
        await _end(child, pid, child.end_signal)
        self._reap(pid)
        return None

    def _reap(self, pid: int) -> None:
        if self._reaps:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    async def _end_all(self) -> None:
        for child in reversed(self._children.values()):
            pid = self._pids.pop(child.name, None)
            if pid is None:
                continue
            await _end(child, pid, child.end_signal)
            if child.name in self._adopted:  # asyncio takes the ends of those that were started here
                self._reap(pid)
            self._pid_file(child).unlink(missing_ok=True)


def anything_runs(run_dir: Path) -> bool:
    """Whether a child of an earlier supervisor is still there."""
    for file in run_dir.glob("*.pid"):
        try:
            pid_text, started, _ = file.read_text().split()
            if _start_time(int(pid_text)) == started:
                return True
        except (OSError, ValueError):
            continue
    return False


async def _end(child: Child, pid: int, number: signal.Signals, patience_s: float = END_PATIENCE_S) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        try:
            async with asyncio.timeout(patience_s):
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
