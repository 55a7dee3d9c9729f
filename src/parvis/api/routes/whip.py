"""WHIP (RFC 9725): taking one's seat with sound.

- The session's URL is `{handle}.{session}`: control keeps no table of sessions, so that one which was begun
  before control restarted can still be ended. The stage's part of it can't be guessed.
- Neither trickle ICE nor restarts: PATCH is answered by 405 (§4.3), and answers hold all candidates.
- Any site may call it with a token (§4.7 asks for CORS); the headers for that are in `api/headers.py`.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.errors import NotFound, UserError
from parvis.people.account import is_handle
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.seat import Person
from parvis.spaces.space import Space

SDP_TYPE: Final = "application/sdp"
EVENTS_LINK: Final = "urn:parvis:whip:events"
"""Where one learns that the stage has changed (docs/protocol.md §6)."""
_SDP_TEXT: Final[dict[str, Any]] = {"content": {SDP_TYPE: {"schema": {"type": "string"}}}}

router = APIRouter(prefix=f"{API}/whip", tags=["whip"])


@router.options("/{space}", include_in_schema=False)
@router.options("/{space}/{session}", include_in_schema=False)
async def options() -> Response:
    """What can be posted here; also the answer to a browser's preflight."""
    return Response(headers={"Accept-Post": SDP_TYPE})


@router.post(
    "/{space}",
    status_code=201,
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, **_SDP_TEXT}},
    responses={
        **documented(
            "offer-malformed",
            "not-signed-in",
            "cross-origin",
            "banned",
            "no-seat",
            "space-unknown",
            "space-ended",
            "media-type",
            "input-invalid",
            "offer-unsupported",
            busy=("stage-full", "stage-away"),
        ),
        201: {"description": "The answer. `Location` ends the session by DELETE.", **_SDP_TEXT},
    },
)
async def offer(space: str, request: Request, asker: Asker, services: Wired) -> Response:
    """Answers an offer for the asker's own seat; replaces the session that the seat has."""
    await services.rates.whip(asker.account_id)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP_TYPE:
        raise UserError("media-type", f"An offer is {SDP_TYPE}.")
    found = await _seated(space, asker, services)
    found.check_open()
    try:
        sdp = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise UserError("offer-malformed", "The offer is not UTF-8.") from error
    if not sdp.startswith("v=0"):
        raise UserError("offer-malformed", "An offer begins with v=0.")
    reply = await services.stages.offer(space, asker.handle, sdp)
    return Response(
        reply.sdp,
        201,
        {
            "Location": f"{API}/whip/{space}/{asker.handle}.{reply.session}",
            "ETag": f'"{hashlib.sha256(reply.session.encode()).hexdigest()[:16]}"',
            "Link": f'<{services.origins.links(found).events}>; rel="{EVENTS_LINK}"',
            "X-Parvis-Stage-Epoch": str(reply.epoch),
        },
        media_type=SDP_TYPE,
    )


@router.delete(
    "/{space}/{session}",
    response_class=Response,
    responses={
        **documented(
            "not-signed-in",
            "cross-origin",
            "forbidden",
            "banned",
            "no-seat",
            "space-unknown",
            "session-unknown",
            "input-invalid",
            busy=("stage-away",),
        ),
        200: {"description": "The sound is off; the seat stays."},
    },
)
async def hang_up(space: str, session: str, asker: Asker, services: Wired) -> Response:
    """Ends a session: one's own, or as host or co-host."""
    found = await _seated(space, asker, services)
    handle, _, secret = session.partition(".")
    if not is_handle(handle) or not secret:
        raise NotFound("session-unknown", "There is no such session.")
    if handle != asker.handle:
        check_may(found.standing_of(asker.account_id), Act.HANG_UP_OTHERS)
    await services.stages.hang_up(space, handle, secret)
    return Response()


async def _seated(space_id: str, asker: Person, services: Wired) -> Space:
    found = await services.spaces.get(space_id)
    if found.seat_of(asker.account_id) is None:
        await services.bans.check(space_id, asker)
    check_may(found.standing_of(asker.account_id), Act.SPEAK)
    return found
