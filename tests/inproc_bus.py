"""The bus within one process: all of `parvis.bus.port`, in memory, for tests that need no sockets.

Every `InprocBus` of one `Exchange` is a process of its own on that bus.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from parvis.bus.port import Handler, Reader, Subscription
from parvis.errors import Unavailable

QUEUE_MESSAGES = 10_000


@dataclass(eq=False)
class Exchange:
    """What the processes share."""

    queues: list[InprocReader] = field(default_factory=list)
    retained: dict[str, deque[bytes]] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)


class InprocReader:
    """A bounded queue of what matches; the newest is lost when it is full."""

    def __init__(self, exchange: Exchange, patterns: tuple[str, ...], *, replay: bool) -> None:
        self.dropped = 0
        self._exchange = exchange
        self._patterns = patterns
        self._queue: deque[tuple[str, bytes]] = deque()
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._readable, False)
        self.arrived = asyncio.Event()
        exchange.queues.append(self)
        for subject, payloads in exchange.retained.items() if replay else ():
            for payload in payloads:
                self.offer(subject, payload)

    def offer(self, subject: str, payload: bytes) -> None:
        """Takes what matches."""
        if not any(subject == p or (p.endswith(".") and subject.startswith(p)) for p in self._patterns):
            return
        if len(self._queue) >= QUEUE_MESSAGES:
            self.dropped += 1
            return
        if not self._queue:
            os.write(self._writable, b"\0")
        self._queue.append((subject, payload))
        self.arrived.set()

    def fileno(self) -> int:
        return self._readable

    def drain(self) -> Iterator[tuple[str, bytes]]:
        while self._queue:
            yield self._queue.popleft()
        self.arrived.clear()
        try:
            os.read(self._readable, 64)
        except BlockingIOError:
            return

    def close(self) -> None:
        if self in self._exchange.queues:
            self._exchange.queues.remove(self)
            os.close(self._readable)
            os.close(self._writable)


class InprocSubscription:
    """An async iterator over a reader."""

    def __init__(self, reader: InprocReader) -> None:
        self._reader = reader
        self._pending: deque[tuple[str, bytes]] = deque()
        self._closed = False

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> tuple[str, bytes]:
        while not self._pending:
            if self._closed:
                raise StopAsyncIteration
            await self._reader.arrived.wait()
            self._pending.extend(self._reader.drain())
        return self._pending.popleft()

    async def aclose(self) -> None:
        self._closed = True
        self._reader.arrived.set()
        self._reader.close()


class InprocBus:
    """One process's place on an exchange."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        self.exchange = exchange or Exchange()
        self._mine: set[str] = set()

    def publish(self, subject: str, payload: bytes, *, retain: int = 0) -> None:
        if retain:
            kept = self.exchange.retained.get(subject, deque())
            self.exchange.retained[subject] = deque((*kept, payload), maxlen=retain)
        for queue in list(self.exchange.queues):
            queue.offer(subject, payload)

    def forget(self, subject: str) -> None:
        self.exchange.retained.pop(subject, None)

    def reader(self, *patterns: str, replay: bool = False) -> Reader:
        return InprocReader(self.exchange, patterns, replay=replay)

    def subscribe(self, *patterns: str, replay: bool = False) -> Subscription:
        return InprocSubscription(InprocReader(self.exchange, patterns, replay=replay))

    async def request(self, subject: str, payload: bytes, *, timeout_s: float) -> bytes:
        handler = self.exchange.handlers.get(subject)
        if handler is None:
            raise Unavailable("no-answer", f"Nobody serves {subject}.", 1.0)
        try:
            async with asyncio.timeout(timeout_s):
                return await handler(payload)
        except TimeoutError as error:
            raise Unavailable("no-answer", f"{subject} did not answer.", 1.0) from error

    def serve(self, subject: str, handler: Handler) -> None:
        self.exchange.handlers[subject] = handler
        self._mine.add(subject)

    async def close(self) -> None:
        for subject in self._mine:
            self.exchange.handlers.pop(subject, None)
