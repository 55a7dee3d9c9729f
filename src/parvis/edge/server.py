"""One edge: a listening socket, the bus, everybody who is connected, and one epoll loop over all of them.

Rules:

- One thread, no coroutines: what is due is done in turns, each of bounded length. While bursts are being
  written, a turn takes few events and accepts few connections, so arrivals never starve those who listen.
- Several processes share the port by SO_REUSEPORT; the kernel spreads newcomers over them.
- There is room for `max_connections`. A little beyond it, newcomers are answered that there is none; beyond
  that they wait in the backlog.
- Options that every connection needs are set on the listening socket and inherited, which costs a join
  nothing.
"""

from __future__ import annotations

import errno
import os
import random
import select
import socket
from pathlib import Path
from typing import Final

import structlog

from parvis.bus.port import Reader
from parvis.clock import Clock
from parvis.edge.answers import Answer, stream_head, stream_headers
from parvis.edge.cohorts import EVENTS
from parvis.edge.connections import Connections
from parvis.edge.fanout import Fanout
from parvis.edge.hall import Pages
from parvis.edge.http import Request
from parvis.edge.metrics import exposition
from parvis.edge.routes import EVENT_STREAM, Front, Join, first_part, route
from parvis.edge.spaces import Spaces
from parvis.edge.view import Origins
from parvis.errors import Overloaded, UserError
from parvis.media.rendition import Rendition
from parvis.settings import EdgeSettings

TURN_S: Final = 0.05
"""Longest wait for events."""
WRITES_PER_TURN: Final = 1024
EVENTS_PER_TURN: Final = 256
EVENTS_PER_BUSY_TURN: Final = 64
ACCEPTS_PER_TURN: Final = 64
ACCEPTS_PER_BUSY_TURN: Final = 16
SWEEP_S: Final = 0.5
ADVANCE_S: Final = 0.02
"""How often deadlines are looked at while the bus is quiet."""

SEND_BUFFER_BYTES: Final = 128 << 10
"""The kernel doubles it. It takes the longest burst at once, and bounds what a vanished listener holds."""
VANISHED_AFTER_S: Final = 60
"""A peer that acknowledges nothing for so long is gone, whatever it said last."""
RESERVED_DESCRIPTORS: Final = 256
"""Kept free for the bus, files and newcomers who are told that there is no room."""
RETRY_AFTER_S: Final = (3, 12)
"""Newcomers without room come back within this range, each at its own time."""

STRETCH: Final = 1
"""Parts per burst of a newcomer."""

_ALWAYS_ANSWERED: Final = (("healthz",), ("metrics",))
"""Answered even when there is no room: they tell that there is none."""

log = structlog.get_logger(__name__)


