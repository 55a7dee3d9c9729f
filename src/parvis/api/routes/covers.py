"""The cover of a Space: uploaded by its host or a co-host, shown to whoever may see it.

Under its address a cover never changes, so it is cached for a year, and for anybody's page to show.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import FileResponse
from starlette.requests import ClientDisconnect

from parvis.api.asking import Asker, Wired
from parvis.api.pictures import COVER_MAX_BYTES
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_listing import CoverOut
from parvis.api.services import Services
from parvis.errors import NotFound, UserError
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.seat import Person
from parvis.spaces.service import Edit

router = APIRouter(tags=["spaces"])

_ROUTE: Final = f"{API}/spaces/{{space}}/cover"
_BODY_TIMEOUT_S: Final = 60.0
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_REFUSALS: Final = (
    "not-signed-in",
    "cross-origin",
    "forbidden",
    "no-seat",
    "space-unknown",
    "space-ended",
    "input-invalid",
)


@router.put(
    _ROUTE,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": _BINARY, "image/*": _BINARY},
        }
    },
    responses=documented(*_REFUSALS, "media-type", "picture-unreadable"),
)
async def upload(space: str, request: Request, asker: Asker, services: Wired) -> CoverOut:
    """A picture, cut to 1200 × 675: JPEG, PNG, WebP or GIF."""
    await services.rates.upload(asker.account_id)
    found = await services.spaces.get(space)
    check_may(found.standing_of(asker.account_id), Act.EDIT)
    found.check_open()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not media_type.startswith("image/") and media_type != "application/octet-stream":
        raise UserError("media-type", "A picture is image/* or application/octet-stream.")
    picture = await services.covers.make(await _body(request))
    async with services.covers.changing:
        name = await services.covers.keep(picture)
        await _show(space, name, asker, services)
    cover = services.origins.cover(name)
    assert cover is not None
    return CoverOut(cover=cover)


@router.delete(_ROUTE, status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_REFUSALS))
async def take_away(space: str, asker: Asker, services: Wired) -> None:
    """Shown without one; without one nothing changes."""
    async with services.covers.changing:
        await _show(space, "", asker, services)


@router.api_route("/covers/{file}", methods=["GET", "HEAD"], include_in_schema=False)
def show(file: str, services: Wired) -> Response:
    """A cover by its hash."""
    path = services.covers.find(file.removesuffix(".webp")) if file.endswith(".webp") else None
    if path is None:
        raise NotFound("not-found", "There is no such picture.")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return FileResponse(path, headers=headers, media_type="image/webp")


async def _show(space: str, cover: str, asker: Person, services: Services) -> None:
    """Another cover, or none. A picture that no Space shows afterwards is forgotten, also the new one if it
    was refused."""
    before = (await services.spaces.get(space)).listing.cover
    try:
        await services.spaces.edit(space, Edit(listing={"cover": cover}), asker)
    finally:
        for one in {before, cover} - {""}:
            if not await services.spaces.shows_cover(one):
                await services.covers.drop(one)


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            async for piece in request.stream():
                body += piece
                if len(body) > COVER_MAX_BYTES:
                    raise UserError("too-large", f"At most {COVER_MAX_BYTES} bytes are taken.")
    except TimeoutError as error:
        raise UserError("request-timeout", "The body did not arrive in time.") from error
    except ClientDisconnect as error:
        raise UserError("request-timeout", "The body did not arrive whole.") from error
    return bytes(body)
