"""Answers as bytes (RFC 9110, 9112), and the one table that turns errors into them (RFC 9457).

Rules:

- Every answer allows any origin, sets no cookie and says `nosniff` (docs/protocol.md §2).
- An answer knows nothing of its connection: whether the body is sent (`HEAD`) and whether the connection
  stays open is added by `encode`.
- Bodies are shared: the same bytes object goes to everybody who gets the same answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from parvis.edge.bursts import Framing
from parvis.errors import (
    Conflict,
    NotFound,
    NotSignedIn,
    Overloaded,
    ParvisError,
    ProtocolError,
    Refused,
    UserError,
)

STATUS_OF_CODE: Final[Mapping[str, int]] = {
    "header-too-large": 431,
    "length-required": 411,
    "method-not-allowed": 405,
    "request-timeout": 408,
    "space-ended": 410,
    "too-large": 413,
    "too-many-requests": 429,
}
"""Where the code says more than the class."""

STATUS_OF_KIND: Final = (
    (NotFound, 404),
    (Conflict, 409),
    (UserError, 400),
    (NotSignedIn, 401),
    (Refused, 403),
    (Overloaded, 503),
    (ProtocolError, 400),
)

ALWAYS: Final = (
    b"Access-Control-Allow-Origin: *\r\n"
    b"Access-Control-Expose-Headers: Retry-After, X-Parvis-Sequence, X-Parvis-Stretch\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
)

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `headers` are those of its own, `Content-Length` not among them."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    endless: bool = False
    """Stands for a body without length, of which `HEAD` tells."""


def json_answer(fields: Mapping[str, Any], *, status: int = 200, headers: Headers = ()) -> Answer:
    """`fields` as JSON."""
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, (("Content-Type", "application/json"), *headers), body)


def problem(error: ParvisError, retry_after_s: float | None = None, **more: Any) -> Answer:
    """An error as `application/problem+json`; `more` are further members of the problem."""
    status = status_of(error)
    fields = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.detail,
        "code": error.code,
        **more,
    }
    headers: Headers = (("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"))
    if isinstance(error, Overloaded):
        retry_after_s = error.retry_after_s
    if retry_after_s is not None:
        headers += (("Retry-After", str(math.ceil(retry_after_s))),)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers += (("Allow", str(error.more.get("allow", "GET, HEAD, OPTIONS"))),)
    if status == HTTPStatus.UNAUTHORIZED:
        headers += (("WWW-Authenticate", "Bearer"),)
    return Answer(status, headers, json.dumps(fields, ensure_ascii=False).encode())


def status_of(error: ParvisError) -> int:
    """The HTTP status of an error."""
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next((status for kind, status in STATUS_OF_KIND if isinstance(error, kind)), 500)


def encode(answer: Answer, wall_s: float, *, keep_alive: bool, with_body: bool = True) -> tuple[bytes, bytes]:
    """Head and body of an answer. Without body it still says how long the body would be (RFC 9110 §9.3.2)."""
    lines = [_status_line(answer.status), _date_line(int(wall_s)), ALWAYS]
    lines += [f"{name}: {value}\r\n".encode() for name, value in answer.headers]
    if not answer.endless and answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        lines.append(b"Content-Length: %d\r\n" % len(answer.body))
    lines.append(b"Connection: keep-alive\r\n\r\n" if keep_alive else b"Connection: close\r\n\r\n")
    return b"".join(lines), answer.body if with_body else b""


def stream_headers(media_type: str, sequence: int | None = None, stretch: int = 1) -> Headers:
    """Headers of an endless body. `sequence` is that of its first part, if it has parts, and `stretch` how
    many of them come at once."""
    headers: Headers = (
        ("Content-Type", media_type),
        ("Cache-Control", "no-store"),
        ("X-Accel-Buffering", "no"),
    )
    if sequence is not None:
        headers += (("X-Parvis-Sequence", str(sequence)), ("X-Parvis-Stretch", str(stretch)))
    return headers


def stream_head(headers: Headers, wall_s: float, framing: Framing) -> bytes:
    """The head of an endless `200`; the connection ends with it."""
    lines = [_status_line(200), _date_line(int(wall_s)), ALWAYS]
    lines += [f"{name}: {value}\r\n".encode() for name, value in headers]
    if framing is Framing.CHUNKED:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    lines.append(b"Connection: close\r\n\r\n")
    return b"".join(lines)


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


@lru_cache(maxsize=4)
def _date_line(wall_s: int) -> bytes:
    return f"Date: {formatdate(wall_s, usegmt=True)}\r\n".encode()
