"""What stands before every route: the record, the limit of reads, the time limit, the size limit.

- **Record**: one log line and one count a request, by the route's template: addresses hold session secrets.
  What falls through everything is a bug: logged whole, answered as `internal`.
- **ReadLimit**: what is read counts by address before anything is looked up (`429 too-many-requests`). Who
  asks whether we live, and for figures, is not counted.
- **TimeLimit**: an answer must have begun in time, else `503 too-slow`; an event stream may go on for hours.
- **BodyLimit**: bodies are read here, whole, so that no route ever sees more than allowed, whatever
  `Content-Length` says or does not say (`413 too-large`); they must arrive in time (`408 request-timeout`),
  and be JSON where JSON is read (`415 media-type`). Only an upload of sound is left to its route, which
  first looks at who asks; it has more time.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from typing import Final

import structlog
from starlette.datastructures import Headers as RequestHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parvis.api.headers import SDP_PREFIXES
from parvis.api.metrics import Metrics
from parvis.api.paths import AVATAR_PATH
from parvis.api.problems import answer, problem
from parvis.api.rates import RateLimits
from parvis.api.services import HttpLimits
from parvis.errors import Overloaded, UserError

log = structlog.get_logger(__name__)

_UNCOUNTED: Final = frozenset({"/healthz", "/metrics"})
_FILES: Final = ("/assets/", "/avatars/", "/covers/", "/previews/")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Record:
    """ASGI middleware: logs, counts, and answers for bugs."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.monotonic()
        status = 0
        endless = False

        async def recording_send(message: Message) -> None:
            nonlocal status, endless
            if message["type"] == "http.response.start":
                status = message["status"]
                kind = RequestHeaders(scope=message).get("content-type", "")
                endless = kind.startswith("text/event-stream")
            await send(message)

        try:
            await self._app(scope, receive, recording_send)
        except Exception as error:
            # As text: a renderer that shows local variables would show passwords.
            trace = "".join(traceback.format_exception(error))
            log.error("request failed", method=scope["method"], route=_route(scope), trace=trace)  # noqa: TRY400
            if status == 0:
                await problem(500, "internal", "Something broke here; it has been logged.")(
                    scope, receive, recording_send
                )
        finally:
            seconds = time.monotonic() - began_s
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.count(method, _route(scope), status, seconds, endless=endless)
            log.info(
                "request", method=method, route=_route(scope), status=status, ms=round(seconds * 1000, 1)
            )


class ReadLimit:
    """ASGI middleware: nobody reads too often."""

    def __init__(self, app: ASGIApp, rates: RateLimits) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"] not in _UNCOUNTED:
            count = self._rates.read_file if scope["path"].startswith(_FILES) else self._rates.read
            try:
                await count(scope["client"][0] if scope.get("client") else "unknown")
            except Overloaded as error:
                await answer(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class TimeLimit:
    """ASGI middleware: an answer begins in time."""

    def __init__(self, app: ASGIApp, limits: HttpLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        try:
            upload = _is_upload(scope)
            allowed_s = self._limits.upload_timeout_s if upload else self._limits.answer_timeout_s
            async with asyncio.timeout(allowed_s) as limit:

                async def send_in_time(message: Message) -> None:
                    nonlocal started
                    if message["type"] == "http.response.start":
                        started = True
                        limit.reschedule(None)
                    await send(message)

                await self._app(scope, receive, send_in_time)
        except TimeoutError:
            if started or not limit.expired():
                raise
            await answer(Overloaded("too-slow", "This took too long.", 1.0))(scope, receive, send)


class BodyLimit:
    """ASGI middleware: reads the body, then lets the route have it."""

    def __init__(self, app: ASGIApp, limits: HttpLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_upload(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except UserError as error:
            await answer(error)(scope, receive, send)
            return
        if body is None:
            return
        unread = True

        async def receive_again() -> Message:
            nonlocal unread
            if unread:
                unread = False
                return {"type": "http.request", "body": body, "more_body": False}
            return await receive()

        await self._app(scope, receive_again, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None when the asker went away."""
        headers = RequestHeaders(scope=scope)
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > self._limits.body_bytes:
            raise self._too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self._limits.body_bytes:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        break
        except TimeoutError as error:
            raise UserError("request-timeout", "The body did not arrive in time.") from error
        if body and _wants_json(scope["path"]) and not _is_json(headers.get("content-type", "")):
            raise UserError("media-type", "The body must be application/json.")
        return bytes(body)

    def _too_large(self) -> UserError:
        return UserError("too-large", f"At most {self._limits.body_bytes} bytes are taken.")


def _is_upload(scope: Scope) -> bool:
    path = str(scope["path"])
    if scope["method"] != "PUT":
        return False
    if path == AVATAR_PATH:
        return True
    return path.startswith("/api/v1/spaces/") and path.endswith(("/standby-loop", "/cover"))


def _wants_json(path: str) -> bool:
    return path.startswith("/api/v1/") and not path.startswith(SDP_PREFIXES)


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _route(scope: Scope) -> str:
    route = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) else "none"
