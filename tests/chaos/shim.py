"""A slow disk and a wall clock that is set, in real processes: what `shim.c` does, as told from here.

The library is compiled when it is asked for, and loaded into every process of a Parvis (LD_PRELOAD). Its
orders lie in a file that all map, so they change while processes run.
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
_ORDERS = struct.Struct("=qqq512s")
"""Step of the wall clock, delay of a write, delay of a sync, in nanoseconds; the folder that is slow."""


class Shim:
    """One set of orders. `environment` is for the processes that obey."""

    def __init__(self, folder: Path) -> None:
        """Compiles; fails without a compiler."""
        assert shutil.which("gcc"), "gcc is not installed: apt-get install -y --no-install-recommends gcc"
        library, orders = folder / "shim.so", folder / "shim.orders"
        command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library)]
        subprocess.run([*command, str(SOURCE), "-ldl"], check=True)
        orders.write_bytes(bytes(_ORDERS.size))
        with orders.open("r+b") as file:
            self._orders = mmap.mmap(file.fileno(), _ORDERS.size)
        self.environment = {"LD_PRELOAD": str(library), "PARVIS_SHIM": str(orders)}
        self._step_s = self._write_s = self._sync_s = 0.0
        self._slow = Path()

    def set_clock(self, ahead_s: float) -> None:
        """The wall clock is so far ahead of the machine's from now on; negative: behind it."""
        self._step_s = ahead_s
        self._tell()

    def slow_disk(self, folder: Path, *, write_s: float, sync_s: float) -> None:
        """From now on every write to a file below a folder takes this longer, and every sync of one."""
        self._slow, self._write_s, self._sync_s = folder.resolve(), write_s, sync_s
        self._tell()

    def heal(self) -> None:
        """Disk and clock are the machine's again."""
        self._step_s = self._write_s = self._sync_s = 0.0
        self._slow = Path()
        self._tell()

    def _tell(self) -> None:
        times = (round(seconds * 1e9) for seconds in (self._step_s, self._write_s, self._sync_s))
        folder = str(self._slow).encode() if self._slow.is_absolute() else b""
        self._orders[:] = _ORDERS.pack(*times, folder)