def open_socket(host: str, port: int) -> socket.socket:
    """A bound socket that other edges can share; nobody is let in before it listens. Raises `UserError`
    `port-in-use` or `address-invalid`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, OverflowError) as error:
        raise UserError("address-invalid", f"Cannot listen on {host}:{port}: {error}.") from error
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_AFTER_S * 1000)
        listening.setblocking(False)
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise _cannot_listen(host, port, error) from error
    return listening


class Edge:
    """One edge process. `turn` does a bounded amount of work; call it for ever, then `close`."""

    def __init__(
        self, settings: EdgeSettings, listening: socket.socket, reader: Reader, clock: Clock, capacity: int
    ) -> None:
        self.spaces = Spaces()
        self._name = settings.name
        self._listening = listening
        self._reader = reader
        self._clock = clock
        self._capacity = capacity
        self._not_admitted = 0
        self._epoll = select.epoll()
        self.fanout = Fanout(self._epoll, clock, settings.laggard_timeout_s)
        self.connections = Connections(
            self._epoll,
            clock,
            header_limit_bytes=settings.header_limit_bytes,
            timeout_s=settings.request_timeout_s,
            respond=self._respond,
            join=self._join,
        )
        self._front = Front(
            name=settings.name,
            spaces=self.spaces,
            pages=Pages(settings.pages),
            origins=_origins(settings),
            metrics_token=settings.metrics_token,
            clock=clock,
            metrics=lambda: exposition(self._name, self.gauges()),
        )
        self._accepting = False
        self._advanced_at_s = self._swept_at_s = clock.monotonic_s()
        self._epoll.register(reader.fileno(), select.EPOLLIN)

    def listen(self) -> None:
        """Opens the door, with the longest queue that the system allows. Raises `UserError` `port-in-use`."""
        try:
            self._listening.listen(_backlog())
        except OSError as error:
            host, port = self._listening.getsockname()[:2]
            raise _cannot_listen(host, port, error) from error
        self._accept_again()

    def learn(self) -> int:
        """Reads what the bus has now; the number of messages."""
        return self._read_bus()

    def turn(self) -> None:
        """Waits for events at most `TURN_S`, and not at all while bursts are due; then does a bounded
        amount."""
        busy = self.fanout.busy
        events = self._epoll.poll(0 if busy else TURN_S, EVENTS_PER_BUSY_TURN if busy else EVENTS_PER_TURN)
        knocking = False
        for fd, mask in events:
            if fd == self._listening.fileno():
                knocking = True
            elif fd != self._reader.fileno():
                self._on_event(fd, mask)
        self._read_bus()
        self.fanout.write(WRITES_PER_TURN)
        if knocking:
            self._accept(ACCEPTS_PER_BUSY_TURN if self.fanout.busy else ACCEPTS_PER_TURN)
        now_s = self._clock.monotonic_s()
        if now_s - self._swept_at_s >= SWEEP_S:
            self._swept_at_s = now_s
            self.connections.sweep()
            self.fanout.sweep()
            self._accept_again()

    def gauges(self) -> dict[str, float]:
        """All figures, by their names in `metrics.py`."""
        fanout, feeds = self.fanout, [feed for space in self.spaces for feed in space.feeds.values()]
        return {
            "parvis_edge_listeners": sum(fanout.listeners().values()),
            "parvis_edge_connections": fanout.size + len(self.connections),
            "parvis_edge_laggards": fanout.laggards,
            "parvis_edge_spaces": sum(space.running for space in self.spaces),
            "parvis_edge_burst_lateness_ms": round(fanout.lateness_s * 1000, 3),
            "parvis_edge_bursts_total": fanout.counts.bursts,
            "parvis_edge_skipped_parts_total": fanout.counts.skipped_parts,
            "parvis_edge_let_go_total": fanout.counts.let_go,
            "parvis_edge_stand_ins_total": sum(feed.counts.stand_ins for feed in feeds),
            "parvis_edge_late_parts_total": sum(feed.counts.late for feed in feeds),
            "parvis_edge_jumped_parts_total": sum(feed.counts.jumped for feed in feeds),
            "parvis_edge_requests_total": self.connections.requests,
            "parvis_edge_not_admitted_total": self._not_admitted,
            "parvis_edge_bus_dropped_total": self._reader.dropped,
            "parvis_edge_bus_malformed_total": self.spaces.malformed,
        }

    def close(self) -> None:
        """Closes every connection without a last chunk: listeners come back, to another edge if need be."""
        self._listening.close()
        self.connections.close_all()
        self.fanout.close_all()
        self._epoll.close()

    def _on_event(self, fd: int, mask: int) -> None:
        owner: Connections | Fanout = self.connections if fd in self.connections else self.fanout
        try:
            owner.on_event(fd, mask)
        except Exception:  # a bug that one connection meets must not end the others
            log.exception("connection failed", fd=fd, mask=mask)
            if fd in owner:
                owner.close(fd)

    def _read_bus(self) -> int:
        now_s, at_s, count = self._clock.program_s(), self._clock.monotonic_s(), 0
        for subject, payload in self._reader.drain():
            self.spaces.take(subject, payload, now_s, at_s)
            count += 1
        if count or at_s - self._advanced_at_s >= ADVANCE_S:
            self._advanced_at_s = at_s
            for space, name in self.spaces.advance(now_s, at_s):
                self.fanout.wake(space, name)
        return count

    def _accept(self, limit: int) -> None:
        for _ in range(limit):
            admitted = self.fanout.size + len(self.connections) < self._capacity
            if not admitted and self.connections.refused >= RESERVED_DESCRIPTORS // 2:
                self._pause()
                return
            try:
                peer, address = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("cannot accept", error=str(error))
                self._pause()
                return
            fd = peer.detach()
            os.set_blocking(fd, False)
            self.connections.take(fd, loopback=_is_loopback(address[0]), admitted=admitted)

    def _pause(self) -> None:
        """Leaves newcomers in the backlog until the next sweep."""
        if self._accepting:
            self._accepting = False
            self._epoll.unregister(self._listening.fileno())

    def _accept_again(self) -> None:
        if not self._accepting:
            self._accepting = True
            self._epoll.register(self._listening.fileno(), select.EPOLLIN)

    def _respond(self, request: Request, admitted: bool) -> Answer | Join:
        if not admitted and request.path not in _ALWAYS_ANSWERED:
            self._not_admitted += 1
            retry_after_s = random.uniform(*RETRY_AFTER_S)  # noqa: S311
            raise Overloaded("not-admitted", "There is no room just now.", retry_after_s)
        return route(self._front, request)

    def _join(self, fd: int, join: Join, before: bytes) -> None:
        """Makes a descriptor a listener; `before` is what it is still owed."""
        record, framing = join.record, join.framing
        wall_s = self._clock.wall_s()
        if join.source == EVENTS:
            cohort = self.fanout.cohorts.choose(record.id, EVENTS, framing, 1, record.events)
            head = stream_head(stream_headers(EVENT_STREAM), wall_s, framing)
            data = record.events.join(head, record.start_events(), framing)
        else:
            feed = record.feeds[Rendition(join.source)]
            cohort = self.fanout.cohorts.choose(record.id, join.source, framing, STRETCH, feed)
            first = first_part(feed, join.start, cohort.position, STRETCH)
            media_type = feed.rendition.mime.partition(";")[0]
            data = feed.join(
                lambda: stream_head(stream_headers(media_type, first), wall_s, framing),
                first,
                cohort.position,
                framing,
            )
        self.fanout.join(fd, cohort, before + data if before else data)


def _cannot_listen(host: str, port: int, error: OSError) -> UserError:
    if error.errno == errno.EADDRINUSE:
        return UserError("port-in-use", f"Port {port} of {host} is taken by another program.")
    return UserError("address-invalid", f"Cannot listen on {host}:{port}: {error.strerror}.")


def _origins(settings: EdgeSettings) -> Origins:
    edge = settings.public_edge_url or f"http://{_reachable(settings.host)}:{settings.port}"
    control = settings.public_control_url or f"http://{_reachable(settings.host)}:8081"
    return Origins(edge.rstrip("/"), control.rstrip("/"))


def _reachable(host: str) -> str:
    if host in ("", "0.0.0.0", "::"):  # noqa: S104
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _is_loopback(address: str) -> bool:
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


def _backlog() -> int:
    return int(Path("/proc/sys/net/core/somaxconn").read_text("ascii"))
