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
from parvis.api.pictures import UPLOAD_MAX_BYTES
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_listing import CoverOut
from parvis.errors import NotFound, UserError
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.service import Edit
from parvis.spaces.visibility import is_cover

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
    found = await services.spaces.get(space)
    check_may(found.standing_of(asker.account_id), Act.EDIT)
    found.check_open()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not media_type.startswith("image/") and media_type != "application/octet-stream":
        raise UserError("media-type", "A picture is image/* or application/octet-stream.")
    digest = await services.covers.keep(await _body(request))
    await services.spaces.edit(space, Edit(listing={"cover": digest}), asker)
    cover = services.origins.cover(digest)
    assert cover is not None
    return CoverOut(cover=cover)


@router.delete(_ROUTE, status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_REFUSALS))
async def take_away(space: str, asker: Asker, services: Wired) -> None:
    """Shown without one; without one nothing changes."""
    await services.spaces.edit(space, Edit(listing={"cover": ""}), asker)


@router.api_route("/covers/{file}", methods=["GET", "HEAD"], include_in_schema=False)
def show(file: str, services: Wired) -> Response:
    """A cover by its hash."""
    digest, dot, kind = file.partition(".")
    path = services.covers.path(digest)
    if not (is_cover(digest) and dot + kind == ".webp" and path.is_file()):
        raise NotFound("not-found", "There is no such picture.")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return FileResponse(path, headers=headers, media_type="image/webp")


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            async for piece in request.stream():
                body += piece
                if len(body) > UPLOAD_MAX_BYTES:
                    raise UserError("too-large", f"At most {UPLOAD_MAX_BYTES} bytes are taken.")
    except TimeoutError as error:
        raise UserError("request-timeout", "The body did not arrive in time.") from error
    except ClientDisconnect as error:
        raise UserError("request-timeout", "The body did not arrive whole.") from error
    return bytes(body)
