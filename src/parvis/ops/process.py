"""What a process does to itself at its start: title, priority, privileges, limits.

Linux only where it says so; elsewhere a step that does not exist is left out.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from pathlib import Path

import setproctitle

PR_SET_NO_NEW_PRIVS = 38
AUTOGROUP = Path("/proc/self/autogroup")


def become(role: str, *, nice: int = 0, realtime: bool = False) -> None:
    """Shows `parvis: {role}` in the process list, gives up gaining privileges, and takes its priority.

    `nice` below 0 is taken only where the system allows it. So is `realtime` (sched(7), SCHED_RR at the
    lowest priority): the process then runs before all that is not, and the kernel keeps 5 % for the others.
    """
    setproctitle.setproctitle(f"parvis: {role}")
    os.umask(0o077)
    if sys.platform == "linux":
        # prctl(2): from now on no program that this process starts can gain privileges by setuid.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    with contextlib.suppress(PermissionError):
        os.nice(nice)
    if os.getsid(0) == os.getpid():
        # sched(7): where the kernel groups processes by session, a nice value counts among those of the same
        # session alone, and a session has one of its own.
        with contextlib.suppress(OSError):
            AUTOGROUP.write_text(str(nice), "ascii")
    if realtime and sys.platform == "linux":
        with contextlib.suppress(PermissionError):
            # Threads that this one starts inherit it: WebRTC's too.
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def raise_open_files() -> int:
    """Raises the soft limit of open files to the hard one and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
