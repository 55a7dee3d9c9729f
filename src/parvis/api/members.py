"""Spaces for members, as those see them who have neither a seat nor a pass: title and state, nothing else.

Whoever is banned there is one of these, whatever pass they show.
"""

from __future__ import annotations

from fastapi import Request

from parvis.api.asking import person_of
from parvis.api.schemas import CountsOut, HostOut, SpaceOut
from parvis.api.services import Services
from parvis.errors import Refused
from parvis.people.port import Session
from parvis.spaces.passes import pass_needed
from parvis.spaces.space import Space
from parvis.spaces.visibility import Visibility

HEADER = "x-parvis-pass"
QUERY = "pass"


def shown_pass(request: Request) -> str:
    """The pass that a request shows; "" without one."""
    return request.headers.get(HEADER, "") or request.query_params.get(QUERY, "")


async def admits(space: Space, request: Request, known: Session | None, services: Services) -> bool:
    """Whether who asks may know all of a Space."""
    if space.listing.visibility is not Visibility.MEMBERS:
        return True
    if known is not None:
        if known.account.operator or space.role_of(known.account.id) is not None:
            return True
        if await services.bans.has(space.id, known.account.id):
            return False
    try:
        await services.passes.check(space.id, shown_pass(request))
    except Refused:
        return False
    return True


async def check_admitted(space_id: str, request: Request, known: Session | None, services: Services) -> None:
    """Raises `Refused` `pass-needed` or `banned` for who may not know what is said in a Space, `NotFound`
    `space-unknown`."""
    space = services.board.get(space_id) or await services.spaces.get(space_id)
    if not await admits(space, request, known, services):
        if known is not None:
            await services.bans.check(space_id, person_of(known))
        raise pass_needed()


def hidden(shown: SpaceOut) -> SpaceOut:
    """What is left of a Space for strangers."""
    return shown.model_copy(
        update={
            "description": "",
            "host": HostOut(handle="", display_name=""),
            "starts_at": None,
            "started_at": None,
            "ended_at": None,
            "counts": CountsOut(listeners=0, peak_listeners=0, total_listeners=0),
            "acting_host": None,
            "handed_to": None,
            "ends_at": None,
            "postponed": 0,
            "topics": [],
            "cover": None,
        }
    )
