"""One thread at idle priority that does one thing after the other for a loop.

A thread of an executor would be waited for at the end of the process, however long a model still thinks. This
one is left behind: what it does then is of no use to anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")
_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class IdleWorker:
    """Ends with the process."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    async def do(self, work: Callable[[], Result]) -> Result:
        """Gives what `work` gives, or raises what it raises. Cancelled, the work goes on for nobody."""
        done: asyncio.Future[Result] = self._loop.create_future()
        self._jobs.put((work, done))
        return await done

    def _run(self) -> None:
        run_idle()
        while True:
            work, done = self._jobs.get()
            try:
                result = work()
            except BaseException as error:
                self._tell(done, None, error)
            else:
                self._tell(done, result, None)

    def _tell(self, done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        def settle() -> None:
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends
            self._loop.call_soon_threadsafe(settle)


def run_idle() -> None:
    """From now on this thread, and those it starts, run when nothing else wants to (sched(7), SCHED_IDLE)."""
    if sys.platform == "linux":
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
