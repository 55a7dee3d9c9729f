"""Requests out of bytes (RFC 9112), with httptools. No I/O: feed it what came, take what is whole.

Rules:

- A head may have `limit_bytes`; more is `431`. An endless line counts too, for it is counted as it comes.
- Only what may be posted has a body, of a few bytes (`BODY_BYTES`), and says its length first. Any other that
  announces one is answered `413` or `411` and nothing after it is read, for it cannot be told apart from the
  body (RFC 9112 §11.2, request smuggling).
- Several requests may come at once (§9.3.2, pipelining); they are given in order.
- HTTP/1.1 must name a host (§3.2). HTTP/1.0 may not. A line without a version is no request.
- After a failure the reader is of no use any more: answer and close.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import httptools

from parvis.errors import ProtocolError, RemoteProtocolError

METHODS: Final = ("GET", "HEAD", "OPTIONS")
POST: Final = "POST"
BODY_BYTES: Final[Mapping[str, int]] = {"reactions": 64, "votes": 160}
"""What may be posted below `/live/{space}/`, by the last segment of its path, and how long it may be."""
MAX_QUERY_FIELDS: Final = 32
KNOWN_TARGET_BYTES: Final = 128
"""Longer addresses are not kept, for anybody can make them up."""

_OTHER_METHOD = re.compile(rb"\s*[A-Z][A-Z-]{1,30} [/*]")
_KEPT: Final = frozenset(
    (
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"authorization",
        b"host",
        b"icy-metadata",
        b"if-none-match",
        b"x-forwarded-for",
        b"x-parvis-appointment",
        b"x-parvis-badge",
        b"x-parvis-pass",
    )
)


@dataclass(slots=True)
class Request:
    """One request. `path` is its segments, decoded: `/s/abc` is `("s", "abc")`. `headers` are those that an
    edge looks at, by lower-case name; `chunked` says whether the client understands chunked coding."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: dict[bytes, str] = field(default_factory=dict)
    chunked: bool = True
    keep_alive: bool = True
    loopback: bool = False
    body: bytes = b""
    address: str = ""
    """Of who asks, as far as `addresses.py` tells them apart."""

    def header(self, name: bytes) -> str:
        """A header's value, empty when it was not sent."""
        return self.headers.get(name, "")


