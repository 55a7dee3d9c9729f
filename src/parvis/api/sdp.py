"""What WHIP and WHEP have in common: SDP in requests and answers, entity tags, fragments.

- A session's URL is `{handle}.{session}`: control keeps no table of sessions, so that one which was begun
  before control restarted can still be ended. The stage's part of it can't be guessed.
- An entity tag names the ICE session that a fragment is of (RFC 9725 §4.3.1): without one `428`, with another
  than the stage's `412`. It counts for PATCH only; DELETE ignores it.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request, Response

from parvis.api.services import Services
from parvis.bus.messages import IceReply, OfferReply
from parvis.errors import NotFound, RemoteProtocolError, UserError
from parvis.people.account import is_handle
from parvis.spaces.seat import Person
from parvis.spaces.space import Space

SDP_TYPE: Final = "application/sdp"
FRAGMENT_TYPE: Final = "application/trickle-ice-sdpfrag"
EVENTS_LINK: Final = "urn:parvis:whip:events"
"""Where one learns that the stage has changed (docs/protocol.md §6)."""
SDP_TEXT: Final[dict[str, Any]] = {"content": {SDP_TYPE: {"schema": {"type": "string"}}}}
FRAGMENT_TEXT: Final[dict[str, Any]] = {"content": {FRAGMENT_TYPE: {"schema": {"type": "string"}}}}


async def offer_in(request: Request) -> str:
    """The offer in a request. Raises `UserError` `media-type`, `offer-malformed`."""
    _check_type(request, SDP_TYPE, "An offer")
    try:
        sdp = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise UserError("offer-malformed", "The offer is not UTF-8.") from error
    if not sdp.startswith("v=0"):
        raise UserError("offer-malformed", "An offer begins with v=0.")
    return sdp


async def fragment_in(request: Request) -> str:
    """The SDP fragment in a request. Raises `UserError` `media-type`, `RemoteProtocolError`
    `fragment-malformed`."""
    _check_type(request, FRAGMENT_TYPE, "A fragment")
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise RemoteProtocolError("fragment-malformed", "The fragment is not UTF-8.") from error


def tags_in(request: Request) -> tuple[str, ...]:
    """The entity tags of `If-Match`, "*" among them for any. Weak ones match nothing (RFC 9110 §13.1.1); the
    asterisk may stand in quotes, as some clients send it.

    Raises `UserError` `tag-required`.
    """
    values = request.headers.getlist("if-match")
    if not values:
        raise UserError("tag-required", "If-Match must name the ICE session.")
    tags = (tag.strip() for tag in ",".join(values).split(","))
    return tuple(tag.strip('"') for tag in tags if tag and not tag.startswith("W/"))


def session_in(name: str) -> tuple[str, str]:
    """Handle and secret of a session's URL. Raises `NotFound` `session-unknown`."""
    handle, _, secret = name.partition(".")
    if not is_handle(handle) or not secret:
        raise NotFound("session-unknown", "There is no such session.")
    return handle, secret


def answered(reply: OfferReply, endpoint: str, space: Space, asker: Person, services: Services) -> Response:
    """`201`: the answer, where its session is, and what else a client should know."""
    events = f'<{services.origins.links(space).events}>; rel="{EVENTS_LINK}"'
    headers = {
        "Location": f"{endpoint}/{space.id}/{asker.handle}.{reply.session}",
        "ETag": f'"{reply.tag}"',
        "Link": ", ".join([events, *services.ice_servers.links(asker.account_id)]),
        "Accept-Patch": FRAGMENT_TYPE,
        "X-Parvis-Stage-Epoch": str(reply.epoch),
    }
    return Response(reply.sdp, 201, headers, media_type=SDP_TYPE)


def patched(reply: IceReply, asker: Person, services: Services) -> Response:
    """`204` for candidates; `200`, the stage's fragment and its new tag after a restart."""
    if not reply.tag:
        return Response(status_code=204)
    headers = {"ETag": f'"{reply.tag}"'}
    if links := services.ice_servers.links(asker.account_id):
        headers["Link"] = ", ".join(links)
    return Response(reply.fragment, 200, headers, media_type=FRAGMENT_TYPE)


def described(asker: Person | None, services: Services) -> Response:
    """`200` to OPTIONS at an endpoint. Who may use it is told the ICE servers, for clients that must know
    them before they make an offer; a browser's preflight comes from nobody."""
    headers = {"Accept-Post": SDP_TYPE}
    if asker is not None and (links := services.ice_servers.links(asker.account_id)):
        headers["Link"] = ", ".join(links)
    return Response(headers=headers)


def _check_type(request: Request, expected: str, what: str) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != expected:
        raise UserError("media-type", f"{what} is {expected}.")
