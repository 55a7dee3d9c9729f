"""The bus of one machine: ZeroMQ over Unix sockets, without a broker.

Each process binds two sockets in one folder, named after itself and its instance::

    stage-1.5f0c.pub    publications (PUB)
    stage-1.5f0c.req    requests and replays (ROUTER)
    serve/stage.stage-1 a symbolic link to the .req of whoever serves that subject

Rules:

- The folder is the directory: who is there is found by looking, and a look costs one `stat` unless something
  changed. A restarted process is a new instance, so its subscribers ask it for a replay again.
- A subscriber reads one socket per publisher, so it can hold back new publications until the replay is in.
- It asks for a replay when it surely gets what is new: it subscribes to a subject of its own after all the
  others, and the publisher answers on it (XPUB sees subscriptions in their order). So nothing falls between.
- Killed processes leave sockets behind: the next process of that name removes them.
- A process whose sockets were removed by anybody else (who cleans up temporary files, say) makes others: its
  subscribers find them as they find a new instance, and miss nothing that is retained.
- Everything sent is bounded: a full queue drops the newest, and no sender ever waits.

Edges have no asyncio loop and use `LocalPublisher` and `LocalReader` alone; nothing replays what an edge
publishes, for it says everything again each second.
"""

# ruff: noqa: ASYNC110, ASYNC240 - a look at a local folder takes microseconds, and nothing tells of a change.
from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections import deque
from pathlib import Path
from typing import ClassVar

import structlog
import zmq
import zmq.asyncio

from parvis import errors
from parvis.bus.local_reader import (
    LOOK_INTERVAL_S,
    MESSAGE_LIMIT_BYTES,
    QUEUE_MESSAGES,
    SYNC,
    LocalReader,
    LocalSubscription,
    descriptor_of,
)
from parvis.bus.port import Handler
from parvis.bus.run_dir import prepare_run_dir, socket_address
from parvis.errors import ParvisError, RemoteProtocolError, Unavailable, UserError

log = structlog.get_logger(__name__)

STANDING_LOOK_S = 0.25
"""How often a process that publishes looks whether its own sockets are still in the folder."""


class LocalPublisher:
    """The sending half for one process, named `name`; at most one process may hold a name."""

    _KIND: ClassVar[int] = zmq.PUB

    def __init__(self, run_dir: Path, name: str) -> None:
        self._run_dir = prepare_run_dir(run_dir)
        for stale in self._run_dir.glob(f"{name}.*.*"):
            stale.unlink(missing_ok=True)
        self.name = name
        self._context = zmq.Context()
        self._pub = self._context.socket(self._KIND)
        self._pub.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES)
        self._pub.setsockopt(zmq.LINGER, 200)
        self._retained: dict[str, deque[bytes]] = {}
        self._look_at_s = 0.0
        self._bind()

    def _bind(self) -> None:
        """Under a name that was never used: ZeroMQ removes a socket's file when it likes."""
        self._stem = f"{self.name}.{secrets.token_hex(4)}"
        self._pub.bind(socket_address(self._run_dir / f"{self._stem}.pub"))

    def _stay_found(self) -> None:
        now_s = time.monotonic()
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + STANDING_LOOK_S
        if self._is_found():
            return
        own = self._run_dir / f"{self._stem}.pub"
        if any(path != own for path in self._run_dir.glob(f"{self.name}.*.pub")):
            return  # another process has the name now
        log.warning("the sockets of this process were removed, and are made anew", process=self.name)
        try:
            prepare_run_dir(self._run_dir)
            own.unlink(missing_ok=True)
            self._bind()
        except (UserError, OSError, zmq.ZMQError) as error:
            log.warning("the bus has no place for this process", process=self.name, error=str(error))

    def _is_found(self) -> bool:
        return (self._run_dir / f"{self._stem}.pub").exists()

    def publish(self, subject: str, payload: bytes, *, retain: int = 0) -> None:
        self._stay_found()
        if retain:
            kept = self._retained.get(subject)
            if kept is None or kept.maxlen != retain:
                kept = self._retained[subject] = deque(kept or (), maxlen=retain)
            kept.append(payload)
        with contextlib.suppress(zmq.Again):  # the subscriber's queue is full: it finds the gap by itself
            self._pub.send_multipart((subject.encode(), payload), flags=zmq.NOBLOCK, copy=True)

    def forget(self, subject: str) -> None:
        self._retained.pop(subject, None)

    def close_publisher(self) -> None:
        """Removes this process from the folder and closes its sockets."""
        for path in self._run_dir.glob(f"{self._stem}.*"):
            path.unlink(missing_ok=True)
        self._pub.close()
        self._context.term()


