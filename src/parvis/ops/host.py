"""What this machine is and allows, read once from the kernel. No arithmetic: that is `checks.py`.

Everything is read under one root, so that a made-up machine is a folder of files. What cannot be read is
`None`, and is said to be unknown; nothing is guessed. Linux only, by proc(5), sysfs(5), cgroups(7) version 2
and adjtimex(2); elsewhere nearly all is None.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

TIME_ERROR: Final = 5
"""What adjtimex(2) returns while the clock is not synchronised."""
STA_UNSYNC: Final = 0x0040


@dataclass(frozen=True, slots=True)
class Host:
    """One machine. None means unknown, or absent where the comment says so."""

    cpu_model: str = "unknown"
    kernel: str = "unknown"
    cores: float | None = None
    """Cores that this process may use: affinity and the control group's quota taken in."""
    memory_bytes: int | None = None
    """What this process may have in all: the machine's, or its control group's if that is less."""
    memory_available_bytes: int | None = None
    page_bytes: int = 4096
    files_soft: int | None = None
    files_hard: int | None = None
    files_max: int | None = None
    """`fs.file-max`: open files of the whole system."""
    files_used: int | None = None
    files_ceiling: int | None = None
    """`fs.nr_open`: the most to which a hard limit can be raised."""
    local_ports: tuple[int, int] | None = None
    """First and last port that an outgoing connection can have."""
    somaxconn: int | None = None
    syn_backlog: int | None = None
    syn_cookies: int | None = None
    established_buckets: int | None = None
    """Of the table in which the kernel finds a packet's connection."""
    tcp_mem_pages: tuple[int, int, int] | None = None
    """Pages of socket buffers: below the first no care is taken, from the second on there is pressure, and at
    the third sockets are refused memory."""
    tcp_rmem_bytes: tuple[int, int, int] | None = None
    tcp_wmem_bytes: tuple[int, int, int] | None = None
    """A send buffer's least, first and greatest size."""
    send_buffer_max_bytes: int | None = None
    """`net.core.wmem_max`: the most that a program can ask for itself."""
    congestion_control: str | None = None
    congestion_available: tuple[str, ...] = ()
    conntrack_max: int | None = None
    """None: connection tracking is not loaded."""
    conntrack_used: int | None = None
    governors: tuple[str, ...] = ()
    """CPU frequency governors in use; empty where the kernel has none, as in most virtual machines."""
    steal_share: float | None = None
    """Of the CPU time since the start, what the hypervisor gave to others: 0 to 1."""
    clock_synchronised: bool | None = None
    clock_error_ms: float | None = None
    """The kernel's own bound of how wrong the clock can be."""
    links_mbps: Mapping[str, int | None] = field(default_factory=dict)
    """Speed of each network interface that is up, loopback left out; None where the driver does not say."""
    disk_free_bytes: int | None = None
    autogroup: int | None = None
    """`kernel.sched_autogroup_enabled`: 1 where the kernel shares the processor by session."""
    realtime_priority: int | None = None
    """The highest real-time priority that this user's processes may take; 0: none."""


def read_host(data: Path, root: Path = Path("/")) -> Host:
    """The machine below `root`; free disk is that of `data`, or of its nearest folder that exists.

    With another root than `/`, what is asked of the kernel by a call and not by a file is left unknown.
    """
    real = root == Path("/")
    proc = root / "proc"
    sysctl = proc / "sys"
    soft, hard = _open_files() if real else (None, None)
    memory = _memory(proc)
    limit = _number(root / "sys/fs/cgroup/memory.max")
    total, available = memory.get("MemTotal"), memory.get("MemAvailable")
    if limit is not None:
        used = _number(root / "sys/fs/cgroup/memory.current") or 0
        total = min(total or limit, limit)
        available = min(available if available is not None else limit, max(0, limit - used))
    synchronised, error_ms = _kernel_clock() if real else (None, None)
    files = _numbers(sysctl / "fs/file-nr")
    ports = _numbers(sysctl / "net/ipv4/ip_local_port_range")
    return Host(
        cpu_model=_cpu_model(proc),
        kernel=_text(sysctl / "kernel/osrelease") or "unknown",
        cores=_cores(root) if real else None,
        memory_bytes=total,
        memory_available_bytes=available,
        page_bytes=resource.getpagesize(),
        files_soft=soft,
        files_hard=hard,
        files_max=_number(sysctl / "fs/file-max"),
        files_used=files[0] if files else None,
        files_ceiling=_number(sysctl / "fs/nr_open"),
        local_ports=(ports[0], ports[1]) if len(ports) == 2 else None,
        somaxconn=_number(sysctl / "net/core/somaxconn"),
        syn_backlog=_number(sysctl / "net/ipv4/tcp_max_syn_backlog"),
        syn_cookies=_number(sysctl / "net/ipv4/tcp_syncookies"),
        established_buckets=_size(sysctl / "net/ipv4/tcp_ehash_entries"),
        tcp_mem_pages=_three(sysctl / "net/ipv4/tcp_mem"),
        tcp_rmem_bytes=_three(sysctl / "net/ipv4/tcp_rmem"),
        tcp_wmem_bytes=_three(sysctl / "net/ipv4/tcp_wmem"),
        send_buffer_max_bytes=_number(sysctl / "net/core/wmem_max"),
        congestion_control=_text(sysctl / "net/ipv4/tcp_congestion_control"),
        congestion_available=tuple(
            (_text(sysctl / "net/ipv4/tcp_available_congestion_control") or "").split()
        ),
        conntrack_max=_number(sysctl / "net/netfilter/nf_conntrack_max"),
        conntrack_used=_number(sysctl / "net/netfilter/nf_conntrack_count"),
        governors=_governors(root),
        steal_share=_steal(proc),
        clock_synchronised=synchronised,
        clock_error_ms=error_ms,
        links_mbps=_links(root),
        disk_free_bytes=_disk_free(data),
        autogroup=_number(sysctl / "kernel/sched_autogroup_enabled"),
        realtime_priority=_realtime_priority(proc) if real else None,
    )


