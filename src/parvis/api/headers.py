"""Headers that every answer carries, and CORS for WHIP.

- Answers of the API are nobody's to cache, to sniff or to frame. A route that sets a header keeps its own.
- WHIP endpoints must be usable from other sites (RFC 9725 §4.7): any origin, without credentials, so only a
  token opens them there. Nothing else answers other sites.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WHIP_PREFIX: Final = "/api/v1/whip/"

_EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_WHIP: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link",
}
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
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
        if scope["path"].startswith(WHIP_PREFIX):
            more |= _WHIP | (_PREFLIGHT if scope["method"] == "OPTIONS" else {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in more.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
