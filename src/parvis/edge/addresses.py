"""Who holds how many connections: one number a descriptor, one counter an address.

Rules:

- An address is what one customer gets from its provider: an IPv4 address, or the /64 of an IPv6 one
  (RFC 6177). IPv4 inside IPv6 (`::ffff:192.0.2.1`) is IPv4.
- It is the address of the connection. What a proxy claims in `X-Forwarded-For` can be made up by anybody, and
  counts only where settings name the proxy (`proxies.py`). A proxy's own connections count for nobody.
- A school or a mobile network can stand behind one address, so the limit is generous, and beyond it there
  are some places for being told why.
"""

from __future__ import annotations

import socket
from array import array
from typing import Final

NOBODY: Final = 0
"""Stands for an address that is not counted."""
TOLD_BEYOND: Final = 16
"""Connections over the limit of one address that are still answered."""


def prefix(address: str) -> int:
    """The 64 bits that stand for a client: its IPv4 address, or the first half of its IPv6 address.

    IPv6 has no first half below 2⁶¹ in use (RFC 4291 §2.4, `::/3` aside), so the two cannot be mistaken.
    """
    if ":" not in address:
        return int.from_bytes(socket.inet_aton(address), "big")
    packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    if packed.startswith(bytes(10) + b"\xff\xff"):
        return int.from_bytes(packed[12:], "big")
    return int.from_bytes(packed[:8], "big")


class Addresses:
    """Counts connections by address. `limit` 0 is no limit: then nothing is counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._prefix_of = array("Q")
        self._counts: dict[int, int] = {}

    def __len__(self) -> int:
        """How many addresses hold a connection."""
        return len(self._counts)

    def of(self, fd: int) -> int:
        """Who is at a descriptor."""
        return self._prefix_of[fd]

    def enter(self, fd: int, address: str) -> None:
        """Somebody connected."""
        missing = fd + 1 - len(self._prefix_of)
        if missing > 0:
            self._prefix_of.extend([0] * missing)
        who = self._prefix_of[fd] = prefix(address)
        if self._limit:
            self._counts[who] = self._counts.get(who, 0) + 1

    def reveal(self, fd: int, address: str) -> None:
        """It turns out who is at a descriptor that has been entered."""
        if self._prefix_of[fd] != prefix(address):
            self.leave(fd)
            self.enter(fd, address)

    def hide(self, fd: int) -> None:
        """Whoever is at a descriptor that has been entered does not count."""
        self.leave(fd)
        self._prefix_of[fd] = NOBODY

    def leave(self, fd: int) -> None:
        """The descriptor is closed."""
        who = self._prefix_of[fd]
        if not self._limit or who == NOBODY:
            return
        count = self._counts[who] - 1
        if count:
            self._counts[who] = count
        else:
            del self._counts[who]

    def over(self, fd: int) -> bool:
        """Who is at this descriptor has more connections than it may have."""
        return 0 < self._limit < self._counts.get(self._prefix_of[fd], 0)

    def far_over(self, fd: int) -> bool:
        """It has so many that it is not even told."""
        return self._counts.get(self._prefix_of[fd], 0) > self._limit + TOLD_BEYOND
