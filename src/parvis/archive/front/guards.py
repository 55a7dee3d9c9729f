"""What stands before every route: the record, CORS, rates, and time limits.

- Reading is open to every site (`Access-Control-Allow-Origin: *`), for the hall is at the edges' origin.
  Deciding needs a token, or the studio's cookie from the studio's own origin.
- An answer must have begun in 20 s. Whoever takes no byte for 30 s is let go.
- What falls through everything is a bug: logged whole, answered as `internal`.
"""

from __future__ import annotations

import asyncio
import traceback
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parvis.archive.front.problems import answer, problem
from parvis.archive.front.services import Services
from parvis.errors import Overloaded

log = structlog.get_logger(__name__)

ANSWER_TIMEOUT_S: Final = 20.0
TAKE_TIMEOUT_S: Final = 30.0
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_EXPOSED: Final = "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Retry-After"


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        headers = {**_EVERYWHERE, **self._cors(scope)}

        async def guarded_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = MutableHeaders(scope=message)
                for name, value in headers.items():
                    given.setdefault(name, value)
            await send(message)

        try:
            if not await self._in_rate(scope, receive, guarded_send):
                return
            if scope["method"] == "OPTIONS":
                await _preflight(guarded_send)
                return
            await self._in_time(scope, receive, guarded_send)
        except Exception as error:
            trace = "".join(traceback.format_exception(error))
            log.error("request failed", method=scope["method"], route=_route(scope), trace=trace)  # noqa: TRY400
            if status == 0:
                await problem(500, "internal", "Something broke here; it has been logged.")(
                    scope, receive, guarded_send
                )
        finally:
            method = scope["method"] if scope["method"] in (*_READS, "POST", "PATCH", "DELETE") else "other"
            self._services.metrics.count(method, _route(scope), status)

    async def _in_rate(self, scope: Scope, receive: Receive, send: Send) -> bool:
        kind = "read" if scope["method"] in _READS else "write"
        address = scope["client"][0] if scope.get("client") else "unknown"
        try:
            await self._services.rates.count(kind, address)
        except Overloaded as error:
            await answer(error)(scope, receive, send)
            return False
        return True

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S) as limit:

                async def send_in_time(message: Message) -> None:
                    nonlocal started
                    started = True
                    limit.reschedule(asyncio.get_running_loop().time() + TAKE_TIMEOUT_S)
                    await send(message)

                await self._app(scope, receive, send_in_time)
        except TimeoutError:
            if not limit.expired():
                raise
            if not started:
                await answer(Overloaded("too-slow", "This took too long.", 1.0))(scope, receive, send)

    def _cors(self, scope: Scope) -> dict[str, str]:
        origin = Headers(scope=scope).get("origin")
        common = {
            "Access-Control-Expose-Headers": _EXPOSED,
            "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match, If-Range, Range",
            "Access-Control-Max-Age": "86400",
        }
        if origin is not None and origin == self._services.settings.control_origin:
            return common | {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Credentials": "true",
                "Vary": "Origin",
            }
        return common | {"Access-Control-Allow-Origin": "*", "Vary": "Origin"}


async def _preflight(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _route(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "none"
