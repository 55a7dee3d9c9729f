"""Bans: who may not speak, write or ask in a Space any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_manners import BanBody, BanList, BanOut
from parvis.api.views_manners import ban_out

router = APIRouter(prefix=f"{API}/spaces/{{space}}/bans", tags=["bans"])

_REFUSALS = ("not-signed-in", "cross-origin", "forbidden", "no-seat", "space-unknown", "input-invalid")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses={
        **documented(*_REFUSALS, "account-unknown", "host-must-stay", "space-ended", "media-type"),
        200: {"description": "Banned already; the first reason stands.", "model": BanOut},
    },
)
async def ban(space: str, body: BanBody, response: Response, asker: Asker, services: Wired) -> BanOut:
    """Takes seat, sound, hand and messages at once, and the way back."""
    seen = services.live.seen(space)
    banned = await services.bans.ban(space, body.handle, body.reason, asker, seen)
    if not banned.new:
        response.status_code = status.HTTP_200_OK
    return ban_out(banned.ban)


@router.get("", responses=documented(*_REFUSALS))
async def bans(space: str, asker: Asker, services: Wired) -> BanList:
    """Who is banned, newest first; for host, acting host and co-hosts."""
    return BanList(items=[ban_out(one) for one in await services.bans.all(space, asker)])


@router.delete(
    "/{handle}", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_REFUSALS, "ban-unknown")
)
async def lift(
    space: str, handle: Annotated[str, Path(max_length=100)], asker: Asker, services: Wired
) -> None:
    """May come back as anybody may; what was taken is not given back."""
    await services.bans.lift(space, handle, asker)
