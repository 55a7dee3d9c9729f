"""TLS at the edge: handshakes, and the bytes of those who have shaken hands.

Rules:

- It is the same loop: `ssl.SSLSocket` without blocking on the descriptors that the epoll watches. Python
  keeps no buffer, OpenSSL none between writes (`SSL_MODE_RELEASE_BUFFERS`).
- OpenSSL takes a burst as a whole, or wants the same bytes again: some records may be out by then, and one
  may lie in it, encrypted (SSL_write(3)). So a listener whose socket is full keeps that burst, which all
  share.
- A handshake costs as much as some fifty bursts. Only as many are begun as fit in what the bursts leave of
  the target share of a core; whoever comes beyond that waits in the backlog. In each turn only a few go a
  step on.
- A silent connection costs an entry. It becomes a TLS session when the first byte of a handshake is there
  (22, RFC 8446 §5.1); plain HTTP is told so in plain HTTP.
- At most `LIMIT` shake hands at once. When all are taken, the slowest of those who have had a second goes.
- Tickets (RFC 8446 §4.6.1) are good at the process that gave them alone: Python's `ssl` cannot share their
  keys.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parvis.clock import Clock
from parvis.edge.sockets import shut_sending
from parvis.edge.transport import Plain

LIMIT: Final = 1_024
PATIENT_S: Final = 1.0
"""How long nobody is sent away for the sake of another."""
CROWDED_S: Final = 2.0
STEPS_PER_TURN: Final = 32
STEPS_PER_BUSY_TURN: Final = 8
LEAST_PER_S: Final = 50.0
"""Handshakes, however strained the edge is: who listens already gives way by longer bursts."""
BURST_S: Final = 0.1
"""What may be begun at once, in seconds of the rate."""
FIRST_COST_S: Final = 500e-6
"""What one is taken to cost before some were measured."""
SMOOTHING: Final = 0.3
ENOUGH: Final = 20
"""From so many on, a measurement says what one costs."""
RECORD_BYTES: Final = 16_384
HANDSHAKE: Final = 22

_GONE: Final = select.EPOLLHUP | select.EPOLLERR
_READ: Final = select.EPOLLIN | select.EPOLLRDHUP


class Secure:
    """The transport of those who have shaken hands. A descriptor that is not among them is plain: it is being
    told that it should."""

    whole: Final = True
    shares: Final = False

    def __init__(self) -> None:
        self._lines: dict[int, ssl.SSLSocket] = {}

    def adopt(self, line: ssl.SSLSocket) -> None:
        """Takes a socket over; it is known by its descriptor from now on."""
        self._lines[line.fileno()] = line

    def read(self, fd: int, size: int, /) -> bytes:
        """A whole record, or what is left of it: what stays in OpenSSL no epoll would tell of."""
        line = self._lines.get(fd)
        if line is None:
            return Plain.read(fd, size)
        try:
            return line.recv(RECORD_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def write(self, fd: int, data: bytes | memoryview, /) -> int:
        """All, or `BlockingIOError`."""
        line = self._lines.get(fd)
        if line is None:
            return Plain.write(fd, data)
        try:
            return line.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            raise BlockingIOError from None

    def shut(self, fd: int, /) -> None:
        """A `close_notify` (RFC 8446 §6.1), so that an end is no break; then the half-close."""
        line = self._lines.get(fd)
        if line is not None:
            # The other side's own has not come yet, or never will.
            with contextlib.suppress(OSError, ValueError):
                line.unwrap()
            # OpenSSL's part ends here: what still comes is read and forgotten.
            del self._lines[fd]
            line.detach()
        shut_sending(fd)

    def close(self, fd: int, /) -> None:
        """Without a `close_notify`: to a client that means "come back"."""
        line = self._lines.pop(fd, None)
        if line is not None:
            line.detach()
        Plain.close(fd)


@dataclass(slots=True)
class HandshakeCounts:
    """Totals since the start."""

    done: int = 0
    failed: int = 0
    """Not TLS, or not ours, or broken off."""
    late: int = 0
    """Not done in time, or sent away for others."""


class _Begun:
    """A connection that has not shaken hands. Without a `line` it has not even said a word."""

    __slots__ = ("began_s", "crowded", "deadline_s", "line", "loopback", "waiting")

    def __init__(self, now_s: float, deadline_s: float, *, loopback: bool, crowded: bool) -> None:
        self.line: ssl.SSLSocket | None = None
        self.began_s = now_s
        self.deadline_s = deadline_s
        self.loopback = loopback
        self.crowded = crowded
        self.waiting = False
        """The socket was full: epoll watches for room, too."""


class Handshakes:
    """Owns descriptors from `accept` until they speak TLS. `done` takes those that do, `refuse` those that
    speak plainly: (descriptor, loopback, crowded), no longer in the epoll."""

    def __init__(
        self,
        epoll: select.epoll,
        clock: Clock,
        context: ssl.SSLContext,
        transport: Secure,
        *,
        timeout_s: float,
        done: Callable[[int, bool, bool], None],
        refuse: Callable[[int, bool, bool], None],
        on_close: Callable[[int], None],
    ) -> None:
        self.counts = HandshakeCounts()
        self.cost_s = FIRST_COST_S
        """CPU time of one handshake, averaged."""
        self._lasting_s = FIRST_COST_S
        self._epoll = epoll
        self._clock = clock
        self._context = context
        self._transport = transport
        self._timeout_s = timeout_s
        self._done = done
        self._refuse = refuse
        self._on_close = on_close
        self._open: dict[int, _Begun] = {}
        self._steps = STEPS_PER_TURN
        self._rate_per_s = 1 / FIRST_COST_S / 2
        self._credit = self._rate_per_s * BURST_S
        self._credited_at_s = clock.monotonic_s()
        self._cpu_s = self._spent_s = 0.0
        self._counted = 0

    def __contains__(self, fd: int) -> bool:
        return fd in self._open

    def __len__(self) -> int:
        return len(self._open)

    def gauges(self) -> dict[str, float]:
        """Figures, by their names in `metrics.py`."""
        return {
            "parvis_edge_handshakes": len(self._open),
            "parvis_edge_handshakes_per_s": round(self._rate_per_s, 1),
            "parvis_edge_handshakes_total": self.counts.done,
            "parvis_edge_handshakes_failed_total": self.counts.failed + self.counts.late,
        }

    def room(self, now_s: float) -> bool:
        """Another one may be taken now."""
        earned = (now_s - self._credited_at_s) * self._rate_per_s
        self._credited_at_s = now_s
        self._credit = min(self._credit + earned, max(1.0, self._rate_per_s * BURST_S))
        if self._credit < 1:
            return False
        return len(self._open) < LIMIT or self._send_slowest_away(now_s)

    def take(self, fd: int, *, loopback: bool, crowded: bool) -> None:
        """A fresh, non-blocking descriptor."""
        now_s = self._clock.monotonic_s()
        timeout_s = min(self._timeout_s, CROWDED_S) if crowded else self._timeout_s
        self._open[fd] = _Begun(now_s, now_s + timeout_s, loopback=loopback, crowded=crowded)
        self._credit -= 1
        self._epoll.register(fd, _READ)

    def allow(self, *, busy: bool) -> None:
        """A turn begins, in which bursts are due or not. Who finds no step left is told again by epoll."""
        self._steps = STEPS_PER_BUSY_TURN if busy else STEPS_PER_TURN

    @property
    def behind(self) -> bool:
        """All steps of this turn were taken: there may be more to do."""
        return self._steps <= 0

    def on_event(self, fd: int, mask: int) -> None:
        """What epoll says of one of our descriptors."""
        begun = self._open[fd]
        if mask & _GONE:
            self._fail(fd)
            return
        if begun.line is None and not self._begin(fd, begun):
            return
        if self._steps <= 0:
            return
        self._steps -= 1
        began_s, began_cpu_s = self._clock.monotonic_s(), time.thread_time()
        self._step(fd, begun)
        self._cpu_s += time.thread_time() - began_cpu_s
        self._spent_s += self._clock.monotonic_s() - began_s

    def adapt(self, spare_share: float, *, strained: bool = False) -> None:
        """So much of a core is there for handshakes. Call it about twice a second. While this process is not
        `strained`, what others take from it in the middle of a handshake does not count."""
        finished = self.counts.done - self._counted
        if finished >= ENOUGH:
            self.cost_s += SMOOTHING * (self._cpu_s / finished - self.cost_s)
            self._lasting_s += SMOOTHING * (self._spent_s / finished - self._lasting_s)
        self._cpu_s, self._spent_s, self._counted = 0.0, 0.0, self.counts.done
        cost_s = max(self.cost_s, self._lasting_s if strained else 0.0, 1e-6)
        self._rate_per_s = max(LEAST_PER_S, spare_share / cost_s)

    def sweep(self) -> None:
        """Ends what takes too long. Call it about once a second."""
        now_s = self._clock.monotonic_s()
        for fd in [fd for fd, begun in self._open.items() if now_s >= begun.deadline_s]:
            self.counts.late += 1
            self.close(fd)

    def close(self, fd: int) -> None:
        """Closes one of our descriptors."""
        begun = self._open.pop(fd)
        self._on_close(fd)
        self._epoll.unregister(fd)
        if begun.line is not None:
            begun.line.detach()
        Plain.close(fd)

    def close_all(self) -> None:
        """Closes everything at once."""
        for fd in list(self._open):
            self.close(fd)

    def _begin(self, fd: int, begun: _Begun) -> bool:
        """Makes a TLS session of a connection whose first byte begins one; False when it does not."""
        # Said to be non-blocking, which it is: Python would ask the kernel, or change it.
        peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0, fileno=fd)
        try:
            first = peer.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            peer.detach()
            return False
        except OSError:
            first = b""
        if first and first[0] == HANDSHAKE:
            begun.line = self._context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
            return True
        peer.detach()
        if first.isalpha():
            self._pass_on(fd, begun, self._refuse)
            self.counts.failed += 1
        else:
            self._fail(fd)
        return False

    def _step(self, fd: int, begun: _Begun) -> None:
        assert begun.line is not None
        try:
            begun.line.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wanted:
            waiting = isinstance(wanted, ssl.SSLWantWriteError)
            if waiting != begun.waiting:
                begun.waiting = waiting
                self._epoll.modify(fd, _READ | select.EPOLLOUT if waiting else _READ)
        except (OSError, ValueError):  # ValueError: a name in it that is none
            self._fail(fd)
        else:
            self.counts.done += 1
            self._transport.adopt(begun.line)
            self._pass_on(fd, begun, self._done)

    def _pass_on(self, fd: int, begun: _Begun, to: Callable[[int, bool, bool], None]) -> None:
        del self._open[fd]
        self._epoll.unregister(fd)
        to(fd, begun.loopback, begun.crowded)

    def _fail(self, fd: int) -> None:
        self.counts.failed += 1
        self.close(fd)

    def _send_slowest_away(self, now_s: float) -> bool:
        fd = next(iter(self._open))  # those who came first stand first
        if now_s - self._open[fd].began_s < PATIENT_S:
            return False
        self.counts.late += 1
        self.close(fd)
        return True
