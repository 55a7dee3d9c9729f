"""Connections as bare descriptors, from as many source addresses as a crowd on one machine needs.

One address has 28,000 ephemeral ports by default towards one server port, and finding a free one gets slow
long before they are used up. To a loopback target each worker therefore connects from 127.x.y.1 of its own, a
new one for each 4,000 listeners. `IP_BIND_ADDRESS_NO_PORT` (ip(7)) leaves the port to `connect`, which knows
the whole four-tuple.
"""

from __future__ import annotations

import errno
import math
import os
import socket
import struct
import sys
from typing import Final

from parvis.storm.target import Target

LISTENERS_PER_SOURCE: Final = 4_000
RECEIVE_BUFFER_BYTES: Final = 131_072
"""Asked for, and twice that is given. A sender makes no packet of more than half the window that it has seen:
with the one that Linux begins with, a burst of 60 KB is two packets, and costs more (`bench/packets.py`)."""
SLOW_BUFFER_BYTES: Final = 4_096

_IP_BIND_ADDRESS_NO_PORT = 24
_RESET = struct.pack("ii", 1, 0)


def sources(target: Target, worker: int, listeners: int) -> tuple[str, ...]:
    """Source addresses of one worker, none when the system is to choose. `listeners` is the largest crew."""
    if not target.loopback or target.family != socket.AF_INET or sys.platform != "linux":
        return ()
    each = math.ceil(listeners / LISTENERS_PER_SOURCE)
    numbers = range(worker * each, (worker + 1) * each)
    return tuple(f"127.{n // 254 % 254}.{n % 254 + 1}.1" for n in numbers)


class Dialler:
    """Opens connections to one target, from its source addresses in turn."""

    def __init__(self, target: Target, sources: tuple[str, ...]) -> None:
        self._target = target
        self._sources = sources
        self._turn = 0

    def next_source(self) -> int:
        """Number of the source address whose turn it is; 0 when the system chooses."""
        self._turn = (self._turn + 1) % max(1, len(self._sources))
        return self._turn

    def dial(self, source: int, *, slow: bool = False) -> int:
        """A non-blocking descriptor that connects, or has connected. `slow` gives it a small receive buffer.

        Raises `OSError`; nothing is left open then.
        """
        peer = socket.socket(self._target.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            buffer_bytes = SLOW_BUFFER_BYTES if slow else RECEIVE_BUFFER_BYTES
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)  # before it connects
            if self._sources:
                peer.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
                peer.bind((self._sources[source], 0))
            number = peer.connect_ex(self._target.address)
            if number not in (0, errno.EINPROGRESS):
                raise OSError(number, os.strerror(number))
        except OSError:
            peer.close()
            raise
        return peer.detach()


def reset(fd: int) -> None:
    """Closes a connection as a lost network does in the end: without a goodbye."""
    with socket.socket(fileno=fd) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
