"""What other sites show of a Space: its preview picture, and its player by oEmbed (oembed.com, version 1.0).

- `url` may be a share link or the address of the embedded player, of this Parvis only.
- Of a Space for members there is a picture, with title and state; its player can't be embedded, for the pass
  is in the reader's own link.
- The picture is drawn from what the Space is now, and has a strong `ETag`: a crawler that asks again and
  finds it unchanged is told so.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from html import escape
from typing import Annotated, Any, Final
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from parvis.api.asking import Wired, address_of
from parvis.api.home_words import DAYS, MONTHS
from parvis.api.previews import HEIGHT, WIDTH, Preview, tag
from parvis.api.problems import documented, problem
from parvis.api.views import Origins
from parvis.errors import NotFound
from parvis.spaces.space import CANCELLED, Space, State
from parvis.spaces.visibility import Visibility
from parvis.spaces.words import is_space_id

router = APIRouter(include_in_schema=False)

PLAYER_WIDTH: Final = 480
PLAYER_HEIGHT: Final = 180
PLAYER_WIDTH_MIN: Final = 240
_FULL_FROM: Final = 100_000
"""So many listeners fill the square of a picture."""
_STATES: Final = {
    "en": {
        "scheduled": "Upcoming",
        "live": "Live",
        "held": "On hold",
        "ended": "Over",
        "cancelled": "Cancelled",
    },
    "fr": {
        "scheduled": "À venir",
        "live": "En direct",
        "held": "En suspens",
        "ended": "Terminé",
        "cancelled": "Annulé",
    },
}
_WITH: Final = {"en": "with {}", "fr": "avec {}"}
_MEMBERS: Final = {"en": "for members", "fr": "réservé aux membres"}


@router.api_route("/previews/{file}", methods=["GET", "HEAD"])
async def preview(file: str, request: Request, services: Wired) -> Response:
    """`/previews/{space}.png`."""
    space_id, dot, kind = file.partition(".")
    if not (is_space_id(space_id) and dot + kind == ".png"):
        raise NotFound("not-found", "There is no such picture.")
    await services.rates.lists(address_of(request))
    space = services.board.get(space_id) or await services.spaces.get(space_id)
    picture = await services.previews.png(shown(space, services.live.listeners(space_id)))
    headers = {
        "Cache-Control": "public, max-age=60",
        "ETag": tag(picture),
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type="image/png", headers=headers)


@router.get("/oembed", responses=documented("space-unknown", "input-invalid", "format-unknown"))
async def oembed(
    request: Request,
    services: Wired,
    url: Annotated[str, Query(max_length=500)],
    format: Annotated[str, Query(max_length=20)] = "json",
    maxwidth: Annotated[int, Query(ge=1, le=10_000)] = PLAYER_WIDTH,
    maxheight: Annotated[int, Query(ge=1, le=10_000)] = PLAYER_HEIGHT,
) -> Response:
    """The player of a Space, for a page that has its link."""
    if format not in ("json", "xml"):
        return problem(501, "format-unknown", "The format is json or xml.")
    await services.rates.lists(address_of(request))
    space_id = _space_of(url, services.origins)
    space = await services.spaces.get(space_id) if space_id is not None else None
    if space is None or space.listing.visibility is Visibility.MEMBERS:
        raise NotFound("space-unknown", "There is no Space at this address that can be embedded.")
    fields = oembed_fields(space, services.origins, maxwidth, maxheight)
    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    if format == "json":
        return JSONResponse(fields, headers=headers, media_type="application/json")
    return Response(_xml(fields), media_type="text/xml; charset=utf-8", headers=headers)


def oembed_fields(space: Space, origins: Origins, maxwidth: int, maxheight: int) -> dict[str, Any]:
    """The members of an answer of type `rich`: no larger than asked for, but never too small."""
    width = max(PLAYER_WIDTH_MIN, min(PLAYER_WIDTH, maxwidth))
    height = max(PLAYER_HEIGHT // 2, min(PLAYER_HEIGHT, maxheight))
    src = escape(origins.embed(space.id))
    html = (
        f'<iframe src="{src}" width="{width}" height="{height}" title="{escape(space.title)}" '
        'allow="autoplay" loading="lazy" style="border:0"></iframe>'
    )
    host = space.host.person
    return {
        "version": "1.0",
        "type": "rich",
        "title": space.title,
        "author_name": host.display_name,
        "author_url": f"{origins.control}/@{host.handle}",
        "provider_name": "Parvis",
        "provider_url": f"{origins.control}/",
        "cache_age": 300,
        "thumbnail_url": f"{origins.control}/previews/{space.id}.png",
        "thumbnail_width": WIDTH,
        "thumbnail_height": HEIGHT,
        "html": html,
        "width": width,
        "height": height,
    }


def shown(space: Space, listeners: int) -> Preview:
    """What the picture of a Space shows, in the Space's own language if we speak it."""
    language = "fr" if space.language.partition("-")[0] == "fr" else "en"
    state = CANCELLED if space.end_reason == CANCELLED else space.state.value
    live = space.state is State.LIVE
    if space.listing.visibility is Visibility.MEMBERS:
        return Preview(space.title, _MEMBERS[language], _STATES[language][state], "", live)
    host = _WITH[language].format(space.host.person.display_name)
    when = ""
    if state == State.SCHEDULED.value and space.starts_at_ms is not None:
        when = _time(space.starts_at_ms, language)
    # Steps of two: else there would be another picture for each listener.
    share = math.log2(listeners + 1) / math.log2(_FULL_FROM) if space.is_on_air else 0.0
    crowd = min(1.0, round(share * 16) / 16)
    return Preview(space.title, host, _STATES[language][state], when, live, crowd)


def _time(unix_ms: int, language: str) -> str:
    at = datetime.fromtimestamp(unix_ms / 1000, UTC)
    day, month = DAYS[language][at.weekday()], MONTHS[language][at.month - 1]
    return f"{day} {at.day} {month}, {at:%H:%M} UTC"


def _space_of(url: str, origins: Origins) -> str | None:
    for beginning in (f"{origins.edge}/s/", f"{origins.edge}/embed/"):
        if url.startswith(beginning):
            space_id = url.removeprefix(beginning).partition("?")[0].partition("#")[0].rstrip("/")
            return space_id if is_space_id(space_id) else None
    return None


def _xml(fields: dict[str, Any]) -> bytes:
    root = ET.Element("oembed")
    for name, value in fields.items():
        ET.SubElement(root, name).text = "".join(c for c in str(value) if c >= " " or c in "\n\t")
    document: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n' + document
