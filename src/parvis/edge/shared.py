"""A long burst as a file in memory, from which the kernel sends without copying it for each listener.

`write(2)` copies what it is given into buffers of each socket. `sendfile(2)` from a memfd hands all sockets
the same pages. For short bursts the copy is cheaper than the bookkeeping of pages (decision 0036). Rules:

- A file is written once and never again: its pages may lie in send buffers long after it is closed, and what
  changed in them would change on its way.
- Where there is no descriptor left for it, the burst is written as any other.
"""

from __future__ import annotations

import os
from typing import Final

SHARED_FROM_BYTES: Final = 16_384
SHARED_FROM_LISTENERS: Final = 64
NONE: Final = -1


def share(data: bytes, listeners: int) -> int:
    """The descriptor of a file that holds `data`, for the caller to close; `NONE` where it does not pay."""
    if len(data) < SHARED_FROM_BYTES or listeners < SHARED_FROM_LISTENERS:
        return NONE
    try:
        file = os.memfd_create("burst", os.MFD_CLOEXEC)
    except OSError:
        return NONE
    try:
        written = os.write(file, data)
    except OSError:
        written = 0
    if written != len(data):
        os.close(file)
        return NONE
    return file


def unshare(file: int) -> None:
    """Closes what `share` gave."""
    if file != NONE:
        os.close(file)
