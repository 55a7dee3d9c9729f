"""Subscriptions of the local bus: one source per publisher, replay first (see `local.py`).

A ZeroMQ descriptor becomes readable when something may have happened on its socket, and stays silent until
the socket has been read empty (zmq_getsockopt(3), ZMQ_FD). So a drain reads the sockets whose descriptors
spoke, each until it is empty, and all of them each `SWEEP_S`: among 40 processes an empty look at each would
be most of what an edge does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import select
import time
from collections.abc import Iterator
from pathlib import Path

import zmq

from parvis.bus.run_dir import prepare_run_dir, socket_address

SYNC = b"sync."
"""A subscription to a subject of this kind is answered by a publication on it: see `local.py`."""
QUEUE_MESSAGES = 8192
"""Messages that wait for one subscriber before the newest are dropped."""
MESSAGE_LIMIT_BYTES = 4 << 20
REPLAY_PATIENCE_S = 2.0
"""How long new publications wait for a replay; a publisher that is this slow is read without it."""
LOOK_INTERVAL_S = 0.1
SWEEP_S = 10.0
"""How often every source is read, whatever its descriptor said."""
MTIME_GRAIN_NS = 50_000_000


class _Source:
    """One publisher as a reader sees it. Owned by its reader, whose `epoll` watches its sockets, and whose
    `sources` say of each descriptor whose it is."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        epoll: select.epoll,
        sources: dict[int, _Source],
        pub: Path,
        patterns: tuple[str, ...],
        *,
        replay: bool,
    ) -> None:
        self._epoll = epoll
        self._sources = sources
        self._replay: zmq.Socket[bytes] | None = None
        self._replay_until_s = 0.0
        self._patterns = patterns
        self._sync = SYNC + secrets.token_hex(8).encode()
        self._asked = False
        self._early: list[tuple[str, bytes]] = []
        """New publications that came before the replay was asked for."""
        self._sub = self._connect(context, zmq.SUB, pub)
        for pattern in patterns:
            self._sub.subscribe(pattern)
        requests = pub.with_suffix(".req")
        if replay and requests.exists():
            self._sub.subscribe(self._sync)
            self._replay = self._connect(context, zmq.DEALER, requests)
            self._replay_until_s = time.monotonic() + REPLAY_PATIENCE_S

    def _connect(self, context: zmq.Context[zmq.Socket[bytes]], kind: int, path: Path) -> zmq.Socket[bytes]:
        socket = context.socket(kind)
        socket.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES if kind == zmq.SUB else 0)
        socket.setsockopt(zmq.MAXMSGSIZE, MESSAGE_LIMIT_BYTES)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RECONNECT_IVL, 100)
        socket.connect(socket_address(path))
        descriptor = descriptor_of(socket)
        self._epoll.register(descriptor, select.EPOLLIN)
        self._sources[descriptor] = self
        return socket

    def _disconnect(self, socket: zmq.Socket[bytes]) -> None:
        descriptor = descriptor_of(socket)
        self._epoll.unregister(descriptor)
        del self._sources[descriptor]
        socket.close()

    @property
    def replaying(self) -> bool:
        """What is retained has not all come: new publications wait for it."""
        return self._replay is not None

    def drain(self) -> Iterator[tuple[str, bytes]]:
        if self._replay is not None:
            if not self._asked:
                self._ask(self._replay)
            yield from self._drain_replay(self._replay)
            if self._replay is not None:
                return
        while self._early:
            yield self._early.pop(0)
        while True:
            try:
                subject, payload = self._sub.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            yield subject.decode(), payload

    def _ask(self, replay: zmq.Socket[bytes]) -> None:
        """Asks for the replay once the publisher surely sends: what it said before would be in neither."""
        while True:
            try:
                subject, payload = self._sub.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if subject == self._sync:
                break
            self._early.append((subject.decode(), payload))
        self._sub.unsubscribe(self._sync)
        self._asked = True
        replay.send_multipart((b"replay", json.dumps(self._patterns).encode()))

    def _drain_replay(self, replay: zmq.Socket[bytes]) -> Iterator[tuple[str, bytes]]:
        while True:
            try:
                subject, payload = replay.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                if time.monotonic() > self._replay_until_s:
                    self._end_replay()
                return
            if not subject:
                self._end_replay()
                return
            yield subject.decode(), payload

    def _end_replay(self) -> None:
        if self._replay is not None:
            self._disconnect(self._replay)
            self._replay = None

    def close(self) -> None:
        self._end_replay()
        self._disconnect(self._sub)


