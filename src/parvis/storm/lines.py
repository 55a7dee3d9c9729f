"""How the listeners of a storm read and write: bare descriptors, or TLS on them.

For plain connections `readv` *is* `os.readv`. For TLS it gives all records of one burst in one call: OpenSSL
splits what is written at once into records of 16,384 bytes, of which only the last is shorter.

Each listener makes a full handshake, as newcomers do; none comes with a ticket.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import ssl
from typing import Final, Protocol

from parvis.storm.sockets import reset
from parvis.storm.target import Target

RECORD_BYTES: Final = 16_384
SKIM_BYTES: Final = 512


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


def lines_to(target: Target, *, skim: bool = False) -> Lines:
    """As the target wants it. `skim` counts for plain connections alone."""
    if target.tls is not None:
        return Secure(target.tls, target.host, target.family)
    return Skimming(target.family) if skim else Plain()


class Plain:
    """The system's own calls."""

    watch: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
    readv = staticmethod(os.readv)
    write = staticmethod(os.write)
    close = staticmethod(os.close)
    reset = staticmethod(reset)


class Skimming:
    """Reads the head of a burst, and copies the rest only when it is not the burst that was read last.

    Where a crowd of hundreds of thousands is read beside the server that it tries, copying what everybody
    gets is most of the work. The head holds the number of the first part and is compared with the last burst
    that was read whole; of the rest the bytes are counted, and thrown away in the kernel (recv(2), MSG_TRUNC,
    tcp(7)). The buffer still holds what they are taken for.
    """

    # Not edge-triggered: more may be there than one burst.
    watch: Final = select.EPOLLIN | select.EPOLLRDHUP

    def __init__(self, family: int) -> None:
        self._family = family
        self._peers: dict[int, socket.socket] = {}
        self._head = bytearray(SKIM_BYTES)
        self._whole_bytes = 0
        """What is in the buffer since the last whole read."""

    def readv(self, fd: int, buffers: list[bytearray] | list[memoryview], /) -> int:
        """As many bytes as the last whole burst, if it is that; otherwise whatever has come."""
        peer, buffer, head = self._peers.get(fd) or self._peer(fd), buffers[0], self._head
        whole = self._whole_bytes
        if whole > len(buffer):  # a slow reader, whose little pieces are nobody else's
            self._whole_bytes = 0
            return peer.recv_into(buffer)
        if whole <= SKIM_BYTES:
            size = self._whole_bytes = peer.recv_into(buffer)
            return size
        size = peer.recv_into(head)
        if size == SKIM_BYTES and buffer[:SKIM_BYTES] == head:
            try:
                return size + peer.recv_into(buffer, whole - size, socket.MSG_TRUNC)
            except BlockingIOError:
                return size
        buffer[:size] = head[:size]
        if size == SKIM_BYTES:
            with contextlib.suppress(BlockingIOError):
                size += peer.recv_into(memoryview(buffer)[size:])
        self._whole_bytes = size
        return size

    write = staticmethod(os.write)

    def close(self, fd: int, /) -> None:
        """Hangs up."""
        self._forget(fd)
        os.close(fd)

    def reset(self, fd: int, /) -> None:
        """The same, rudely."""
        self._forget(fd)
        reset(fd)

    def _peer(self, fd: int) -> socket.socket:
        # All is said, or Python would ask the kernel.
        peer = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0, fileno=fd)
        self._peers[fd] = peer
        return peer

    def _forget(self, fd: int) -> None:
        peer = self._peers.pop(fd, None)
        if peer is not None:
            peer.detach()


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
