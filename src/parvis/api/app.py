"""The app: routes, guards and problems put together. It starts nothing and owns nothing but routes."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from parvis import __version__
from parvis.api import problems
from parvis.api.guards import BodyLimit, ReadLimit, Record, TimeLimit
from parvis.api.headers import Headers
from parvis.api.routes import (
    API,
    accounts,
    audience,
    avatars,
    bans,
    calendars,
    captions,
    covers,
    events,
    handoffs,
    hands,
    home,
    invitations,
    lifecycle,
    listings,
    log,
    messages,
    my_invitations,
    openid,
    ops,
    pages,
    passes,
    passkeys,
    polls,
    profiles,
    seats,
    sessions,
    sharing,
    spaces,
    standby,
    suspensions,
    whep,
    whip,
)
from parvis.api.schemas import problem_schema
from parvis.api.services import Services

OPENAPI: Final = f"{API}/openapi.json"
ROUTERS: Final = tuple(
    module.router
    for module in (
        accounts,
        passkeys,
        openid,
        sessions,
        avatars,
        profiles,
        suspensions,
        spaces,
        seats,
        hands,
        bans,
        messages,
        polls,
        captions,
        lifecycle,
        listings,
        passes,
        audience,
        calendars,
        covers,
        invitations,
        my_invitations,
        handoffs,
        standby,
        log,
        events,
        whip,
        whep,
        ops,
        home,
        sharing,
        pages,
    )
)


def create_app(services: Services) -> FastAPI:
    """Control's ASGI app over these services."""
    app = FastAPI(
        title="Parvis control",
        summary="Accounts, Spaces and seats of live audio Spaces.",
        version=__version__,
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    # The last added stands outermost.
    app.add_middleware(BodyLimit, limits=services.http)
    app.add_middleware(TimeLimit, limits=services.http)
    app.add_middleware(ReadLimit, rates=services.rates)
    app.add_middleware(Headers)
    app.add_middleware(Record, metrics=services.metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            openapi_version=app.openapi_version,
            routes=app.routes,
        )
        schema["components"]["schemas"]["Problem"] = problem_schema()
        app.openapi_schema = schema
    return app.openapi_schema
