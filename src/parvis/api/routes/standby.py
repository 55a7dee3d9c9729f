"""The standby sound of a Space.

An upload is larger than other bodies, so it is read here, after it is known who asks and that they may.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, status
from starlette.requests import ClientDisconnect

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_care import StandbyLoopOut
from parvis.api.standby import UPLOAD_MAX_BYTES
from parvis.errors import UserError
from parvis.spaces.permissions import Act, check_may

router = APIRouter(prefix=f"{API}/spaces/{{space}}/standby-loop", tags=["stage"])

_BODY_TIMEOUT_S: Final = 60.0
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_REFUSALS = (
    "not-signed-in",
    "cross-origin",
    "forbidden",
    "no-seat",
    "space-unknown",
    "space-ended",
    "input-invalid",
)


@router.put(
    "",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": _BINARY, "audio/*": _BINARY},
        }
    },
    responses=documented(*_REFUSALS, "media-type", "audio-unreadable", "audio-too-long"),
)
async def upload(space: str, request: Request, asker: Asker, services: Wired) -> StandbyLoopOut:
    """A sound for `standby: "loop"`: anything that FFmpeg decodes, 1 to 30 s."""
    await services.rates.upload(asker.account_id)
    found = await services.spaces.get(space)
    check_may(found.standing_of(asker.account_id), Act.EDIT)
    found.check_open()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not media_type.startswith("audio/") and media_type != "application/octet-stream":
        raise UserError("media-type", "A sound is audio/* or application/octet-stream.")
    sound = await services.standby.prepare(await _body(request))
    await services.standby.keep(space, sound)
    changed = await services.spaces.set_standby_loop(space, asker, there=True)
    await services.standby.tell(changed)
    return StandbyLoopOut(
        revision=changed.standby_loop, duration_s=round(sound.duration_s, 3), size_bytes=len(sound.audio)
    )


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_REFUSALS))
async def take_away(space: str, asker: Asker, services: Wired) -> None:
    """The sound goes; without one nothing changes."""
    changed = await services.spaces.set_standby_loop(space, asker, there=False)
    await services.standby.tell(changed)


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
