"""What one is invited to oneself."""

from __future__ import annotations

from fastapi import APIRouter, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import WaitingList
from parvis.api.views_invitations import waiting_out

router = APIRouter(prefix=f"{API}/accounts/me/invitations", tags=["stage"])


@router.get("", responses=documented("not-signed-in"))
async def waiting(asker: Asker, services: Wired) -> WaitingList:
    """What one is invited to by handle and has not answered, the newest first."""
    return waiting_out(await services.invitations.mine(asker), services.origins)


@router.delete(
    "/{invitation}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented("not-signed-in", "cross-origin", "invitation-unknown", "input-invalid"),
)
async def decline(invitation: str, asker: Asker, services: Wired) -> None:
    """One does not come."""
    await services.invitations.decline(invitation, asker)
