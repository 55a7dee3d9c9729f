"""Hears the heartbeats of all processes, and kills what lives and says nothing any more (`pulse.py`). Says
it when the wall clock was set."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import ProcessMessage
from parvis.clock import Clock
from parvis.errors import ParvisError
from parvis.ops.pulse import Pulse
from parvis.ops.supervisor import Supervisor

log = structlog.get_logger(__name__)

WATCH_S: Final = 0.5
CLOCK_STEP_S: Final = 1.0
"""By how much the wall clock may leave program time before it is said."""


class Watch:
    """What the processes last said of themselves."""

    def __init__(self, run_dir: Path, supervisor: Supervisor, clock: Clock) -> None:
        self._run_dir = run_dir
        self._supervisor = supervisor
        self._clock = clock
        self._stepped_s = 0.0
        self._said: dict[str, ProcessMessage] = {}

    def pid(self, name: str) -> int:
        """The process id that last spoke under this name; 0 if none did."""
        said = self._said.get(name)
        return said.pid if said else 0

    def gauges(self, name: str) -> Mapping[str, float]:
        """The figures that it last said."""
        said = self._said.get(name)
        return said.gauges if said else {}

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        pulse = Pulse(loop.time())
        reader = LocalReader(self._run_dir, "process.")
        try:
            while True:
                for _, payload in reader.drain():
                    with contextlib.suppress(ParvisError):
                        message = ProcessMessage.decode(payload)
                        self._said[message.name] = message
                        pulse.beat(message.name, message.pid, loop.time())
                for name in pulse.hung(self._supervisor.pids, loop.time()):
                    self._supervisor.kill(name)
                self._look_at_the_clock()
                await asyncio.sleep(WATCH_S)
        finally:
            reader.close()

    def _look_at_the_clock(self) -> None:
        stepped_s = self._clock.wall_s() - self._clock.program_s()
        if abs(stepped_s - self._stepped_s) > CLOCK_STEP_S:
            self._stepped_s = stepped_s
            log.warning(
                "the wall clock was set; live sound and go-live times keep to the old one until Parvis ends",
                ahead_s=round(stepped_s, 1),
            )
