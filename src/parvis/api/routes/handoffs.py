"""Handoffs: the audience of a Space follows into another; and rescue, when its host is suspended."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_care import (
    HandoffBody,
    HandoffCodeOut,
    HandoffCodeTerms,
    HandoffOut,
    RescueBody,
    RescueOut,
)
from parvis.api.times import rfc3339
from parvis.api.views import space_out
from parvis.api.views_care import handoff_out
from parvis.errors import UserError
from parvis.spaces.handoff import HandoffState
from parvis.spaces.handoffs import Wish
from parvis.spaces.rescue import RESCUED

router = APIRouter(prefix=f"{API}/spaces/{{space}}", tags=["handoff"])

_REFUSALS = ("not-signed-in", "cross-origin", "forbidden", "no-seat", "space-unknown", "input-invalid")
_ROADS = ("space-ended", "space-not-live", "handoff-loop", "handoff-code-invalid", "media-type")


@router.post(
    "/handoff",
    status_code=status.HTTP_201_CREATED,
    responses={
        **documented(*_REFUSALS, *_ROADS),
        202: {"description": "The other Space was asked and has 60 s to answer.", "model": HandoffOut},
    },
)
async def hand_off(
    space: str, body: HandoffBody, response: Response, asker: Asker, services: Wired
) -> HandoffOut:
    """Carries the audience to another Space, or asks that Space whether it will have it."""
    wish = Wish(
        reason=body.reason,
        to=body.to,
        url=body.url,
        code=body.code,
        only_from=body.only_from or "",
        end=body.end if "end" in body.model_fields_set else body.only_from is None,
    )
    handoff = await services.handoffs.hand_off(space, wish, asker)
    if handoff.state is HandoffState.ASKED:
        response.status_code = status.HTTP_202_ACCEPTED
    return handoff_out(handoff, services.board, services.origins)


@router.post(
    "/handoff-codes",
    status_code=status.HTTP_201_CREATED,
    responses=documented(*_REFUSALS, "space-ended", "media-type"),
)
async def new_code(
    space: str, asker: Asker, services: Wired, body: HandoffCodeTerms | None = None
) -> HandoffCodeOut:
    """Consent to one handoff into this Space, for whoever has the code."""
    terms = body or HandoffCodeTerms()
    made = await services.handoffs.new_code(space, terms.expires_in_s, asker)
    return HandoffCodeOut(code=made.code, expires_at=rfc3339(made.expires_at_ms))


@router.post(
    "/handoffs/{handoff}/accept",
    responses=documented(
        *_REFUSALS, "handoff-unknown", "handoff-over", "handoff-loop", "space-ended", "space-not-live"
    ),
)
async def accept(space: str, handoff: str, asker: Asker, services: Wired) -> HandoffOut:
    """This Space will have the audience that was offered."""
    decided = await services.handoffs.decide(space, handoff, asker, accept=True)
    return handoff_out(decided, services.board, services.origins)


@router.post(
    "/handoffs/{handoff}/decline",
    responses=documented(*_REFUSALS, "handoff-unknown", "handoff-over"),
)
async def decline(space: str, handoff: str, asker: Asker, services: Wired) -> HandoffOut:
    """This Space will not have the audience that was offered."""
    decided = await services.handoffs.decide(space, handoff, asker, accept=False)
    return handoff_out(decided, services.board, services.origins)


@router.post("/rescue", responses=documented(*_REFUSALS, *_ROADS, "host-not-suspended"))
async def rescue(space: str, asker: Asker, services: Wired, body: RescueBody | None = None) -> RescueOut:
    """Takes over from a suspended host for good, or hands the audience off."""
    wanted = body or RescueBody()
    if wanted.to is None and wanted.code is not None:
        raise UserError("input-invalid", "code: it is for a handoff, and needs to.")
    wish = Wish(reason=wanted.reason or RESCUED, to=wanted.to, code=wanted.code) if wanted.to else None
    rescued = await services.rescues.rescue(space, asker, wish)
    handoff = rescued.handoff
    return RescueOut(
        space=space_out(rescued.space, asker.account_id, services.live, services.origins),
        handoff=handoff_out(handoff, services.board, services.origins) if handoff is not None else None,
    )
