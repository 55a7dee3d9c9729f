"""Invitations to the stage: by link, or to a handle."""

from __future__ import annotations

from fastapi import APIRouter, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import InvitationOut, InvitationTerms, SentList
from parvis.api.times import rfc3339
from parvis.api.views_invitations import sent_out
from parvis.spaces.invitation import mark
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
        "blocked",
        "space-unknown",
        "account-unknown",
        "space-ended",
        "already-seated",
        "input-invalid",
        "media-type",
    ),
)
async def invite(
    space: str, asker: Asker, services: Wired, body: InvitationTerms | None = None
) -> InvitationOut:
    """A link that is worth a seat, or an invitation to a handle: for host and co-hosts; a co-host's seat is
    the host's to give. Shown this once."""
    terms = body or InvitationTerms()
    if terms.handle is not None:
        await services.rates.invite(asker.account_id)
    invited = await services.spaces.invite(
        space, asker, Role(terms.role), terms.uses, terms.expires_in_s, terms.handle
    )
    if terms.handle is not None:
        services.talk.say(space, "invited", to=mark(space, terms.handle))
    return InvitationOut(
        id=invited.invitation.id,
        link=services.origins.invitation(space, invited.code),
        handle=terms.handle,
        role=terms.role,
        uses_left=invited.invitation.uses_left,
        expires_at=rfc3339(invited.invitation.expires_at_ms),
    )


@router.get(
    "", responses=documented("not-signed-in", "forbidden", "no-seat", "space-unknown", "input-invalid")
)
async def sent(space: str, asker: Asker, services: Wired) -> SentList:
    """The newest 100 that still count; for host and co-hosts. Without what they are worth."""
    return sent_out(await services.invitations.sent(space, asker), services.origins)


@router.delete(
    "/{invitation}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(
        "not-signed-in",
        "cross-origin",
        "forbidden",
        "no-seat",
        "space-unknown",
        "invitation-unknown",
        "input-invalid",
    ),
)
async def revoke(space: str, invitation: str, asker: Asker, services: Wired) -> None:
    """Takes it back; for host and co-hosts. Who took a seat by it keeps that."""
    await services.invitations.revoke(space, invitation, asker)
