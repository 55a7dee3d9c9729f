"""Pictures of people: one's own, and everybody's to see.

An upload is larger than other bodies, so it is read here, after it is known who asks.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import FileResponse
from starlette.requests import ClientDisconnect

from parvis.api.asking import Known, Wired
from parvis.api.paths import AVATAR_PATH
from parvis.api.pictures import AVATAR_MAX_BYTES
from parvis.api.problems import documented
from parvis.api.schemas import AccountOut
from parvis.api.views import account_out
from parvis.errors import NotFound, UserError
from parvis.people.account import Account

router = APIRouter(tags=["people"])

_BODY_TIMEOUT_S: Final = 60.0
_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "application/octet-stream"})
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}


@router.put(
    AVATAR_PATH,
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(sorted(_TYPES), _BINARY)}},
    responses=documented("not-signed-in", "cross-origin", "media-type", "picture-unreadable"),
)
async def upload(request: Request, known: Known, services: Wired) -> AccountOut:
    """A PNG, JPEG or WebP of at most 2 MiB; its middle is kept as a square of 256 px, nothing else of it."""
    await services.rates.avatar(known.account.id)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
        raise UserError("media-type", "A picture is image/png, image/jpeg or image/webp.")
    picture = await services.avatars.make(await _body(request))
    async with services.avatars.changing:
        avatar = await services.avatars.keep(picture)
        return account_out(await _show(known.account, avatar, services), services.origins)


@router.delete(
    AVATAR_PATH,
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented("not-signed-in", "cross-origin"),
)
async def take_away(known: Known, services: Wired) -> None:
    """No picture; without one nothing changes."""
    async with services.avatars.changing:
        await _show(known.account, None, services)


@router.api_route("/avatars/{file}", methods=["GET", "HEAD"], include_in_schema=False)
def show(file: str, services: Wired) -> Response:
    """A picture, for everybody, for ever: under its name there is never another."""
    path = services.avatars.find(file.removesuffix(".webp")) if file.endswith(".webp") else None
    if path is None:
        raise NotFound("not-found", "There is no such picture.")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return FileResponse(path, headers=headers, media_type="image/webp")


async def _show(account: Account, avatar: str | None, services: Wired) -> Account:
    unused = await services.profiles.set_avatar(account, avatar)
    if unused is not None:
        await services.avatars.drop(unused)
    return replace(account, avatar=avatar)


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            async for piece in request.stream():
                body += piece
                if len(body) > AVATAR_MAX_BYTES:
                    raise UserError("too-large", f"At most {AVATAR_MAX_BYTES} bytes are taken.")
    except TimeoutError as error:
        raise UserError("request-timeout", "The body did not arrive in time.") from error
    except ClientDisconnect as error:
        raise UserError("request-timeout", "The body did not arrive whole.") from error
    return bytes(body)
