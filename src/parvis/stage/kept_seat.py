"""A speaker who keeps the seat: enters again by itself when the session dies or the stage changes.

Rules:

- What is said goes on in real time, whether anybody hears it or not, as it does at a microphone: nothing is
  held back and said later.
- The studio's events (docs/protocol.md §5, found by the `Link` of the WHIP answer) tell at once that another
  stage has the Space: its `stage_epoch` is higher than the session's. Without them, the transport tells,
  later.
- A refusal that more attempts do not change ends it; all else is tried again, with full jitter.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable

import httpx
import structlog

from parvis.audio import Int16
from parvis.clock import TICK_MS, Clock
from parvis.errors import Overloaded, ParvisError, Refused, RemoteProtocolError, Unavailable, UserError
from parvis.stage.peer import OnSamples
from parvis.stage.speaker import Speaker, Spoken

log = structlog.get_logger(__name__)

LOOK_S = 0.1
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 2.0
GIVE_UP_AFTER_S = 60.0
"""Without a session for so long."""
EVENTS_SILENT_S = 40.0
"""Control says something every 15 s."""
EVENTS_RETRY_S = 1.0


class KeptSeat:
    """One seat of one Space, kept until `close`. One owner; `on_samples` as in `Speaker`."""

    def __init__(self, whip_url: str, token: str, *, on_samples: OnSamples | None = None) -> None:
        self._whip_url = whip_url
        self._token = token
        self._on_samples = on_samples
        self._speaker = self._new_speaker()
        self._epoch = 0
        """The highest that was heard of."""
        self._moved = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.entries = 0
        """How often the seat was taken with sound."""

    @property
    def is_in(self) -> bool:
        """It has a session, and has not heard that it is lost."""
        return not self._is_lost()

    async def connect(self) -> None:
        """Takes the seat with sound, and keeps it from now on. Raises as `Speaker.connect`."""
        await self._speaker.connect()
        self.entries += 1
        self._tasks = [asyncio.create_task(self._keep(), name="kept seat: keep")]
        if self._speaker.events_url is not None:
            follow = self._follow(self._speaker.events_url)
            self._tasks.append(asyncio.create_task(follow, name="kept seat: follow"))

    async def say(self, ticks: Callable[[], Int16 | None], clock: Clock) -> Spoken:
        """Says what `ticks()` gives, int16[960] each 20 ms, until it gives None.

        Raises what ended the attempts to enter again: `UserError`, `Refused`, or `Unavailable`
        `connection-lost`.
        """
        began_s = clock.monotonic_s()
        first_sample_s = clock.program_s()
        worst_s = 0.0
        count = 0
        while (samples := ticks()) is not None:
            self._speaker.send(samples)
            count += 1
            wait_s = began_s + count * TICK_MS / 1000 - clock.monotonic_s()
            worst_s = max(worst_s, -wait_s)
            await asyncio.sleep(max(wait_s, 0))
            if self._tasks and self._tasks[0].done():
                self._tasks[0].result()
        return Spoken(first_sample_s, count, worst_s * 1000)

    async def close(self) -> None:
        """Leaves: the sound ends at once, the seat stays."""
        await self._let_go()
        await self._speaker.close()

    async def drop(self) -> None:
        """Is gone without a word, and does not come back by itself."""
        await self._let_go()
        await self._speaker.drop()

    async def _let_go(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _new_speaker(self) -> Speaker:
        return Speaker(self._whip_url, self._token, on_samples=self._on_samples)

    async def _keep(self) -> None:
        while True:
            while not self._is_lost():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._moved.wait()
                self._moved.clear()
            await self._enter_again()

    def _is_lost(self) -> bool:
        return self._speaker.is_over or self._epoch > self._speaker.epoch > 0

    async def _enter_again(self) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + GIVE_UP_AFTER_S
        backoff_s = BACKOFF_FIRST_S
        while True:
            fresh = self._new_speaker()
            try:
                await fresh.connect()
            except (UserError, Refused):
                await fresh.drop()
                raise
            except (Overloaded, RemoteProtocolError) as error:
                await fresh.drop()
                if loop.time() > until_s:
                    detail = f"the seat could not be taken again: {error.detail}"
                    raise Unavailable("connection-lost", detail, 5.0) from error
                log.info("the seat is not taken yet", error=str(error))
                await asyncio.sleep(random.uniform(0, backoff_s))  # noqa: S311 - jitter, no secret
                backoff_s = min(backoff_s * 2, BACKOFF_MAX_S)
            except BaseException:
                await fresh.drop()
                raise
            else:
                old, self._speaker = self._speaker, fresh
                self.entries += 1
                log.info("took the seat again", epoch=fresh.epoch)
                await old.drop()  # its session is over, or this one has taken its place
                return

    async def _follow(self, url: str) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "text/event-stream"}
        timeout = httpx.Timeout(10.0, read=EVENTS_SILENT_S)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False, headers=headers) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError, ParvisError):
                    async with client.stream("GET", url) as response:
                        if response.status_code == 200:
                            await self._read_events(response)
                await asyncio.sleep(EVENTS_RETRY_S)

    async def _read_events(self, response: httpx.Response) -> None:
        event = ""
        async for line in response.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: ") and event == "seats":
                self._take_seats(line.removeprefix("data: "))

    def _take_seats(self, data: str) -> None:
        try:
            epoch = int(json.loads(data)["stage_epoch"] or 0)
        except (ValueError, KeyError, TypeError) as error:
            raise RemoteProtocolError("events-malformed", f"an event of unknown form: {error}") from error
        if epoch > self._epoch:
            self._epoch = epoch
            self._moved.set()
