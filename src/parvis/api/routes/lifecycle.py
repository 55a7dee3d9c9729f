"""Calling a Space off, and making another like it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import SpaceOut
from parvis.api.schemas_listing import Copy
from parvis.api.times import parse_rfc3339
from parvis.api.views import space_out

router = APIRouter(prefix=f"{API}/spaces/{{space}}", tags=["spaces"])

_REFUSALS: Final = ("not-signed-in", "cross-origin", "forbidden", "no-seat", "space-unknown", "input-invalid")


@router.post("/cancel", responses=documented(*_REFUSALS, "space-begun", "space-ended"))
async def cancel(space: str, asker: Asker, services: Wired) -> SpaceOut:
    """Called off before it began, for good; for the host. Already called off: nothing changes."""
    cancelled = await services.spaces.cancel(space, asker)
    return space_out(cancelled, asker.account_id, services.live, services.origins)


@router.post(
    "/duplicate",
    status_code=status.HTTP_201_CREATED,
    responses=documented(*_REFUSALS, "media-type", "spaces-full"),
)
async def duplicate(space: str, asker: Asker, services: Wired, body: Copy | None = None) -> SpaceOut:
    """A new scheduled Space of the asker's with the same words and settings; for host and co-hosts."""
    starts_at = body.starts_at if body is not None else None
    starts_at_ms = parse_rfc3339(starts_at) if starts_at is not None else None
    made = await services.spaces.duplicate(space, asker, starts_at_ms)
    return space_out(made, asker.account_id, services.live, services.origins)
