"""WHEP (draft-ietf-wish-whep): listening at stage delay, for those whom the host named as monitors.

The rules are those of WHIP, with an offer that receives. What both share is in `api/sdp.py`.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from parvis.api.asking import Asker, MaybeKnown, Wired, person_of
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.sdp import (
    FRAGMENT_TEXT,
    FRAGMENT_TYPE,
    SDP_TEXT,
    answered,
    described,
    fragment_in,
    offer_in,
    patched,
    session_in,
    tags_in,
)
from parvis.errors import Refused
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.seat import Person
from parvis.spaces.space import Space

ENDPOINT = f"{API}/whep"

router = APIRouter(prefix=ENDPOINT, tags=["whep"])


@router.options("/{space}", include_in_schema=False)
async def options(space: str, known: MaybeKnown, services: Wired) -> Response:
    """What can be posted here; also the answer to a browser's preflight."""
    asker = None
    if known is not None:
        found = await services.spaces.get(space)
        asker = person_of(known) if found.is_monitor(known.account.id) else None
    return described(asker, services)


@router.options("/{space}/{session}", include_in_schema=False)
async def session_options() -> Response:
    """What a session can be patched with; also the answer to a browser's preflight."""
    return Response(headers={"Accept-Patch": FRAGMENT_TYPE})


@router.post(
    "/{space}",
    status_code=201,
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, **SDP_TEXT}},
    responses={
        **documented(
            "offer-malformed",
            "not-signed-in",
            "cross-origin",
            "not-a-monitor",
            "space-unknown",
            "space-ended",
            "media-type",
            "input-invalid",
            "offer-unsupported",
            busy=("monitors-full", "stage-away"),
        ),
        201: {"description": "The answer. `Location` is the session: DELETE ends it.", **SDP_TEXT},
    },
)
async def offer(space: str, request: Request, asker: Asker, services: Wired) -> Response:
    """Answers an offer of a monitor; replaces the session that it has."""
    await services.rates.whep(asker.account_id)
    sdp = await offer_in(request)
    found = await _allowed(space, asker, services)
    found.check_open()
    reply = await services.stages.offer(space, asker.handle, sdp, monitor=True)
    return answered(reply, ENDPOINT, found, asker, services)


@router.patch(
    "/{space}/{session}",
    status_code=204,
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, **FRAGMENT_TEXT}},
    responses={
        **documented(
            "fragment-malformed",
            "not-signed-in",
            "cross-origin",
            "forbidden",
            "not-a-monitor",
            "space-unknown",
            "session-unknown",
            "ice-session-stale",
            "media-type",
            "input-invalid",
            "tag-required",
            busy=("stage-away", "no-candidates"),
        ),
        200: {"description": "ICE has restarted: the stage's fragment. `ETag` is new.", **FRAGMENT_TEXT},
        204: {"description": "The candidates were taken."},
    },
)
async def patch(space: str, session: str, request: Request, asker: Asker, services: Wired) -> Response:
    """Takes candidates of one's own session, or restarts its ICE."""
    await services.rates.trickle(asker.account_id)
    fragment = await fragment_in(request)
    await _allowed(space, asker, services)
    handle, secret = session_in(session)
    if handle != asker.handle:
        raise Refused("forbidden", "This is somebody else's session.")
    tags = tags_in(request)
    reply = await services.stages.patch(space, handle, secret, fragment, tags, monitor=True)
    return patched(reply, asker, services)


@router.delete(
    "/{space}/{session}",
    response_class=Response,
    responses={
        **documented(
            "not-signed-in",
            "cross-origin",
            "forbidden",
            "no-seat",
            "space-unknown",
            "session-unknown",
            "input-invalid",
            busy=("stage-away",),
        ),
        200: {"description": "The session is over."},
    },
)
async def hang_up(space: str, session: str, asker: Asker, services: Wired) -> Response:
    """Ends a session: one's own, or as host or co-host."""
    found = await services.spaces.get(space)
    handle, secret = session_in(session)
    if handle != asker.handle:
        check_may(found.standing_of(asker.account_id), Act.HANG_UP_OTHERS)
    await services.stages.hang_up(space, handle, secret, monitor=True)
    return Response()


async def _allowed(space_id: str, asker: Person, services: Wired) -> Space:
    found = await services.spaces.get(space_id)
    if not found.is_monitor(asker.account_id):
        raise Refused("not-a-monitor", "The host has not named you as a monitor.")
    return found
