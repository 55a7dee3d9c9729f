"""The bus as every process sees it. `local.py` implements it over ZeroMQ on one machine.

Rules:

- A subject is dot-separated words; a pattern is a subject or a prefix that ends in a dot (`part.`).
- Publications of one publisher arrive in order, or are dropped and counted: each subscriber has a bounded
  queue, and when it is full the newest is lost, never the publisher's time.
- A publisher may retain the last N payloads of a subject. A subscriber with `replay=True` gets what is
  retained by every publisher it finds, before that publisher's new ones; a payload may come twice around a
  (re)connection, so consumers are idempotent.
- A request has one server per subject and a timeout, and is delivered at most once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

Handler = Callable[[bytes], Awaitable[bytes]]


class Publisher(Protocol):
    """The sending half; never blocks."""

    def publish(self, subject: str, payload: bytes, *, retain: int = 0) -> None:
        """Sends `payload` to all subscribers and keeps the last `retain` of this subject."""

    def forget(self, subject: str) -> None:
        """Drops what is retained of this subject."""


class Reader(Protocol):
    """A subscription without a task, for loops that poll file descriptors themselves.

    `fileno()` becomes readable when something *may* be there; `drain()` must then be called until it yields
    nothing. `drain()` also looks for publishers that are new, so call it at least once a second.
    """

    dropped: int

    def fileno(self) -> int: ...

    def drain(self) -> Iterator[tuple[str, bytes]]:
        """Yields (subject, payload) without ever blocking."""

    def close(self) -> None: ...


class Bus(Publisher, Protocol):
    """One process's place on the bus, on an asyncio loop."""

    def reader(self, *patterns: str, replay: bool = False) -> Reader: ...

    def subscribe(self, *patterns: str, replay: bool = False) -> Subscription:
        """An async iterator over (subject, payload); close it when done."""

    async def request(self, subject: str, payload: bytes, *, timeout_s: float) -> bytes:
        """Asks the one server of `subject`. Raises `Unavailable` when nobody answers in time, and whatever
        `ParvisError` the server raised."""

    def serve(self, subject: str, handler: Handler) -> None:
        """Answers requests on `subject`, each in a task of its own. A `ParvisError` goes to the asker."""

    async def close(self) -> None: ...


class Subscription(Protocol):
    """What `Bus.subscribe` gives: an async iterator that ends only when closed."""

    def __aiter__(self) -> Subscription: ...

    async def __anext__(self) -> tuple[str, bytes]: ...

    async def aclose(self) -> None: ...
