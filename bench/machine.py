"""What a measurement ran on, and what processes used of it: proc(5), read from outside the servers.

CPU seconds of a process are those of its threads in /proc/PID/task/*/schedstat, which counts in nanoseconds
what `utime + stime` of /proc/PID/stat round to ticks: its own, and of the kernel's what it did in its name.
On loopback that includes most of the *receiver's* TCP work, for a packet is taken in by the sender's own
call; what soft interrupts do on their own is in no process, but in the machine's busy time.
"""

from __future__ import annotations

import os
import platform
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def describe() -> dict[str, Any]:
    """The machine: CPU model, cores, memory in bytes, kernel, Python."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    return {
        "cpu": model[1].strip() if model else platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def words(machine: dict[str, Any]) -> str:
    """One line for the head of a table."""
    memory_gb = machine["memory_bytes"] / 1e9
    return f"{machine['cpu']}, {machine['cores']} cores, {memory_gb:.0f} GB, Linux {machine['kernel']}"


def free_port() -> int:
    """A TCP port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_children(pid: int) -> list[int]:
    """A process and all below it that run now."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds of one process and its threads that run now, since their start; 0 when it is gone."""
    total_ns = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total_ns += int(task.read_text().split()[0])
        except OSError:
            continue
    return total_ns / 1e9


def rss_bytes(pid: int) -> int:
    """Resident memory of one process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def busy_s() -> float:
    """CPU seconds in which any core of the machine was not idle, since the start."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, waiting, stolen = ticks[3], ticks[4], ticks[7]
    return (sum(ticks) - idle - waiting - stolen) / TICKS_PER_S


def slab_bytes() -> int:
    """Kernel objects: sockets, files, directory entries, all of the machine's."""
    found = re.search(r"^Slab:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def socket_buffer_bytes() -> int:
    """Memory charged to TCP sockets for what is on its way, as `net.ipv4.tcp_mem` counts it."""
    found = re.search(r"^TCP:.* mem (\d+)", Path("/proc/net/sockstat").read_text(), re.MULTILINE)
    return int(found[1]) * PAGE_BYTES if found else 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What some processes, and the machine, had used at one moment."""

    cpu_s: float
    busy_s: float
    rss_bytes: int
    slab_bytes: int
    buffer_bytes: int

    @classmethod
    def of(cls, pids: list[int]) -> Reading:
        """Reads it now."""
        return cls(
            sum(cpu_s(pid) for pid in pids),
            busy_s(),
            sum(rss_bytes(pid) for pid in pids),
            slab_bytes(),
            socket_buffer_bytes(),
        )


def server_core() -> int:
    """The core on which a measured server runs alone."""
    return min(os.sched_getaffinity(0))


def all_cores() -> str:
    """Every core that may be used, as taskset(1) writes them."""
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


def other_cores() -> str:
    """The cores of everything else, as taskset(1) writes them; all the same one if there is but one."""
    allowed = sorted(os.sched_getaffinity(0))
    return ",".join(map(str, allowed[1:] or allowed))


def start(
    command: list[str], cores: str, log: Path, *, stdout: int | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Starts a program on these cores; what it says beside its result goes to `log`."""
    with log.open("a") as errors:
        return subprocess.Popen(
            ["taskset", "-c", cores, *command],
            stdin=subprocess.DEVNULL,
            stdout=errors if stdout is None else stdout,
            stderr=errors,
            text=True,
            start_new_session=True,
            **options,
        )


def stop(process: subprocess.Popen[str], patience_s: float = 15.0) -> str:
    """Ends a program by SIGTERM, by SIGKILL if it does not listen, and returns what it wrote."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.communicate(timeout=patience_s)[0] or ""
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0] or ""