class LocalReader:
    """A subscription without a task (see `bus.port.Reader`)."""

    def __init__(self, run_dir: Path, *patterns: str, replay: bool = False) -> None:
        self._run_dir = prepare_run_dir(run_dir)
        self._run_dir_name = str(self._run_dir)
        self._patterns = patterns
        self._replay = replay
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._epoll = select.epoll()
        self._sources: dict[str, _Source] = {}
        self._by_descriptor: dict[int, _Source] = {}
        self._unread: set[_Source] = set()
        self._swept_at_s = 0.0
        self._seen_mtime_ns = -1
        self._look_at_s = 0.0
        self.dropped = 0

    def fileno(self) -> int:
        return self._epoll.fileno()

    def drain(self) -> Iterator[tuple[str, bytes]]:
        self._look()
        for descriptor, _ in self._epoll.poll(0):
            self._unread.add(self._by_descriptor[descriptor])
        for source in list(self._unread):
            yield from source.drain()
            # Only now: who stops reading in the middle finds the rest the next time.
            if not source.replaying:
                self._unread.discard(source)

    def close(self) -> None:
        for source in self._sources.values():
            source.close()
        self._sources.clear()
        self._unread.clear()
        self._epoll.close()
        self._context.term()

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + LOOK_INTERVAL_S
        if now_s - self._swept_at_s >= SWEEP_S:
            self._swept_at_s = now_s
            self._unread.update(self._sources.values())
        try:
            mtime_ns = os.stat(self._run_dir_name).st_mtime_ns  # noqa: PTH116
        except FileNotFoundError:  # what is connected stays so; the next who publishes makes the folder anew
            return
        if mtime_ns == self._seen_mtime_ns:
            return
        there = {path.name: path for path in self._run_dir.glob("*.pub")}
        for name in self._sources.keys() - there.keys():
            source = self._sources.pop(name)
            self._unread.discard(source)
            source.close()
        for name in there.keys() - self._sources.keys():
            source = _Source(
                self._context,
                self._epoll,
                self._by_descriptor,
                there[name],
                self._patterns,
                replay=self._replay,
            )
            self._sources[name] = source
            self._unread.add(source)
        # A folder that changed just now may change again within the same tick of its clock: look again.
        if time.time_ns() - mtime_ns > MTIME_GRAIN_NS:
            self._seen_mtime_ns = mtime_ns


class LocalSubscription:
    """An async iterator over a `LocalReader`, with a bounded queue; the newest is dropped when it is full."""

    def __init__(self, reader: LocalReader) -> None:
        self._reader = reader
        self._queue: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue(QUEUE_MESSAGES)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(reader.fileno(), self._on_readable)
        self._looker = self._loop.create_task(self._look())
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Nothing comes any more."""
        return self._closed

    @property
    def dropped(self) -> int:
        """Messages lost because the consumer was slow."""
        return self._reader.dropped

    def _on_readable(self) -> None:
        for message in self._reader.drain():
            try:
                self._queue.put_nowait(message)
            except asyncio.QueueFull:
                self._reader.dropped += 1

    async def _look(self) -> None:
        while True:
            self._on_readable()
            await asyncio.sleep(LOOK_INTERVAL_S)

    def __aiter__(self) -> LocalSubscription:
        return self

    async def __anext__(self) -> tuple[str, bytes]:
        message = None if self._closed else await self._queue.get()
        if message is None:
            raise StopAsyncIteration
        return message

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._reader.fileno())
        self._looker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._looker
        self._reader.close()
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(None)


def descriptor_of(socket: zmq.Socket[bytes]) -> int:
    """What to poll for a socket: see above."""
    descriptor = socket.getsockopt(zmq.FD)
    assert isinstance(descriptor, int)
    return descriptor
