"""What a storm is to be: the options of `parvis storm`, checked, and how many processes they take."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, fields
from typing import Final

from parvis.errors import UserError
from parvis.storm.curve import Curve

RESERVED_FILES: Final = 64
"""Descriptors of a process that are no listener: standard streams, pipes, epoll, what libraries hold."""
COMFORTABLE_LISTENERS: Final = 2_000
"""More than that, and a second core is of use."""
COMFORTABLE_HLS_LISTENERS: Final = 300
MAX_LISTENERS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares of the admitted steady listeners, 0 to 1, above which the verdict is bad."""

    stalled_share: float = 0.0
    gap_share: float = 0.0
    dropped_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One storm. Shares are 0 to 1 and of all listeners; times are seconds."""

    listeners: int
    arrive: Curve
    hold_s: float = 30.0
    """How long the crowd stays once the last has arrived."""
    leave_s: float = 0.0
    """Over how long it leaves then."""
    slow_share: float = 0.0
    """Those who read less than the program's rate, through a small receive buffer."""
    lossy_share: float = 0.0
    """Those whose connection breaks at random times."""
    reconnect_share: float = 1.0
    """Of those whose connection broke, by whomever: who comes back."""
    appointment_share: float = 1.0
    """Of those who were given an appointment: who keeps it. The others follow `Retry-After`, and give up."""
    hls_share: float = 0.0
    """Those who listen by low-latency HLS; the shares of slow, lossy and others are of the rest."""
    seed: int = 1
    skim: bool = False
    """Whether most bursts that others got too are only counted (`skim.py`)."""
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not 1 <= self.listeners <= MAX_LISTENERS:
            raise UserError("plan-invalid", f"listeners must be 1 to {MAX_LISTENERS:,}")
        shares = [(field.name, getattr(self, field.name)) for field in fields(self)]
        shares += [(field.name, getattr(self.limits, field.name)) for field in fields(self.limits)]
        for name, value in shares:
            if name.endswith("_share") and not 0 <= value <= 1:
                raise UserError("plan-invalid", f"{name} is a share, 0 to 1, not {value}")
            if name.endswith("_s") and not (math.isfinite(value) and value >= 0):
                raise UserError("plan-invalid", f"{name} must be seconds from 0 up, not {value}")
        if self.slow_share + self.lossy_share > 1:
            raise UserError("plan-invalid", "slow and lossy listeners together are more than all")

    @property
    def ends_s(self) -> float:
        """Seconds from the beginning until leaving begins."""
        return self.arrive.duration_s + self.hold_s

    @property
    def hls_listeners(self) -> int:
        """How many of all listen by HLS."""
        return round(self.listeners * self.hls_share)

    def hls_crews(self, files_per_process: int) -> list[int]:
        """How many listeners each worker of HLS takes. Raises `UserError` `files-limited` as `crews`."""
        return _crews(self.hls_listeners, COMFORTABLE_HLS_LISTENERS, files_per_process)

    def crews(self, files_per_process: int) -> list[int]:
        """How many of the others each worker takes, given the limit of open files of one process.

        Raises `UserError` `files-limited` when the limit leaves room for none.
        """
        return _crews(self.listeners - self.hls_listeners, COMFORTABLE_LISTENERS, files_per_process)


def _crews(listeners: int, comfortable: int, files_per_process: int) -> list[int]:
    room = files_per_process - RESERVED_FILES
    if room < 1:
        raise UserError(
            "files-limited",
            f"{files_per_process} open files leave no room for listeners: raise ulimit -n",
        )
    useful = min(os.cpu_count() or 1, math.ceil(listeners / comfortable))
    workers = max(useful, math.ceil(listeners / room))
    return [listeners // workers + (n < listeners % workers) for n in range(workers)]
