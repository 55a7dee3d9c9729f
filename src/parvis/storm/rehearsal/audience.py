"""The crowd as the director sees it: it comes, it is counted twice a second, it is a herd, it leaves."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from parvis.errors import RemoteProtocolError, Unavailable
from parvis.storm.counts import Counts, Report
from parvis.storm.fleet import Outcome, Sample
from parvis.storm.rehearsal.crowd_process import planned

LINE_LIMIT_BYTES: Final = 1 << 20
LEAVE_PATIENCE_S: Final = 20.0
FIRST_PATIENCE_S: Final = 30.0
LOOK_S: Final = 0.1


class Audience:
    """One storm. Begin it with `come`; `leave` leaves no process behind, whatever happened."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = {**order, "parent": os.getpid()}
        self._plan, self._target = planned(order)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._error: dict[str, str] | None = None
        self._final: dict[str, Any] | None = None
        self.samples: list[Sample] = []

    @property
    def counts(self) -> Counts:
        """As last told."""
        return self.samples[-1].counts if self.samples else Counts()

    async def come(self) -> None:
        """Starts; returns with the first sample. Raises `Unavailable` `storm-ended`."""
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "parvis.storm.rehearsal.crowd_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT_BYTES,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(self._order).encode() + b"\n")
        await process.stdin.drain()
        self._reading = asyncio.create_task(self._read(), name="audience")
        async with asyncio.timeout(FIRST_PATIENCE_S):
            await self.until(lambda counts: counts.arrived > 0)

    async def until(self, reached: Callable[[Counts], bool]) -> None:
        """Returns when the counts fulfil this; the caller bounds it. Raises `Unavailable` `storm-ended`
        when the storm is over before."""
        assert self._reading is not None
        while not (self.samples and reached(self.counts)):
            if self._reading.done():
                self._reading.result()
                error = self._error or {}
                raise Unavailable("storm-ended", error.get("detail", "the storm ended before its time"), 5.0)
            await asyncio.sleep(LOOK_S)

    def herd(self) -> None:
        """Everybody loses the connection now."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)

    async def leave(self) -> Outcome | None:
        """The crowd goes home, if it has not. None: it left no result."""
        process = self._process
        if process is None:
            return None
        for number, patience_s in ((signal.SIGINT, LEAVE_PATIENCE_S), (signal.SIGKILL, LEAVE_PATIENCE_S)):
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await process.wait()
                    break
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
        return self._outcome()

    async def gone(self) -> None:
        """Returns when the last has left by itself: the Space is over. The caller bounds it."""
        assert self._process is not None
        await self._process.wait()

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
                self._take(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise RemoteProtocolError(
                "storm-malformed", f"the storm said what makes no sense: {error}"
            ) from error

    def _take(self, told: dict[str, Any]) -> None:
        if "sample" in told:
            sample = dict(told["sample"])
            counts = Counts(**sample.pop("counts"))
            self.samples.append(Sample(counts=counts, **sample))
        elif "final" in told:
            self._final = told["final"]
        else:
            self._error = told["error"]

    def _outcome(self) -> Outcome | None:
        if self._final is None:
            return None
        final = self._final
        return Outcome(
            plan=self._plan,
            target=self._target,
            workers=final["workers"],
            report=Report.decode(base64.b64decode(final["report"])),
            seconds=final["seconds"],
            peak_connected=final["peak"],
            interrupted=False,
            missed_workers=final["missed"],
            samples=self.samples,
        )
