"""The supervisor with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from parvis.ops.supervisor import Child, Supervisor

SLEEPER = (sys.executable, "-c", "import signal; signal.pause()")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[None]:
    task = asyncio.create_task(supervisor.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_child_comes_back(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, [Child("edge-1", SLEEPER)])
    async with running(supervisor):
        await until(lambda: "edge-1" in supervisor.pids)
        first = supervisor.pids["edge-1"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pids.get("edge-1", first) != first)
        assert supervisor.restarts == {"edge-1": 1}
        second = supervisor.pids["edge-1"]
    await until(lambda: not alive(second))
    assert list(tmp_path.iterdir()) == []


async def test_the_next_supervisor_adopts_what_runs(tmp_path: Path) -> None:
    orphan = await asyncio.create_subprocess_exec(*SLEEPER)
    child = Child("stage-1", SLEEPER)
    started = Path(f"/proc/{orphan.pid}/stat").read_text().rpartition(")")[2].split()[19]
    (tmp_path / "stage-1.pid").write_text(f"{orphan.pid} {started} {child.digest}")
    supervisor = Supervisor(tmp_path, [child])
    async with running(supervisor):
        await until(lambda: "stage-1" in supervisor.pids)
        assert supervisor.pids["stage-1"] == orphan.pid
    assert await orphan.wait() == -signal.SIGTERM


async def test_each_child_is_ended_by_its_own_signal(tmp_path: Path) -> None:
    command = ("sleep", "600")  # it may have inherited that SIGINT is ignored: not so this one
    orphan = await asyncio.create_subprocess_exec(*command)
    child = Child("edge-1", command, end_signal=signal.SIGUSR1)
    started = Path(f"/proc/{orphan.pid}/stat").read_text().rpartition(")")[2].split()[19]
    (tmp_path / "edge-1.pid").write_text(f"{orphan.pid} {started} {child.digest}")
    supervisor = Supervisor(tmp_path, [child])
    async with running(supervisor):
        await until(lambda: "edge-1" in supervisor.pids)
    assert await orphan.wait() == -signal.SIGUSR1


async def test_what_runs_with_other_settings_is_ended_first(tmp_path: Path) -> None:
    orphan = await asyncio.create_subprocess_exec(*SLEEPER)
    started = Path(f"/proc/{orphan.pid}/stat").read_text().rpartition(")")[2].split()[19]
    (tmp_path / "stage-1.pid").write_text(f"{orphan.pid} {started} 0000")
    supervisor = Supervisor(tmp_path, [Child("stage-1", SLEEPER)])
    async with running(supervisor):
        await until(lambda: "stage-1" in supervisor.pids)
        assert supervisor.pids["stage-1"] != orphan.pid
        assert await orphan.wait() == -signal.SIGTERM


async def test_a_reused_process_id_is_not_adopted(tmp_path: Path) -> None:
    child = Child("stage-1", SLEEPER)
    (tmp_path / "stage-1.pid").write_text(f"{os.getpid()} 1 {child.digest}")
    supervisor = Supervisor(tmp_path, [child])
    async with running(supervisor):
        await until(lambda: "stage-1" in supervisor.pids)
        assert supervisor.pids["stage-1"] != os.getpid()


async def test_a_child_that_is_just_being_started_is_ended_too(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, [Child(f"edge-{n}", SLEEPER) for n in range(4)])
    task = asyncio.create_task(supervisor.run())
    for _ in range(6):  # into the middle of the starts, which take many turns of the loop
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not [pid for pid in mine if b"signal.pause" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_a_replaced_child_goes_by_sigterm_and_comes_back_as_is_said(tmp_path: Path) -> None:
    supervisor = Supervisor(
        tmp_path, [Child("edge-1", SLEEPER, end_signal=signal.SIGINT), Child("edge-2", SLEEPER)]
    )
    async with running(supervisor):
        await until(lambda: len(supervisor.pids) == 2)
        before = supervisor.pids
        told = tmp_path / "told"
        script = f"import os, signal; open({str(told)!r}, 'w').write(os.environ['SAID']); signal.pause()"
        await supervisor.replace(Child("edge-1", (sys.executable, "-c", script), {"SAID": "hello"}))
        await until(lambda: told.exists() and told.read_text() == "hello")
        assert supervisor.pids["edge-1"] != before["edge-1"]
        assert supervisor.pids["edge-2"] == before["edge-2"]
        assert supervisor.restarts == {"edge-1": 0, "edge-2": 0}


async def test_a_child_that_does_not_go_is_killed(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    script = (
        f"import signal; signal.signal(15, signal.SIG_IGN); open({str(deaf)!r}, 'w').close(); signal.pause()"
    )
    child = Child("stage-1", (sys.executable, "-c", script), leave_patience_s=0.1)
    supervisor = Supervisor(tmp_path, [child])
    async with running(supervisor):
        await until(lambda: deaf.exists() and "stage-1" in supervisor.pids)
        first = supervisor.pids["stage-1"]
        await supervisor.replace(Child("stage-1", SLEEPER))
        await until(lambda: supervisor.pids.get("stage-1", first) != first)


async def test_who_leaves_ends_nothing_and_the_next_finds_all(tmp_path: Path) -> None:
    child = Child("edge-1", SLEEPER)
    first = Supervisor(tmp_path, [child])
    async with running(first):
        await until(lambda: "edge-1" in first.pids)
        pid = first.pids["edge-1"]
        first.leave()
    assert alive(pid)
    second = Supervisor(tmp_path, [child])
    async with running(second):
        await until(lambda: second.pids.get("edge-1") == pid)
    await until(lambda: not alive(pid))
