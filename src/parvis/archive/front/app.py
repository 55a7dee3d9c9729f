"""The archive's routes, put together."""

from __future__ import annotations

import hmac
import ipaddress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from parvis.archive.front import clipping, deciding, reading
from parvis.archive.front.asking import services_of
from parvis.archive.front.guards import Guard
from parvis.archive.front.metrics import CONTENT_TYPE
from parvis.archive.front.problems import on_http_error, on_parvis_error
from parvis.archive.front.services import Services
from parvis.errors import ParvisError, Refused


def create_app(services: Services) -> Starlette:
    """The ASGI app over these services."""
    app = Starlette(
        routes=routes(),
        middleware=[Middleware(Guard, services=services)],
        exception_handlers={ParvisError: on_parvis_error, HTTPException: on_http_error},
    )
    app.router.redirect_slashes = False
    app.state.services = services
    return app


def routes() -> list[Route]:
    """Everything that the archive answers."""
    replay = "/replay/{space}"
    sounds = [Route(f"{replay}/audio.{suffix}", reading.sound) for suffix in ("m4a", "opus")]
    texts = [
        Route(f"{replay}/{name}", reading.text) for name in ("chapters.json", "chat.json", "captions.vtt")
    ]
    clip_sounds = [Route(f"/clip/{{id}}/audio.{suffix}", clipping.sound) for suffix in ("m4a", "opus")]
    return [
        Route(f"{replay}/replay.json", reading.replay),
        Route(replay, reading.replay, methods=["GET"]),
        *sounds,
        *texts,
        Route(f"{replay}/tracks/{{handle}}.opus", reading.track),
        Route(replay, deciding.change, methods=["PATCH"]),
        Route(replay, deciding.delete, methods=["DELETE"]),
        Route(f"{replay}/cuts", deciding.cut, methods=["POST"]),
        Route(f"{replay}/removal-requests", deciding.removals, methods=["GET"]),
        Route(f"{replay}/removal-requests", deciding.ask_removal, methods=["POST"]),
        Route(f"{replay}/removal-requests/{{id}}", deciding.decline, methods=["DELETE"]),
        Route(f"{replay}/clips", clipping.listed, methods=["GET"]),
        Route(f"{replay}/clips", clipping.make, methods=["POST"]),
        Route("/clip/{id}", clipping.show, methods=["GET"]),
        Route("/clip/{id}", clipping.remove, methods=["DELETE"]),
        *clip_sounds,
        Route("/feeds/{handle}.xml", reading.podcast),
        Route("/healthz", _healthz),
        Route("/metrics", _metrics),
    ]


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok", "role": "archive", "name": "archive"})


async def _metrics(request: Request) -> Response:
    services = services_of(request)
    if not _may_see(request, services.settings.metrics_token):
        raise Refused("forbidden", "Figures are for this machine, or for who has the token.")
    return Response(services.metrics.text(), media_type=CONTENT_TYPE)


def _may_see(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode()):
        return True
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
