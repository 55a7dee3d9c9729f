"""Calendars: of one Space, to be reminded of it; of a host, to subscribe to."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from parvis.api.asking import MaybeKnown, Wired, address_of
from parvis.api.members import admits
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.routes.listings import host_id_of
from parvis.spaces.calendar import calendar
from parvis.spaces.passes import pass_needed

router = APIRouter(prefix=API, tags=["calendars"])

MEDIA_TYPE: Final = "text/calendar"
KEPT_MS: Final = 90 * 86_400_000
"""What is longer past is in no calendar to subscribe to."""
EVENTS_MAX: Final = 300
_ICS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}


@router.get(
    "/spaces/{space}/calendar.ics",
    response_class=Response,
    responses=_ICS | documented("not-signed-in", "pass-needed", "space-unknown", "input-invalid"),
)
async def of_space(space: str, request: Request, known: MaybeKnown, services: Wired) -> Response:
    """One Space, if it was announced for a time. Of one for members only with a pass or a seat."""
    await services.rates.lists(address_of(request))
    found = await services.spaces.get(space)
    if not await admits(found, request, known, services):
        raise pass_needed()
    now_ms = int(services.clock.wall_s() * 1000)
    return _answer(calendar([found], services.origins.share, now_ms), f"{space}.ics")


@router.get(
    "/accounts/{handle}/calendar.ics",
    response_class=Response,
    responses=_ICS | documented("account-unknown", "input-invalid"),
)
async def of_host(handle: str, request: Request, services: Wired) -> Response:
    """The public Spaces of a host: upcoming, and those of the last 90 days."""
    await services.rates.lists(address_of(request))
    host_id = await host_id_of(services, handle)
    now_ms = int(services.clock.wall_s() * 1000)
    async with services.database.read_spaces() as records:
        spaces = await records.of_host(host_id, now_ms - KEPT_MS, EVENTS_MAX)
    name = spaces[0].host.person.display_name if spaces else f"@{handle}"
    return _answer(calendar(spaces, services.origins.share, now_ms, name=name), f"{handle}.ics")


def _answer(body: bytes, name: str) -> Response:
    headers = {
        "Cache-Control": "public, max-age=60",
        "Content-Disposition": f'inline; filename="{name}"',
    }
    return Response(body, media_type=f"{MEDIA_TYPE}; charset=utf-8; method=PUBLISH", headers=headers)
