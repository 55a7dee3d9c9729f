"""What uvicorn leaves open: how long a request's head may take to come, how large it may be, and how long the
asker may take to read what it is told.

- A head must be whole `HEAD_TIMEOUT_S` after its connection was made, or after its first byte on one that is
  kept: whoever drips bytes, or sends none, holds no descriptor (slowloris).
- A head has at most `HEAD_LIMIT_BYTES`, counted as they come; more is `431`, and the end.
- Where so much of an answer waits that no more is taken from its route, `TAKEN_BYTES` of it must be taken
  in each `TAKE_TIMEOUT_S`, or the connection is dropped: whoever reads a byte now and then holds nothing for
  long. What waits below that is the kernel's to end, `VANISHED_AFTER_S` after the last byte was taken.
- What names no version of HTTP, or one that is not 1.0 or 1.1, is no request.

Control and the archive listen with it. Bodies are limited behind this, in the `guards.py` of each.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_TIMEOUT_S: Final = 10.0
HEAD_LIMIT_BYTES: Final = 32_768
TAKE_TIMEOUT_S: Final = 30.0
TAKEN_BYTES: Final = 16_384
VANISHED_AFTER_S: Final = 60
_ENDS: Final = {408: b"408 Request Timeout", 431: b"431 Request Header Fields Too Large"}


def bound_waiting(listener: socket.socket) -> None:
    """Lets the kernel end whoever takes nothing (tcp(7), TCP_USER_TIMEOUT): connections inherit it."""
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_AFTER_S * 1000)


class Intake(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._begun = False
        """A byte of the head has come."""
        self._deadline: asyncio.TimerHandle | None = None
        self._full: asyncio.TimerHandle | None = None
        self._waiting_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._has_room()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self._await_room()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._has_room()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_LIMIT_BYTES:
            self._end(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._in_head:
            self._await_head()
        self._begun = True

    def on_headers_complete(self) -> None:
        self._head_came()
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise ValueError  # which the parser makes its own error, and the base class `400`
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._deadline = self.loop.call_later(HEAD_TIMEOUT_S, self._late)

    def _head_came(self) -> None:
        self._in_head = self._begun = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _await_room(self) -> None:
        self._waiting_bytes = self.transport.get_write_buffer_size()
        self._full = self.loop.call_later(TAKE_TIMEOUT_S, self._look)

    def _look(self) -> None:
        if self.transport.get_write_buffer_size() > self._waiting_bytes - TAKEN_BYTES:
            self.transport.abort()
        else:
            self._await_room()

    def _has_room(self) -> None:
        if self._full is not None:
            self._full.cancel()
            self._full = None

    def _late(self) -> None:
        self._deadline = None
        if self._begun:
            self._end(408)
        else:
            self.transport.close()

    def _end(self, status: int) -> None:
        """A last word, unless an answer to an earlier request is still on its way."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            head = b"HTTP/1.1 " + _ENDS[status] + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            self.transport.write(head)
        self.transport.close()
