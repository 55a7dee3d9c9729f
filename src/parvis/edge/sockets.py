"""The listening socket of an edge.

Rules:

- Several processes share the port by SO_REUSEPORT; the kernel spreads newcomers over them.
- Options that every connection needs are set on the listening socket and inherited, which costs a join
  nothing.
- A connection is shown to the edge when its request has come (tcp(7), TCP_DEFER_ACCEPT): that is one waking
  for a join, not two, and who connects and says nothing costs no descriptor.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path
from typing import Final

from parvis.errors import UserError

SEND_BUFFER_BYTES: Final = 128 << 10
"""The kernel doubles it. It takes the longest burst at once, and bounds what a vanished listener holds."""
SILENT_S: Final = 5
"""A connection that has sent nothing for about so long is shown all the same."""
VANISHED_AFTER_S: Final = 60
"""A peer that acknowledges nothing for so long is gone, whatever it said last."""


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
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SILENT_S)
        listening.setblocking(False)
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise _cannot_listen(host, port, error) from error
    return listening


def listen(listening: socket.socket) -> None:
    """Lets newcomers in, with the longest queue that the system allows. Raises `UserError` `port-in-use`."""
    try:
        listening.listen(_backlog())
    except OSError as error:
        host, port = listening.getsockname()[:2]
        raise _cannot_listen(host, port, error) from error


def shut_sending(fd: int) -> None:
    """Tells the other side that nothing more comes. Whether it is still there, epoll will say."""
    # Family and type are said, or Python would ask the kernel for them; shutdown(2) does not care.
    peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
    with contextlib.suppress(OSError):
        peer.shutdown(socket.SHUT_WR)
    peer.detach()


def is_loopback(address: str) -> bool:
    """An address of this machine that no other machine can have."""
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


def _cannot_listen(host: str, port: int, error: OSError) -> UserError:
    if error.errno == errno.EADDRINUSE:
        return UserError("port-in-use", f"Port {port} of {host} is taken by another program.")
    return UserError("address-invalid", f"Cannot listen on {host}:{port}: {error.strerror}.")


def _backlog() -> int:
    return int(Path("/proc/sys/net/core/somaxconn").read_text("ascii"))
