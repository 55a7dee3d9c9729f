"""Connections in their request phase: from `accept` until they are closed, or become listeners.

Rules:

- A head must be whole within `timeout_s`, else `408`; one that sends nothing is closed without a word. An
  answer must be taken within the same time. Where it is crowded (`take` says so) there are `CROWDED_S`, and
  one answer.
- Who is told to come back later (`503`) is let go at once, to make room.
- Requests on one connection are answered in their order. While an answer waits for room, nothing more is
  read, so what one connection can make us hold is bounded by one read.
- Before a close that we begin, our half is shut and what still comes is read for a moment, or the reset
  would destroy the answer on its way (RFC 9112 §9.6).
- What is raised on purpose becomes a problem; anything else is a bug: logged whole, answered opaquely.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import structlog

from parvis.clock import Clock
from parvis.edge.answers import Answer, encode, problem
from parvis.edge.fanout import QUIET
from parvis.edge.http import Request, RequestReader
from parvis.edge.routes import Join
from parvis.edge.transport import Plain, Transport
from parvis.edge.waiting import Hold, How, late
from parvis.errors import ParvisError, ProtocolError, RemoteProtocolError

READ_BYTES: Final = 16_384
DRAIN_S: Final = 2.0
CROWDED_S: Final = 2.0

_GONE: Final = select.EPOLLHUP | select.EPOLLERR

log = structlog.get_logger(__name__)


class _Connection:
    __slots__ = ("closing", "crowded", "deadline_s", "draining", "output", "reader", "waiting")

    def __init__(self, reader: RequestReader, deadline_s: float, *, crowded: bool) -> None:
        self.reader = reader
        self.output: deque[memoryview] = deque()
        self.deadline_s = deadline_s
        self.crowded = crowded
        self.closing = False
        """Nothing more is read; closed when the output is taken."""
        self.draining = False
        """Our half is shut."""
        self.waiting = False
        """The socket was full: epoll watches for room instead of bytes."""


class Connections:
    """Owns the descriptors in request phase. `respond` answers a request; `join` takes over a descriptor,
    with the bytes that must go out first; `hold` takes one over until its answer is there (`go_on`)."""

    def __init__(
        self,
        epoll: select.epoll,
        clock: Clock,
        *,
        header_limit_bytes: int,
        timeout_s: float,
        respond: Callable[[int, Request], Answer | Join | Hold],
        join: Callable[[int, Join, bytes], None],
        hold: Callable[[int, Hold, How], None],
        on_close: Callable[[int], None],
        transport: Transport | None = None,
    ) -> None:
        self.requests = 0
        self._transport = transport or Plain()
        self._epoll = epoll
        self._clock = clock
        self._header_limit_bytes = header_limit_bytes
        self._timeout_s = timeout_s
        self._respond = respond
        self._join = join
        self._hold = hold
        self._on_close = on_close
        self._open: dict[int, _Connection] = {}

    def __contains__(self, fd: int) -> bool:
        return fd in self._open

    def __len__(self) -> int:
        return len(self._open)

    def take(self, fd: int, *, loopback: bool, crowded: bool) -> None:
        """A fresh, non-blocking descriptor."""
        reader = RequestReader(self._header_limit_bytes, loopback=loopback)
        timeout_s = min(self._timeout_s, CROWDED_S) if crowded else self._timeout_s
        self._open[fd] = _Connection(reader, self._clock.monotonic_s() + timeout_s, crowded=crowded)
        self._epoll.register(fd, QUIET)

    def go_on(self, fd: int, data: bytes, how: How) -> None:
        """A descriptor that was held comes back with its answer."""
        reader = RequestReader(self._header_limit_bytes, loopback=how.loopback)
        connection = _Connection(reader, self._clock.monotonic_s() + self._timeout_s, crowded=how.crowded)
        connection.output.append(memoryview(data))
        connection.closing = not how.keep_alive
        self._open[fd] = connection
        self._epoll.modify(fd, QUIET)
        self._flush(fd, connection)

    def refuse(self, fd: int, error: ProtocolError) -> None:
        """A descriptor that was just taken has come to the wrong place, whatever it asks for."""
        connection = self._open[fd]
        self._send(connection, problem(error), None)
        self._flush(fd, connection)

    def on_event(self, fd: int, mask: int) -> None:
        """What epoll says of one of our descriptors."""
        connection = self._open[fd]
        if mask & _GONE:
            self.close(fd)
        elif connection.output:
            if mask & select.EPOLLOUT:
                self._flush(fd, connection)
        elif connection.draining:
            self._drain(fd)
        else:
            self._read(fd, connection)

    def sweep(self) -> None:
        """Ends what takes too long. Call it about once a second."""
        now_s = self._clock.monotonic_s()
        for fd, connection in list(self._open.items()):
            if now_s < connection.deadline_s:
                continue
            if connection.output or connection.draining or connection.reader.idle:
                self.close(fd)
                continue
            error = RemoteProtocolError("request-timeout", "The request did not come in time.")
            self._send(connection, problem(error), None)
            self._flush(fd, connection)

    def close(self, fd: int) -> None:
        """Closes one of our descriptors."""
        self._open.pop(fd).reader.close()
        self._on_close(fd)
        self._epoll.unregister(fd)  # closing does that only when no forked process holds a copy
        self._transport.close(fd)

    def close_all(self) -> None:
        """Closes everything at once."""
        for fd in list(self._open):
            self.close(fd)

    def _read(self, fd: int, connection: _Connection) -> None:
        try:
            data = self._transport.read(fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close(fd)
            return
        requests = connection.reader.feed(data)
        for request in requests:
            self.requests += 1
            response = self._answer(fd, request)
            if isinstance(response, Join):
                del self._open[fd]
                connection.reader.close()
                self._join(fd, response, b"".join(connection.output))
                return
            if isinstance(response, Hold):
                if request is requests[-1] and self._let_wait(fd, connection, request, response):
                    return
                response = problem(late())
            self._send(connection, response, request)
            if connection.closing:
                break
        failure = connection.reader.failure
        if failure is not None and not connection.closing:
            self._send(connection, problem(failure), None)
        if connection.output:
            self._flush(fd, connection)

    def _let_wait(self, fd: int, connection: _Connection, request: Request, hold: Hold) -> bool:
        """Gives a descriptor away until its answer is there. Not one that has said or is owed more."""
        if connection.output or not connection.reader.idle:
            return False
        del self._open[fd]
        connection.reader.close()
        keep_alive = request.keep_alive and not connection.crowded
        self._hold(fd, hold, How(keep_alive, connection.reader.loopback, connection.crowded))
        return True

    def _answer(self, fd: int, request: Request) -> Answer | Join | Hold:
        try:
            return self._respond(fd, request)
        except ParvisError as error:
            return problem(error)
        except Exception:
            log.exception("request failed", method=request.method, path="/".join(request.path))
            return problem(ParvisError("internal-error", "This is our fault. It is logged."))

    def _send(self, connection: _Connection, answer: Answer, request: Request | None) -> None:
        """Queues an answer. Without a request, it is the last on this connection."""
        over = connection.crowded or answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        keep_alive = request is not None and request.keep_alive and not over
        with_body = request is None or request.method != "HEAD"
        head, body = encode(answer, self._clock.wall_s(), keep_alive=keep_alive, with_body=with_body)
        # Small answers go out in one write, large bodies are shared and never copied.
        pieces = (head + body,) if len(body) < READ_BYTES else (head, body)
        connection.output.extend(map(memoryview, pieces))
        connection.closing = not keep_alive

    def _flush(self, fd: int, connection: _Connection) -> None:
        output = connection.output
        connection.deadline_s = self._clock.monotonic_s() + self._timeout_s
        while output:
            try:
                written = self._transport.write(fd, output[0])
            except BlockingIOError:
                connection.waiting = True
                self._epoll.modify(fd, select.EPOLLOUT)
                return
            except OSError:
                self.close(fd)
                return
            if written < len(output[0]):
                output[0] = output[0][written:]
            else:
                output.popleft()
        if connection.closing:
            connection.draining = True
            connection.deadline_s = self._clock.monotonic_s() + DRAIN_S
            self._transport.shut(fd)
        if connection.waiting:
            connection.waiting = False
            self._epoll.modify(fd, QUIET)

    def _drain(self, fd: int) -> None:
        try:
            more = self._transport.read(fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self.close(fd)
