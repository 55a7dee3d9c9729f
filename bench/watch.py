"""Watches a running Parvis from outside: what its processes use, and what they say of themselves on the bus.

A thread samples once a second, or as often as it is told: CPU by role out of proc(5), the machine's busy
time, memory, and the gauges of the heartbeats. Heartbeats come once a second, so listeners are as old as
that; of lateness the worst is kept of all that were heard since the sample before. A process that is dead
counts for nothing at once.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType

from bench import machine
from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import ProcessMessage

INTERVAL_S = 1.0
LATENESS = ("tick_lateness_ms", "parvis_edge_burst_lateness_ms")
STALE_S = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment. CPU figures are cores, over the interval before it."""

    at_s: float
    listeners: int
    tick_lateness_ms: float
    """The worst since the sample before, of all stages."""
    late_ticks: int
    busy_cores: float
    memory_bytes: int
    """Resident memory of all that is Parvis."""
    socket_buffer_bytes: int
    slab_bytes: int
    burst_lateness_ms: float
    """The same of all edges."""
    skipped_parts: int
    by_edge: dict[str, int] = field(default_factory=dict)
    cores: dict[str, float] = field(default_factory=dict)
    """By role: stage, control, edge, and `load` for the storm."""


class Watch:
    """A context: samples are in `samples` while it runs and after it."""

    def __init__(self, run_dir: Path, interval_s: float = INTERVAL_S) -> None:
        self.samples: list[Sample] = []
        self.failure: BaseException | None = None
        self._run_dir = run_dir
        self._interval_s = interval_s
        self._load: list[int] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._heard: dict[str, tuple[float, ProcessMessage]] = {}
        self._worst = dict.fromkeys(LATENESS, 0.0)
        self._began_s = time.monotonic()

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        if self.failure is not None and error is None:
            raise self.failure

    def add_load(self, pid: int) -> None:
        """This process and all below it are the load, not the server."""
        self._load.append(pid)

    def now_s(self) -> float:
        """Seconds on the samples' clock."""
        return time.monotonic() - self._began_s

    @property
    def listeners(self) -> int:
        """Listeners, as last sampled."""
        return self.samples[-1].listeners if self.samples else 0

    def as_data(self) -> list[dict[str, object]]:
        """The samples, ready for JSON."""
        return [asdict(sample) for sample in self.samples]

    def edges(self) -> dict[str, int]:
        """Process ids of the edges, by name."""
        return {name: pid for name, pid in self.processes().items() if name.startswith("edge")}

    def gauges(self, role: str) -> list[dict[str, float]]:
        """What the processes of this role said of themselves last."""
        return [message.gauges for _, message in list(self._heard.values()) if message.role == role]

    def processes(self) -> dict[str, int]:
        """Process ids of all of Parvis, by name."""
        found = {}
        for file in self._run_dir.glob("*.pid"):
            try:
                found[file.stem] = int(file.read_text().split()[0])
            except (OSError, ValueError, IndexError):
                continue
        return found

    def _run(self) -> None:
        reader = LocalReader(self._run_dir, "process.", replay=True)
        try:
            used, busy_s, then_s = self._used(), machine.busy_s(), time.monotonic()
            while not self._ending.wait(self._interval_s):
                self._listen(reader)
                now_used, now_busy_s, now_s = self._used(), machine.busy_s(), time.monotonic()
                cores: dict[str, float] = defaultdict(float)
                for (role, pid), seconds in now_used.items():
                    cores[role] += max(0.0, seconds - used.get((role, pid), 0.0)) / (now_s - then_s)
                self.samples.append(self._sample(dict(cores), (now_busy_s - busy_s) / (now_s - then_s)))
                used, busy_s, then_s = now_used, now_busy_s, now_s
        except Exception as error:
            self.failure = error
        finally:
            reader.close()

    def _used(self) -> dict[tuple[str, int], float]:
        """CPU seconds by role and process."""
        pids = [(name.partition("-")[0], pid) for name, pid in self.processes().items()]
        pids += [("load", pid) for root in self._load for pid in machine.with_children(root)]
        return {(role, pid): machine.cpu_s(pid) for role, pid in pids}

    def _listen(self, reader: LocalReader) -> None:
        for _, payload in reader.drain():
            message = ProcessMessage.decode(payload)
            self._heard[message.name] = (time.monotonic(), message)
            for name in LATENESS:
                self._worst[name] = max(self._worst[name], message.gauges.get(name, 0.0))

    def _sample(self, cores: dict[str, float], busy_cores: float) -> Sample:
        now_s = time.monotonic()
        worst, self._worst = self._worst, dict.fromkeys(LATENESS, 0.0)
        alive = [
            message
            for at_s, message in self._heard.values()
            if now_s - at_s < STALE_S and Path(f"/proc/{message.pid}").exists()
        ]
        by_edge = {
            message.name: int(message.gauges.get("parvis_edge_listeners", 0))
            for message in alive
            if message.role == "edge"
        }

        def every(name: str) -> list[float]:
            return [message.gauges.get(name, 0.0) for message in alive]

        return Sample(
            at_s=round(self.now_s(), 3),
            listeners=sum(by_edge.values()),
            tick_lateness_ms=worst["tick_lateness_ms"],
            late_ticks=int(sum(every("late_ticks"))),
            busy_cores=round(busy_cores, 3),
            memory_bytes=sum(machine.rss_bytes(pid) for pid in self.processes().values()),
            socket_buffer_bytes=machine.socket_buffer_bytes(),
            slab_bytes=machine.slab_bytes(),
            burst_lateness_ms=worst["parvis_edge_burst_lateness_ms"],
            skipped_parts=int(sum(every("parvis_edge_skipped_parts_total"))),
            by_edge=by_edge,
            cores={role: round(value, 4) for role, value in cores.items()},
        )
