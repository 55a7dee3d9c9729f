"""Hears the heartbeats of all processes, and kills what lives and says nothing any more (`pulse.py`)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import ProcessMessage
from parvis.errors import ParvisError
from parvis.ops.pulse import Pulse
from parvis.ops.supervisor import Supervisor

WATCH_S: Final = 0.5


class Watch:
    """What the processes last said of themselves."""

    def __init__(self, run_dir: Path, supervisor: Supervisor) -> None:
        self._run_dir = run_dir
        self._supervisor = supervisor
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
                await asyncio.sleep(WATCH_S)
        finally:
            reader.close()
