"""One process of a storm: when its listeners arrive, how often it looks, what it tells its parent.

Rules:

- A small crowd is watched without delay. A crowd of more than 1,000 is looked at every 20 ms, or up to 200 ms
  when there are many workers: then nobody wakes this process once for each burst, which is most of what a
  burst would cost. Delays read so much too long for it.
- What it is late by itself is measured too: the time for which it did not look (`look`).
- Arrivals never wait for sound, nor sound for arrivals: each gets a slice of every turn.
- SIGUSR1 is a herd: everybody's connection breaks at once, and comes back with jitter.
- The parent says "enough" by closing the pipe; it dies, and so does the worker (prctl(2), PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import resource
import select
import signal
import struct
import sys
import time
from operator import itemgetter
from pathlib import Path
from types import FrameType
from typing import Final

import setproctitle

from parvis.storm.counts import Report
from parvis.storm.crowd import Crowd
from parvis.storm.plan import RESERVED_FILES, Plan
from parvis.storm.sockets import Dialler
from parvis.storm.target import Target

CROWD: Final = 1_000
LOOK_EVERY_S: Final = 0.02
LOOK_EVERY_MOST_S: Final = 0.2
LOOKS_PER_S: Final = 160
"""Of all workers together: each look costs a switch of processes."""
REPORT_EVERY_S: Final = 0.5
SAMPLE_EVERY_S: Final = 2.0
SLICE: Final = 64
"""Listeners that arrive, come back or leave in one turn."""
EVENTS: Final = 256
EVENTS_PER_TURN: Final = 4_096

FRAME: Final = struct.Struct("<I")
"""A message on the pipe: its length, then a `Report`."""

_PR_SET_PDEATHSIG = 1
_descriptor = itemgetter(0)


class Worker:
    """One process of `crew` listeners. `crews` is how many such there are, and `index` which one this is.

    `begins_s` is monotonic; `offset_s` is the server's Unix time minus the monotonic clock.
    """

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
        self._crew = crew
        self._look_every_s = min(max(LOOK_EVERY_S, crews / LOOKS_PER_S), LOOK_EVERY_MOST_S)
        self._lag = (index + 0.5) / crews
        self._begins_s = begins_s
        self._offset_s = offset_s
        self._stop_fd = stop_fd
        self._report_fd = report_fd
        self._report = Report()
        self._rss_before = rss_bytes()
        slots = crew + RESERVED_FILES + _open_files()  # a new descriptor is the lowest that is free
        rng = random.Random(f"{plan.seed} {index}")  # noqa: S311 - a seed is to be repeated, not secret
        dialler = Dialler(target, sources)
        self._crowd = Crowd(plan, target, dialler, slots, self._report, rng, self._now_s)
        self._crowd.epoll.register(stop_fd, select.EPOLLHUP)
        self._reported_s = self._sampled_s = time.monotonic()
        self._looked_s = time.monotonic()
        self._leaving = False
        self._herding = False
        signal.signal(signal.SIGUSR1, self._on_herd)

    def run(self) -> None:
        """From the first arrival until the last has left."""
        crowd = self._crowd
        while not self._done():
            busy = self._arrive() if not self._leaving else self._leave()
            if self._herding:
                self._herding = crowd.herd(SLICE)
            busy = crowd.act(SLICE) or busy or self._herding
            self._tell()
            self._listen(0.0 if busy else self._wait_s())
        self._tell(final=True)

    def _on_herd(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signal(2) calls it
        self._herding = True

    def _done(self) -> bool:
        counts = self._report.counts
        if self._leaving:
            return self._crowd.size == 0
        return counts.arrived == self._crew and self._crowd.over

    def _arrive(self) -> bool:
        """Lets those in who are due; True when there are more already."""
        elapsed_s = time.monotonic() - self._begins_s
        if elapsed_s >= self._plan.ends_s:
            self._begin_to_leave()
            return True
        counts = self._report.counts
        due = min(self._crew, int(self._plan.arrive.share(elapsed_s) * self._crew + self._lag))
        for _ in range(min(SLICE, due - counts.arrived)):
            self._crowd.arrive()
        return due > counts.arrived

    def _begin_to_leave(self) -> None:
        self._leaving = True
        self._leaving_since_s = time.monotonic()
        self._staying = self._present = self._crowd.size

    def _leave(self) -> bool:
        elapsed_s = time.monotonic() - self._leaving_since_s
        rest = 0.0 if elapsed_s >= self._plan.leave_s else 1 - elapsed_s / self._plan.leave_s
        wanted = int(self._present * rest)
        count = min(SLICE, self._crowd.size - wanted) if rest else SLICE
        self._crowd.leave(max(0, count))
        return self._crowd.size > wanted

    def _wait_s(self) -> float:
        now_s = time.monotonic()
        wait_s = self._reported_s + REPORT_EVERY_S - now_s
        due_s = self._crowd.schedule.next_s
        if due_s is not None:
            wait_s = min(wait_s, due_s - self._now_s())
        if self._leaving or self._report.counts.arrived < self._crew:
            wait_s = min(wait_s, self._look_every_s if self._crowd.size > CROWD else LOOK_EVERY_S)
        else:
            wait_s = min(wait_s, self._begins_s + self._plan.ends_s - now_s)
        return max(0.0, wait_s)

    def _listen(self, wait_s: float) -> None:
        crowd, poll = self._crowd, self._crowd.epoll.poll
        if wait_s and crowd.size > CROWD:
            time.sleep(min(wait_s, self._look_every_s))
            wait_s = 0.0
        self._report.look.add((time.monotonic() - self._looked_s) * 1000)
        for _ in range(EVENTS_PER_TURN // EVENTS):
            events = poll(wait_s, EVENTS)
            self._looked_s = time.monotonic()
            if self._stop_fd in map(_descriptor, events):
                events = [event for event in events if event[0] != self._stop_fd]
                self._stop()
            crowd.read(events)
            if len(events) < EVENTS:
                return
            wait_s = 0.0

    def _stop(self) -> None:
        """The parent wants no more: everybody leaves at once."""
        self._crowd.epoll.unregister(self._stop_fd)
        self._begin_to_leave()
        self._leaving_since_s -= self._plan.leave_s

    def _tell(self, *, final: bool = False) -> None:
        now_s = time.monotonic()
        if not final and now_s - self._reported_s < REPORT_EVERY_S:
            return
        counts, crowd = self._report.counts, self._crowd
        counts.listener_ms += int(counts.connected * (now_s - self._reported_s) * 1000)
        self._reported_s = now_s
        counts.joining = crowd.size - counts.connected
        counts.waiting = crowd.schedule.coming_back
        if now_s - self._sampled_s >= SAMPLE_EVERY_S:
            self._sampled_s = now_s
            crowd.players.sample(self._now_s())
            crowd.give_up_waiting()
        counts.dry = crowd.players.dry(self._now_s())
        usage = resource.getrusage(resource.RUSAGE_SELF)
        counts.cpu_us = int((usage.ru_utime + usage.ru_stime) * 1e6)
        counts.rss_bytes = max(counts.rss_bytes, rss_bytes() - self._rss_before)
        self._report.final = final
        message = self._report.encode()
        write_all(self._report_fd, FRAME.pack(len(message)) + message)

    def _now_s(self) -> float:
        return time.monotonic() + self._offset_s


def become_worker(parent_pid: int, index: int) -> None:
    """What a process does to itself after the fork: dies with its parent, leaves Ctrl-C to it."""
    # sched(7): where the processor is shared by session, dozens of workers in one would have one share.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent_pid:  # it died before we asked
            os._exit(1)
    setproctitle.setproctitle(f"parvis: storm {index + 1}")
    gc.disable()  # nothing here makes cycles


def _open_files() -> int:
    """Descriptors that this process inherited, or 0 where the system does not say."""
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return 0


def rss_bytes() -> int:
    """Memory of this process, or 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - twice a second in each of many processes
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def write_all(fd: int, data: bytes) -> None:
    """Writes everything, however little the pipe takes at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
