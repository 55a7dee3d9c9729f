"""How the listeners of a storm read and write: bare descriptors, or TLS on them.

For plain connections `readv` *is* `os.readv`. For TLS it gives all records of one burst in one call: OpenSSL
splits what is written at once into records of 16,384 bytes, of which only the last is shorter.

Each listener makes a full handshake, as newcomers do; none comes with a ticket.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from typing import Final, Protocol

from parvis.storm.sockets import reset
from parvis.storm.target import Target

RECORD_BYTES: Final = 16_384


class Lines(Protocol):
    """Non-blocking: what cannot be done now raises `BlockingIOError`, what never can another `OSError`."""

    @property
    def watch(self) -> int:
        """What epoll is to watch of a listener."""

    def readv(self, fd: int, buffers: list[bytearray] | list[memoryview], /) -> int:
        """What has come, into the first buffer; 0 at the end."""

    def write(self, fd: int, data: bytes, /) -> int:
        """How many bytes were taken; TLS shakes hands first."""

    def close(self, fd: int, /) -> None:
        """Hangs up."""

    def reset(self, fd: int, /) -> None:
        """Hangs up as a lost network does."""


def lines_to(target: Target) -> Lines:
    """As the target wants it."""
    return Plain() if target.tls is None else Secure(target.tls, target.host, target.family)


class Plain:
    """The system's own calls."""

    watch: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
    readv = staticmethod(os.readv)
    write = staticmethod(os.write)
    close = staticmethod(os.close)
    reset = staticmethod(reset)


class Secure:
    """TLS towards `host`."""

    # Not edge-triggered: to read until nothing is there would cost each burst one exception more.
    watch: Final = select.EPOLLIN | select.EPOLLRDHUP

    def __init__(self, context: ssl.SSLContext, host: str, family: int) -> None:
        self._context = context
        self._host = host
        self._family = family
        self._lines: dict[int, ssl.SSLSocket] = {}

    def readv(self, fd: int, buffers: list[bytearray] | list[memoryview], /) -> int:
        """Whole records, as many as were written at once and have come."""
        line, buffer = self._lines[fd], buffers[0]
        try:
            size = line.recv_into(buffer, min(RECORD_BYTES, len(buffer)))
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None
        if size != RECORD_BYTES:
            return size
        view = memoryview(buffer)
        while True:
            room = min(RECORD_BYTES, len(buffer) - size)
            if not room:
                return size
            try:
                more = line.recv_into(view[size:], room)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return size
            size += more
            if more != RECORD_BYTES:
                return size

    def write(self, fd: int, data: bytes, /) -> int:
        """All of it, once the connection stands and hands are shaken."""
        line = self._lines.get(fd) or self._begin(fd)
        try:
            line.do_handshake()
            return line.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def close(self, fd: int, /) -> None:
        """Without a word more."""
        self._forget(fd)
        os.close(fd)

    def reset(self, fd: int, /) -> None:
        """The same, rudely."""
        self._forget(fd)
        reset(fd)

    def _begin(self, fd: int) -> ssl.SSLSocket:
        # Said to be non-blocking, which it is: Python would ask the kernel, or change it.
        peer = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0, fileno=fd)
        number = peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            peer.detach()
            raise OSError(number, os.strerror(number))
        try:
            peer.getpeername()
        except OSError as error:
            peer.detach()
            if error.errno == errno.ENOTCONN:
                raise BlockingIOError from None
            raise
        line = self._context.wrap_socket(peer, server_hostname=self._host, do_handshake_on_connect=False)
        self._lines[fd] = line
        return line

    def _forget(self, fd: int) -> None:
        line = self._lines.pop(fd, None)
        if line is not None:
            line.detach()
