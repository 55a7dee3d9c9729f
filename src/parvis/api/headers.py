"""Headers that every answer carries, and CORS for the API.

- Answers of the API are nobody's to cache, to sniff or to frame. A route that sets a header keeps its own.
- The API may be used from other sites, the edges' pages first of all: any origin, without credentials, so
  that only a token opens anything there. The cookie counts for our own pages alone (`asking.py`).
- A preflight is answered here, before any route (Fetch Standard §3.2.2). WHIP and WHEP endpoints answer
  their own `OPTIONS` (RFC 9725 §4.7).
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_PREFIX: Final = "/api/v1/"
SDP_PREFIXES: Final = ("/api/v1/whip/", "/api/v1/whep/")
"""Whose bodies are SDP, and whose routes answer `OPTIONS` themselves."""

_EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Patch, Retry-After, X-Parvis-Stage-Epoch",
}
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, X-Parvis-Pass",
    "Access-Control-Max-Age": "86400",
}


class Headers:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        more = dict(_EVERYWHERE)
        if scope["path"].startswith(API_PREFIX):
            more |= _CORS | (_PREFLIGHT if scope["method"] == "OPTIONS" else {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in more.items():
                    headers.setdefault(name, value)
            await send(message)

        app = _preflight if _is_preflight(scope) else self._app
        await app(scope, receive, send_with_headers)


def _is_preflight(scope: Scope) -> bool:
    path = scope["path"]
    if scope["method"] != "OPTIONS" or not path.startswith(API_PREFIX) or path.startswith(SDP_PREFIXES):
        return False
    return "access-control-request-method" in RequestHeaders(scope=scope)


async def _preflight(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=204)(scope, receive, send)
