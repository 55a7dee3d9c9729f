"""One process of HLS listeners: each is a task in one event loop.

A listener of HLS asks six times a second and is asked back, so it costs its process a hundred times what a
pushed listener does: a storm has some hundreds of them in a process, not thousands. They arrive and leave as
the others do; neither slow nor lossy ones are among them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
import time

from parvis.storm.counts import Report
from parvis.storm.hls_listener import HlsListener, monotonic_now
from parvis.storm.plan import Plan
from parvis.storm.players import Players
from parvis.storm.target import Target
from parvis.storm.wire import PartBook
from parvis.storm.worker import FRAME, REPORT_EVERY_S, SAMPLE_EVERY_S, rss_bytes, write_all

TURN_S = 0.02


class HlsWorker:
    """Takes what `worker.Worker` takes."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        *,
        index: int,
        crew: int,
        crews: int,
        sources: tuple[str, ...],
        begins_s: float,
        offset_s: float,
        stop_fd: int,
        report_fd: int,
    ) -> None:
        self._plan = plan
        self._target = target
        self._crew = crew
        self._lag = (index + 0.5) / crews
        self._sources = sources or ("",)
        self._begins_s = begins_s
        self._stop_fd = stop_fd
        self._report_fd = report_fd
        self._report = Report()
        self._players = Players(crew, self._report)
        self._book = PartBook(target.rendition)
        self._rng = random.Random(f"{plan.seed} hls {index}")  # noqa: S311 - to be repeated, not secret
        self._now_s = monotonic_now(offset_s)
        self._rss_before = rss_bytes()
        self._tasks: list[asyncio.Task[None]] = []
        self._reported_s = self._sampled_s = self._looked_s = time.monotonic()
        self._ends_s = begins_s + plan.ends_s

    def run(self) -> None:
        """From the first arrival until the last has left."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        asyncio.get_running_loop().add_reader(self._stop_fd, self._stop)
        while not self._over():
            self._arrive()
            self._leave()
            self._tell()
            await asyncio.sleep(TURN_S)
            now_s = time.monotonic()
            self._report.look.add(max(0.0, now_s - self._looked_s - TURN_S) * 1000)
            self._looked_s = now_s
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._report.notes += [
            f"a listener failed: {error!r}"
            for error in {task.exception() for task in self._tasks if not task.cancelled()} - {None}
        ][:1]
        self._tell(final=True)

    def _over(self) -> bool:
        if time.monotonic() >= self._ends_s + self._plan.leave_s:
            return True
        return self._report.counts.arrived == self._crew and all(task.done() for task in self._tasks)

    def _arrive(self) -> None:
        elapsed_s = time.monotonic() - self._begins_s
        due = min(self._crew, int(self._plan.arrive.share(elapsed_s) * self._crew + self._lag))
        while len(self._tasks) < due and time.monotonic() < self._ends_s:
            number = len(self._tasks)
            listener = HlsListener(
                number,
                self._target,
                self._sources[number % len(self._sources)],
                self._players,
                self._report,
                self._book,
                self._rng,
                self._now_s,
            )
            self._tasks.append(asyncio.create_task(listener.listen()))

    def _leave(self) -> None:
        elapsed_s = time.monotonic() - self._ends_s
        if elapsed_s <= 0 or not self._plan.leave_s:
            return
        for task in self._tasks[: int(len(self._tasks) * min(1.0, elapsed_s / self._plan.leave_s))]:
            task.cancel()

    def _stop(self) -> None:
        """The parent wants no more."""
        asyncio.get_running_loop().remove_reader(self._stop_fd)
        self._ends_s = time.monotonic() - self._plan.leave_s

    def _tell(self, *, final: bool = False) -> None:
        now_s = time.monotonic()
        if not final and now_s - self._reported_s < REPORT_EVERY_S:
            return
        counts = self._report.counts
        counts.listener_ms += int(counts.connected * (now_s - self._reported_s) * 1000)
        self._reported_s = now_s
        if now_s - self._sampled_s >= SAMPLE_EVERY_S:
            self._sampled_s = now_s
            self._players.sample(self._now_s())
        counts.dry = self._players.dry(self._now_s())
        usage = resource.getrusage(resource.RUSAGE_SELF)
        counts.cpu_us = int((usage.ru_utime + usage.ru_stime) * 1e6)
        counts.rss_bytes = max(counts.rss_bytes, rss_bytes() - self._rss_before)
        self._report.final = final
        message = self._report.encode()
        write_all(self._report_fd, FRAME.pack(len(message)) + message)
