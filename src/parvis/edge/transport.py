"""How bytes go through a descriptor: as they are here, or by TLS (`tls.py`).

An edge has one transport for all its listeners, so that its fan-out asks nobody which it is: for plain
connections `write` *is* `os.write`.
"""

from __future__ import annotations

import os
from typing import Final, Protocol

from parvis.edge.sockets import shut_sending


class Transport(Protocol):
    """Non-blocking. What cannot be done now raises `BlockingIOError`, what never can another `OSError`."""

    @property
    def whole(self) -> bool:
        """`write` takes all or nothing; where it takes nothing, the same bytes must be offered again first,
        for some of them may be out already."""

    @property
    def shares(self) -> bool:
        """What `os.sendfile` sends through a descriptor arrives as if it were written (`shared.py`)."""

    def read(self, fd: int, size: int, /) -> bytes:
        """Some bytes, b"" at the end. TLS may give more than `size`, one record at most."""

    def write(self, fd: int, data: bytes | memoryview, /) -> int:
        """How many bytes were taken."""

    def shut(self, fd: int, /) -> None:
        """Tells the other side that nothing more comes."""

    def close(self, fd: int, /) -> None:
        """Closes without a word."""


class Plain:
    """The system's own calls."""

    whole: Final = False
    shares: Final = True
    read = staticmethod(os.read)
    write = staticmethod(os.write)
    shut = staticmethod(shut_sending)
    close = staticmethod(os.close)