class RequestReader:
    """Reads the requests of one connection. `failure` is what was wrong, after which nothing more is read."""

    def __init__(self, limit_bytes: int, *, loopback: bool = False) -> None:
        self.failure: ProtocolError | None = None
        self._limit_bytes = limit_bytes
        self.loopback = loopback
        self._parser: Any = httptools.HttpRequestParser(self)
        self._ready: list[Request] = []
        self._unfinished_bytes = 0
        self._url = b""
        self._headers: dict[bytes, str] = {}
        self._head_bytes = 0
        self._has_body = False
        self._length = -1
        self._posted: Request | None = None
        self._body = b""

    @property
    def idle(self) -> bool:
        """Not a byte of a next request has come."""
        return self._unfinished_bytes == 0

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes, in order. Look at `failure` after answering them."""
        if self.failure is not None or self._parser is None:
            return []
        self._unfinished_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # An upgrade may be ignored (RFC 9110 §7.8), but the parser stops there: so does the connection.
            if self._ready:
                self._ready[-1].keep_alive = False
        except httptools.HttpParserInvalidMethodError:
            self._fail_at_method(data)
        except httptools.HttpParserCallbackError as error:
            # What a callback raised: one of ours is an answer, anything else a bug.
            if not isinstance(error.__context__, ProtocolError):
                raise
            self.failure = error.__context__
        except httptools.HttpParserError:
            self.failure = RemoteProtocolError("request-malformed", "This is not an HTTP request.")
        if self.failure is None and self._unfinished_bytes > self._limit_bytes:
            self.failure = _too_large(self._limit_bytes)
        ready, self._ready = self._ready, []
        return ready

    def close(self) -> None:
        """Reads no more. The parser and this hold each other: without this, the readers of a crowd that has
        come stay in memory, some 3 kB each, until the collector looks through everything."""
        self._parser = None

    # What httptools calls, in the order in which it does.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers = {}
        self._head_bytes = 0
        self._has_body = False
        self._length = -1
        self._posted = None
        self._body = b""

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._url += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        self._count(len(name) + len(value) + 4)
        name = name.lower()
        if name == b"transfer-encoding":
            self._has_body = True
        elif name == b"content-length":
            self._has_body |= value.strip() != b"0"
            self._length = _length(value)
        elif name in _KEPT:
            if name == b"host" and name in self._headers:
                raise RemoteProtocolError("request-malformed", "There is more than one Host header.")
            text = value.decode("latin-1").strip()
            if name == b"x-forwarded-for" and name in self._headers:
                text = f"{self._headers[name]}, {text}"  # a list, whichever way it is sent (RFC 9110 §5.3)
            self._headers[name] = text

    def on_headers_complete(self) -> None:
        """The head is whole."""
        method = self._parser.get_method().decode()
        if method not in METHODS and method != POST:
            raise _method_not_allowed(method)
        if self._has_body and method != POST:
            raise RemoteProtocolError("too-large", "This request has no body.")
        url = self._url
        path, query = _known_target(url) if len(url) <= KNOWN_TARGET_BYTES else _target(url)
        most = body_bytes(path) if method == POST else 0
        if method == POST:
            if not most:
                raise _method_not_allowed(method)
            self._check_length(most)
        version = self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise RemoteProtocolError("request-malformed", f"HTTP/{version} is not spoken here.")
        if version == "1.1" and b"host" not in self._headers:
            raise RemoteProtocolError("request-malformed", "The Host header is missing.")
        request = Request(
            method,
            path,
            query,
            self._headers,
            chunked=version == "1.1",
            keep_alive=self._parser.should_keep_alive(),
            # What was passed on does not come from here, whoever passed it on.
            loopback=self.loopback and b"x-forwarded-for" not in self._headers,
        )
        if most:
            self._posted = request
        else:
            self._ready.append(request)

    def on_body(self, body: bytes) -> None:
        """A piece of a body, of which not more comes than was announced."""
        self._body += body

    def on_message_complete(self) -> None:
        """The request is whole, with its body if it has one."""
        self._unfinished_bytes = 0
        if self._posted is not None:
            self._posted.body = self._body
            self._ready.append(self._posted)
            self._posted = None

    def _check_length(self, most: int) -> None:
        if self._length < 0:
            raise RemoteProtocolError("length-required", "Content-Length must say how long the body is.")
        if self._length > most:
            raise RemoteProtocolError("too-large", f"The body may have {most} bytes.")

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limit_bytes:
            raise _too_large(self._limit_bytes)

    def _fail_at_method(self, data: bytes) -> None:
        match = _OTHER_METHOD.match(data)
        if match:
            self.failure = _method_not_allowed(match[0].split()[0].decode())
        else:
            self.failure = RemoteProtocolError("request-malformed", "This is not an HTTP request.")


def body_bytes(path: tuple[str, ...]) -> int:
    """How long a body may be that is posted to a path; 0: nothing is posted there."""
    match path:
        case ("live", _, "reactions") | ("live", _, "polls", _, "votes"):
            return BODY_BYTES[path[-1]]
    return 0


def _length(value: bytes) -> int:
    """-1 for what is no length; httptools refuses those itself, and more than one."""
    value = value.strip()
    return int(value) if value.isdigit() and len(value) <= 9 else -1


@lru_cache(maxsize=256)
def _known_target(target: bytes) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """A crowd asks for the same few addresses."""
    return _target(target)


def _target(target: bytes) -> tuple[tuple[str, ...], dict[str, str]]:
    """Path segments and query of a request target (RFC 9112 §3.2), in origin, absolute or asterisk form."""
    if target == b"*":
        return ("*",), {}
    try:
        url = httptools.parse_url(target)
        raw_query = (url.query or b"").decode("ascii")
        raw_path = (url.path or b"/").decode("ascii")
        query = dict(parse_qsl(raw_query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS))
    except (httptools.HttpParserInvalidURLError, ValueError) as error:
        raise RemoteProtocolError("request-malformed", "The address cannot be read.") from error
    if not raw_path.startswith("/"):  # the parser takes what begins like an asterisk form
        raise RemoteProtocolError("request-malformed", "The address is no path.")
    return tuple(unquote(segment) for segment in raw_path.split("/")[1:]), query


def _too_large(limit_bytes: int) -> RemoteProtocolError:
    return RemoteProtocolError("header-too-large", f"A request head may have {limit_bytes} bytes.")


def _method_not_allowed(method: str) -> RemoteProtocolError:
    return RemoteProtocolError(
        "method-not-allowed", f"{method} is not answered here: GET, HEAD and OPTIONS are."
    )
