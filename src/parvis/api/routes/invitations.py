"""Invitations to the stage."""

from __future__ import annotations

from fastapi import APIRouter, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import InvitationOut, InvitationTerms
from parvis.api.times import rfc3339
from parvis.spaces.seat import Role

router = APIRouter(prefix=f"{API}/spaces/{{space}}/invitations", tags=["stage"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=documented(
        "not-signed-in",
        "cross-origin",
        "forbidden",
        "no-seat",
        "space-unknown",
        "space-ended",
        "input-invalid",
        "media-type",
    ),
)
async def invite(
    space: str, asker: Asker, services: Wired, body: InvitationTerms | None = None
) -> InvitationOut:
    """A link that is worth a seat; for host and co-hosts, a co-host's seat for the host. Shown this once."""
    terms = body or InvitationTerms()
    invited = await services.spaces.invite(space, asker, Role(terms.role), terms.uses, terms.expires_in_s)
    return InvitationOut(
        id=invited.invitation.id,
        link=services.origins.invitation(space, invited.code),
        role=terms.role,
        uses_left=invited.invitation.uses_left,
        expires_at=rfc3339(invited.invitation.expires_at_ms),
    )
