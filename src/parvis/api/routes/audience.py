"""Who listens: badges for those who want to be known, counts, and a few of those who want to be seen."""

from __future__ import annotations

from fastapi import APIRouter, Request, status

from parvis.api.asking import Known, Wired, address_of, person_of
from parvis.api.members import check_admitted, shown_pass
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_audience import AudienceOut, BadgeOut, BadgeTerms, PresentOut
from parvis.api.times import rfc3339
from parvis.api.views import counts_out

router = APIRouter(prefix=f"{API}/spaces/{{space}}", tags=["audience"])

_REFUSALS = ("not-signed-in", "space-unknown", "pass-needed", "input-invalid")


@router.post(
    "/badge",
    status_code=status.HTTP_201_CREATED,
    responses=documented(*_REFUSALS, "cross-origin", "banned", "space-ended", "media-type"),
)
async def badge(
    space: str, request: Request, known: Known, services: Wired, body: BadgeTerms | None = None
) -> BadgeOut:
    """What to show an edge beside listening (`X-Parvis-Badge`), to be known there."""
    await services.rates.badge(known.account.id, address_of(request))
    await check_admitted(space, request, known, services)
    seen = (body or BadgeTerms()).seen
    text, expires_at_s = await services.badges.give(
        space, person_of(known), seen=seen, shown_pass=shown_pass(request)
    )
    return BadgeOut(badge=text, expires_at=rfc3339(expires_at_s * 1000))


@router.get("/audience", responses=documented(*_REFUSALS, "banned"))
async def audience(space: str, request: Request, known: Known, services: Wired) -> AudienceOut:
    """Counts, and at most 24 of those who chose to be seen; for who is signed in."""
    await services.rates.badge(known.account.id, address_of(request))
    await check_admitted(space, request, known, services)
    found = services.board.get(space) or await services.spaces.get(space)
    present = await services.presence.of(found.id)
    return AudienceOut(
        counts=counts_out(found, services.live),
        seen=services.presence.count(found.id),
        sample=[
            PresentOut(
                handle=account.handle,
                display_name=account.display_name,
                avatar=services.origins.avatar(account.avatar),
            )
            for account in present
        ],
    )
