"""What uvicorn leaves open of a request's head: how long it may take to come, and how large it may be.

- A head must be whole `HEAD_TIMEOUT_S` after its connection was made, or after its first byte on one that is
  kept: whoever drips bytes, or sends none, holds no descriptor (slowloris).
- A head has at most `HEAD_LIMIT_BYTES`, counted as they come; more is `431`, and the end.
- What names no version of HTTP, or one that is not 1.0 or 1.1, is no request.

Control and the archive listen with it. Bodies are limited behind this, in the `guards.py` of each.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_TIMEOUT_S: Final = 10.0
HEAD_LIMIT_BYTES: Final = 32_768
_ENDS: Final = {408: b"408 Request Timeout", 431: b"431 Request Header Fields Too Large"}


class Intake(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._begun = False
        """A byte of the head has come."""
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

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
