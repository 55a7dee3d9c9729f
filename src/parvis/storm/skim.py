"""Counting the bytes of a burst instead of reading them: for a crowd beside the server that it tries.

Where hundreds of thousands are read on the machine that serves them, copying and comparing what everybody
gets is most of the work. What one listener of a process has read whole, the others need only count: of a
burst that begins at the part which a listener wants next the size is known, and the kernel throws its bytes
away (tcp(7), MSG_TRUNC).

Rules:

- Each listener reads every sixteenth burst whole, by all rules, so where it stands is never long in doubt:
  parts that it did not get are then missed, for the burst begins too late.
- Bursts that begin alike and differ (with an event, or a stand-in, in one of them) are told apart by size.
- A size that explains nothing leaves a listener *unsure*: what comes next is read whole, and tells whether it
  was another burst, or a piece of this one.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Final, TypeVar

from parvis.storm.memo import NOTHING_PLAIN, Known

WHOLE_EVERY: Final = 16
KNOWN_BURSTS: Final = 256
MOST_AT_ONCE: Final = 4
"""Bursts that one look may find, when this process has not looked for long."""

_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}\r\n(?:\r\n|.{4}(?:styp|prft|emsg|moof))", re.DOTALL)

_Key = TypeVar("_Key")
Take = Callable[[bytearray, int, int], int]


class Skim:
    """What one process knows of bursts by their size, and how each descriptor throws its bytes away."""

    def __init__(self, family: int, slots: int) -> None:
        self.takes: list[Take | None] = [None] * slots
        """`recv_into` of each descriptor that listens."""
        self.expected: dict[int, Known] = {}
        """The burst read last, of those that begin at a part."""
        self.unsure: dict[int, tuple[Known, int]] = {}
        """By descriptor: the burst that was expected, and how many bytes have come instead."""
        self._by_size: dict[tuple[int, int], Known] = {}
        self._family = family

    def enter(self, fd: int) -> None:
        """A descriptor listens from now on."""
        # All is said, or Python would ask the kernel.
        peer = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0, fileno=fd)
        self.takes[fd] = peer.recv_into

    def leave(self, fd: int) -> None:
        """It is about to be closed, whatever it was."""
        take = self.takes[fd]
        if take is not None:
            peer: socket.socket = take.__self__  # type: ignore[attr-defined]
            peer.detach()
            self.takes[fd] = None
        self.unsure.pop(fd, None)

    def learn(self, known: Known) -> None:
        """A burst was read whole."""
        if known.first != NOTHING_PLAIN:
            _keep(self.expected, known.first, known)
            _keep(self._by_size, (known.first, known.size), known)

    def explain(self, first: int, size: int) -> list[Known]:
        """The bursts from part `first` on that make up `size` bytes; none if nothing known does."""
        chain: list[Known] = []
        while size > 0 and len(chain) < MOST_AT_ONCE:
            known = self._by_size.get((first, size)) or self.expected.get(first)
            if known is None:
                return []
            chain.append(known)
            first, size = known.next, size - known.size
        return [] if size else chain


def begins_chunk(data: bytes, offset: int = 0) -> bool:
    """A chunk that holds whole parts begins there, or the last chunk."""
    return _CHUNK.match(data, offset) is not None


def _keep(book: dict[_Key, Known], key: _Key, known: Known) -> None:
    book.pop(key, None)
    book[key] = known
    if len(book) > KNOWN_BURSTS:
        del book[next(iter(book))]
