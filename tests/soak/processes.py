"""What each process of a Parvis holds: descriptors, threads, memory; out of proc(5), from outside."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Held:
    """One process at one moment. Memory in bytes: `rss` what is resident, `pss` its share of it, `anon` what
    is backed by no file."""

    pid: int
    descriptors: int
    threads: int
    rss: int
    pss: int
    anon: int


@dataclass(frozen=True, slots=True)
class Moment:
    """All processes, by name. `quiet`: no crowd was there, so that quiet moments can be compared."""

    at_s: float
    quiet: bool
    listeners: int
    held: Mapping[str, Held] = field(default_factory=dict)


def read(pid: int) -> Held | None:
    """One process now; None when it is gone."""
    proc = Path(f"/proc/{pid}")
    try:
        memory = dict(re.findall(r"^(\w+):\s+(\d+) kB", (proc / "smaps_rollup").read_text(), re.MULTILINE))
        return Held(
            pid,
            len(list((proc / "fd").iterdir())),
            len(list((proc / "task").iterdir())),
            *(int(memory[name]) * 1024 for name in ("Rss", "Pss", "Pss_Anon")),
        )
    except (OSError, KeyError):
        return None


class Sampler:
    """Looks every `every_s`, in a thread, from `with` to its end; `look` takes a moment more."""

    def __init__(
        self, pids: Callable[[], Mapping[str, int]], listeners: Callable[[], int], every_s: float
    ) -> None:
        self.moments: list[Moment] = []
        self._pids, self._listeners, self._every_s = pids, listeners, every_s
        self._began_s = time.monotonic()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def now_s(self) -> float:
        """Seconds on the clock of the moments."""
        return time.monotonic() - self._began_s

    def look(self, *, quiet: bool) -> Moment:
        """One moment now, remembered."""
        held = {name: found for name, pid in self._pids().items() if (found := read(pid)) is not None}
        with self._lock:
            moment = Moment(self.now_s(), quiet, self._listeners(), held)
            self.moments.append(moment)
        return moment

    def _run(self) -> None:
        while not self._ending.wait(self._every_s):
            self.look(quiet=False)