def _size(path: Path) -> int | None:
    """A number, negative where a network namespace has no table of its own."""
    text = _text(path)
    return abs(int(text)) if text and text.lstrip("-").isdigit() else None


def _open_files() -> tuple[int | None, int | None]:
    """(soft, hard) limit; without a limit it is the kernel's own, 2³¹ − 1."""
    soft, hard = (
        2**31 - 1 if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    return soft, hard


def _realtime_priority(proc: Path) -> int:
    """By right (capabilities(7): CAP_SYS_NICE is bit 23), or by RLIMIT_RTPRIO."""
    for line in (_text(proc / "self/status") or "").splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff" and int(value, 16) >> 23 & 1:
            return 99
    return resource.getrlimit(resource.RLIMIT_RTPRIO)[0]


def _text(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _numbers(file: Path) -> list[int]:
    words = (_text(file) or "").split()
    return [int(word) for word in words] if all(word.lstrip("-").isdigit() for word in words) else []


def _number(file: Path) -> int | None:
    numbers = _numbers(file)
    return numbers[0] if len(numbers) == 1 else None


def _three(file: Path) -> tuple[int, int, int] | None:
    numbers = _numbers(file)
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _memory(proc: Path) -> dict[str, int]:
    """Bytes by name, out of `meminfo`."""
    lines = (_text(proc / "meminfo") or "").splitlines()
    fields = (line.replace(":", " ").split() for line in lines)
    return {words[0]: int(words[1]) * 1024 for words in fields if len(words) == 3 and words[1].isdigit()}


def _cpu_model(proc: Path) -> str:
    for line in (_text(proc / "cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine() or "unknown"


def _cores(root: Path) -> float | None:
    try:
        allowed = float(len(os.sched_getaffinity(0)))
    except AttributeError:
        allowed = float(os.cpu_count() or 1)
    # cgroups(7): "max 100000" or "150000 100000", quota and period in microseconds.
    words = (_text(root / "sys/fs/cgroup/cpu.max") or "").split()
    if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
        return min(allowed, int(words[0]) / int(words[1]))
    return allowed


def _governors(root: Path) -> tuple[str, ...]:
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    return tuple(sorted({text for file in files if (text := _text(file))}))


def _steal(proc: Path) -> float | None:
    """Field 8 of the `cpu` line of `stat`. Guest time (9, 10) is counted in user time already."""
    lines = (_text(proc / "stat") or "").splitlines()
    if not lines or not lines[0].startswith("cpu "):
        return None
    ticks = [int(word) for word in lines[0].split()[1:9]]
    total = sum(ticks)
    return ticks[7] / total if len(ticks) == 8 and total else None


def _links(root: Path) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for link in sorted((root / "sys/class/net").glob("*")):
        if link.name == "lo" or _text(link / "operstate") not in ("up", "unknown"):
            continue
        speed = _number(link / "speed")
        found[link.name] = speed if speed is not None and speed > 0 else None
    return found


def _disk_free(data: Path) -> int | None:
    for folder in (data.absolute(), *data.absolute().parents):
        if folder.is_dir():
            return shutil.disk_usage(folder).free
    return None


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), as far as it is read here, with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def _kernel_clock() -> tuple[bool | None, float | None]:
    """(synchronised, greatest error in ms), both None where the kernel cannot be asked."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None, None
    timex = _Timex()
    state = adjtimex(ctypes.byref(timex))
    if state < 0:
        return None, None
    synchronised = state != TIME_ERROR and not timex.status & STA_UNSYNC
    return synchronised, timex.maxerror / 1000 if synchronised else None
