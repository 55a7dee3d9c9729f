"""One listener who writes down every part: what came, who was heard in it, and what it said.

The storm counts what a crowd hears; this one says *when*, by the number of the part, which is the program's
own clock (docs/protocol.md §1). A part in which nobody is heard carries no `levels` (§3): neither does one
that an edge filled in because none came from the stage. Rules are those of any listener: it comes back with
jitter, goes on at its part, keeps appointments, and follows a handoff.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx

from parvis.clock import PART_MS
from parvis.errors import RemoteProtocolError
from parvis.media.reader import Part, PartReader

SILENCE_LIMIT_S: Final = 25.0
"""Longer than the longest burst."""
BACKOFF_S: Final = 0.25
RETRY_S: Final = 0.5


@dataclass(slots=True)
class Diary:
    """What was heard. `voiced` tells for each part whether somebody was heard in it; the rest are (part,
    fields) of events, in the order in which they came."""

    voiced: dict[int, bool] = field(default_factory=dict)
    states: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    handoffs: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    stretch: int = 1
    """The longest that was told."""
    last: int = 0
    delay_ms: float = 0.0
    """Of the last part: received, after its end."""

    def take(self, part: Part, now_s: float) -> None:
        """One part, as it comes."""
        self.last = max(self.last, part.sequence)
        self.delay_ms = (now_s - part.wallclock_s) * 1000 - PART_MS
        voiced = False
        for event in part.events:
            fields = dict(event.fields())
            if event.type == "levels":
                voiced = bool(fields.get("levels"))
            elif event.type == "state":
                self.states.append((part.sequence, fields))
            elif event.type == "handoff":
                self.handoffs.append((part.sequence, fields))
            elif event.type == "pace":
                self.stretch = max(self.stretch, int(fields.get("stretch", 1)))
        self.voiced[part.sequence] = voiced

    def silence_s(self, first: int, last: int) -> float:
        """The longest run of parts between these two, both included, in which nobody was heard, or which
        never came. Seconds."""
        longest = run = 0
        for sequence in range(first, last + 1):
            run = 0 if self.voiced.get(sequence) else run + 1
            longest = max(longest, run)
        return longest * PART_MS / 1000

    def missing(self, first: int, last: int) -> int:
        """Parts between these two, both included, that never came."""
        return sum(sequence not in self.voiced for sequence in range(first, last + 1))

    def first_live(self) -> int | None:
        """The part that first said that the Space is live."""
        return next((sequence for sequence, state in self.states if state.get("state") == "live"), None)


class Probe:
    """Listens to a Space from `run` until it is cancelled, or the Space is over."""

    def __init__(self, stream_url: str) -> None:
        self.diary = Diary()
        self.reconnects = -1
        self._url = stream_url
        self._appointment = ""
        self._came = asyncio.Event()

    async def run(self) -> None:
        """Listens. Raises `RemoteProtocolError` when what comes is no program."""
        timeout = httpx.Timeout(5.0, read=SILENCE_LIMIT_S)
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True, trust_env=False) as client:
            while True:
                wait_s = 0.0
                with contextlib.suppress(httpx.TransportError):
                    over, wait_s = await self._listen(client)
                    if over:
                        return
                await asyncio.sleep(wait_s + random.uniform(0, BACKOFF_S))  # noqa: S311 - jitter is no secret

    async def until(self, heard: Callable[[Diary], bool]) -> None:
        """Returns when what was heard fulfils this; the caller bounds it."""
        while not heard(self.diary):
            self._came.clear()
            await self._came.wait()

    async def _listen(self, client: httpx.AsyncClient) -> tuple[bool, float]:
        """(the Space is over, seconds to wait)."""
        query = {"from": str(self.diary.last + 1)} if self.diary.last else {}
        held = {"X-Parvis-Appointment": self._appointment} if self._appointment else {}
        self._appointment = ""
        async with client.stream("GET", self._url, params=query, headers=held) as answer:
            if answer.status_code != httpx.codes.OK:
                await answer.aread()
                return answer.status_code == httpx.codes.GONE, self._refused(answer)
            self.reconnects += 1
            stretch = answer.headers.get("X-Parvis-Stretch", "")
            self.diary.stretch = max(self.diary.stretch, int(stretch) if stretch.isdecimal() else 1)
            async for part in _parts(answer):
                self.diary.take(part, time.time())
                self._came.set()
        return False, 0.0

    def _refused(self, answer: httpx.Response) -> float:
        """Seconds to wait; an appointment is kept."""
        try:
            problem = answer.json()
            at_s = datetime.fromisoformat(problem["at"]).timestamp()
            self._appointment = str(problem["appointment"])
            return max(0.0, at_s - time.time())
        except (ValueError, KeyError, TypeError):
            text = answer.headers.get("Retry-After", "")
            # What is not begun says a minute, and may begin any moment.
            return min(float(text), RETRY_S) if text.isdecimal() else RETRY_S


async def _parts(answer: httpx.Response) -> AsyncIterator[Part]:
    if answer.headers.get("Content-Type", "").partition(";")[0].strip() != "audio/mp4":
        raise RemoteProtocolError("media-malformed", "the stream's answer is not audio/mp4")
    reader = PartReader()
    async for data in answer.aiter_raw():
        for item in reader.feed(data):
            if isinstance(item, Part):
                yield item
