"""One program time for all processes of a machine, whatever happens to its wall clock.

Rules:

- Program time is monotonic time and an offset (`clock.py`). The first process that asks reads the wall clock
  once and leaves the offset in the folder of the bus; all that start later take it from there. So a process
  that is started again after the clock was set numbers parts like those that never stopped.
- It counts for one start of the machine, for which monotonic time counts (by boot id), and until `parvis up`
  starts with nothing running: then nobody can tell, and the wall clock is right again.
- A symbolic link holds it, as leases are held (`leases_local.py`): whole or not there, and without a block of
  a disk that may be full.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from parvis.bus.leases_local import BOOT_ID
from parvis.bus.run_dir import prepare_run_dir
from parvis.clock import SystemClock

NAME: Final = "program-time"


def program_clock(run_dir: Path) -> SystemClock:
    """The clock of this machine's processes. Raises `UserError` `run-dir-unusable`."""
    link, boot = prepare_run_dir(run_dir) / NAME, BOOT_ID.read_text().strip()
    offset_s = time.time() - time.monotonic()
    while True:
        known = _read(link)
        if known is not None and known[0] == boot:
            return SystemClock(known[1])
        if known is not None:
            link.unlink(missing_ok=True)
        try:
            link.symlink_to(f"{boot} {offset_s!r}")
        except FileExistsError:  # somebody was quicker
            continue
        return SystemClock(offset_s)


def begin_anew(run_dir: Path) -> None:
    """For who knows that nothing runs: the next clock is set by the wall clock."""
    (prepare_run_dir(run_dir) / NAME).unlink(missing_ok=True)


def _read(link: Path) -> tuple[str, float] | None:
    """Boot id and offset; None when there is none. What can't be read belongs to no boot."""
    try:
        boot, offset_s = str(link.readlink()).split()
        return boot, float(offset_s)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return "", 0.0