class LocalBus(LocalPublisher):
    """One process's place on the bus, on the running asyncio loop (see `bus.port.Bus`)."""

    _KIND = zmq.XPUB

    def __init__(self, run_dir: Path, name: str) -> None:
        self._handlers: dict[str, Handler] = {}
        self._async_context: zmq.asyncio.Context = zmq.asyncio.Context()
        self._router = self._async_context.socket(zmq.ROUTER)
        self._router.setsockopt(zmq.SNDHWM, 0)
        self._router.setsockopt(zmq.LINGER, 200)
        self._router.setsockopt(zmq.MAXMSGSIZE, MESSAGE_LIMIT_BYTES)
        super().__init__(run_dir, name)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions: list[LocalSubscription] = []
        self._readers: list[LocalReader] = []
        loop = asyncio.get_running_loop()
        self._server = loop.create_task(self._serve())
        self._pub_descriptor = descriptor_of(self._pub)
        loop.add_reader(self._pub_descriptor, self._hear)

    def _bind(self) -> None:
        self._stem = f"{self.name}.{secrets.token_hex(4)}"
        # Requests first: a reader that sees the .pub looks for the .req at once.
        self._router.bind(socket_address(self._run_dir / f"{self._stem}.req"))
        self._pub.bind(socket_address(self._run_dir / f"{self._stem}.pub"))
        for subject in self._handlers:
            self._link(subject)

    def _is_found(self) -> bool:
        return super()._is_found() and (self._run_dir / f"{self._stem}.req").exists()

    def publish(self, subject: str, payload: bytes, *, retain: int = 0) -> None:
        super().publish(subject, payload, retain=retain)
        self._hear()  # sending may have used up what its descriptor had to say

    def _hear(self) -> None:
        """Answers those who have just subscribed."""
        while int(self._pub.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            said = self._pub.recv(zmq.NOBLOCK)
            if said.startswith(b"\x01" + SYNC):
                with contextlib.suppress(zmq.Again):
                    self._pub.send_multipart((said[1:], b""), flags=zmq.NOBLOCK)

    def reader(self, *patterns: str, replay: bool = False) -> LocalReader:
        """A subscription for loops that poll by themselves; closed with the bus."""
        reader = LocalReader(self._run_dir, *patterns, replay=replay)
        self._readers.append(reader)
        return reader

    def subscribe(self, *patterns: str, replay: bool = False) -> LocalSubscription:
        subscription = LocalSubscription(LocalReader(self._run_dir, *patterns, replay=replay))
        # Who subscribes for a moment, again and again, leaves nothing behind, nor what it has not read.
        self._subscriptions = [one for one in self._subscriptions if not one.is_closed]
        self._subscriptions.append(subscription)
        return subscription

    def serve(self, subject: str, handler: Handler) -> None:
        self._handlers[subject] = handler
        self._link(subject)

    def _link(self, subject: str) -> None:
        link = self._run_dir / "serve" / subject
        fresh = link.with_name(f"{subject}.{secrets.token_hex(4)}.new")
        fresh.symlink_to(self._run_dir / f"{self._stem}.req")
        fresh.replace(link)

    async def request(self, subject: str, payload: bytes, *, timeout_s: float) -> bytes:
        link = self._run_dir / "serve" / subject
        try:
            async with asyncio.timeout(timeout_s):
                status, answer = await self._asked(link, subject, payload)
        except TimeoutError:
            raise Unavailable("process-away", f"Nobody answers for {subject} now.", 2.0) from None
        if status == b"ok":
            return answer
        raise _error_from(answer)

    async def _asked(self, link: Path, subject: str, payload: bytes) -> tuple[bytes, bytes]:
        """Asks whoever serves the subject, and its successor if it dies before it answered."""
        while True:
            while not link.exists():  # a link to a socket that is gone does not exist either
                await asyncio.sleep(LOOK_INTERVAL_S)
            target = link.resolve()
            socket = self._async_context.socket(zmq.DEALER)
            socket.setsockopt(zmq.LINGER, 0)
            try:
                socket.connect(socket_address(target))
                await socket.send_multipart((b"request", subject.encode(), payload))
                while link.resolve() == target and link.exists():
                    if await socket.poll(LOOK_INTERVAL_S * 1000):
                        status, answer = await socket.recv_multipart()
                        return bytes(status), bytes(answer)
            finally:
                socket.close()

    async def close(self) -> None:
        for subscription in self._subscriptions:
            await subscription.aclose()
        for reader in self._readers:
            reader.close()
        asyncio.get_running_loop().remove_reader(self._pub_descriptor)
        for task in (self._server, *self._tasks):
            task.cancel()
        await asyncio.gather(self._server, *self._tasks, return_exceptions=True)
        self._router.close()
        self._async_context.term()
        self.close_publisher()

    async def _serve(self) -> None:
        while True:
            peer, kind, *rest = await self._router.recv_multipart()
            if kind == b"replay" and len(rest) == 1:
                await self._replay(peer, tuple(json.loads(rest[0])))
            elif kind == b"request" and len(rest) == 2:
                task = asyncio.create_task(self._answer(peer, rest[0].decode(), rest[1]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                log.warning("bus message of an unknown kind", kind=kind)

    async def _replay(self, peer: bytes, patterns: tuple[str, ...]) -> None:
        for subject, kept in list(self._retained.items()):
            if subject.startswith(patterns):
                for payload in list(kept):
                    await self._router.send_multipart((peer, subject.encode(), payload))
        await self._router.send_multipart((peer, b"", b""))

    async def _answer(self, peer: bytes, subject: str, payload: bytes) -> None:
        try:
            handler = self._handlers.get(subject)
            if handler is None:
                raise Unavailable("process-away", f"{self.name} does not serve {subject}.", 2.0)
            reply = (b"ok", await handler(payload))
        except ParvisError as error:
            reply = (b"error", _error_bytes(error))
        except Exception:
            log.exception("a request failed", subject=subject)
            reply = (
                b"error",
                _error_bytes(Unavailable("process-failed", "It failed inside; see the log.", 2.0)),
            )
        await self._router.send_multipart((peer, *reply))


def _error_bytes(error: ParvisError) -> bytes:
    fields = {"kind": type(error).__name__, "code": error.code, "detail": error.detail}
    if isinstance(error, errors.Overloaded):
        fields["retry_after_s"] = str(error.retry_after_s)
    return json.dumps(fields).encode()


def _error_from(payload: bytes) -> ParvisError:
    fields = json.loads(payload)
    kind = getattr(errors, fields.get("kind", ""), None)
    if not (isinstance(kind, type) and issubclass(kind, ParvisError)):
        return RemoteProtocolError("bus-payload", f"an error of unknown kind: {fields}")
    if issubclass(kind, errors.Overloaded):
        return kind(fields["code"], fields["detail"], float(fields["retry_after_s"]))
    return kind(fields["code"], fields["detail"])
