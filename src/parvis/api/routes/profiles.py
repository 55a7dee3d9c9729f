"""Other people: their profiles, whom one follows, whom one has blocked."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, status

from parvis.api.asking import Known, MaybeKnown, Wired, address_of
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_people import ProfileOut, RelationList
from parvis.api.views_people import profile_out, relations_out

router = APIRouter(prefix=f"{API}/accounts", tags=["people"])

Handle = Annotated[str, Path(max_length=100)]
_SPACES_MAX: Final = 60
_REFUSALS: Final = ("not-signed-in", "cross-origin", "account-unknown", "input-invalid")


@router.get("/me/following", responses=documented("not-signed-in"))
async def following(known: Known, services: Wired) -> RelationList:
    """Whom one follows, the newest first."""
    return relations_out(await services.relations.following(known.account.id), services.origins)


@router.get("/me/blocks", responses=documented("not-signed-in"))
async def blocks(known: Known, services: Wired) -> RelationList:
    """Whom one has blocked, the newest first. Nobody else sees this."""
    return relations_out(await services.relations.blocked(known.account.id), services.origins)


@router.get("/{handle}", responses=documented("not-signed-in", "account-unknown", "input-invalid"))
async def profile(handle: Handle, request: Request, known: MaybeKnown, services: Wired) -> ProfileOut:
    """An account as everybody sees it, with its public Spaces."""
    await services.rates.profile(address_of(request))
    found = await services.relations.profile(handle, known.account.id if known is not None else None)
    hosted = await services.spaces.hosted(found.account.id, _SPACES_MAX)
    return profile_out(found, hosted, services.origins)


@router.put(
    "/{handle}/follow",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(*_REFUSALS, "blocked"),
)
async def follow(handle: Handle, known: Known, services: Wired) -> None:
    """Twice changes nothing."""
    await services.rates.relation(known.account.id)
    await services.relations.follow(known.account.id, handle)


@router.delete("/{handle}/follow", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_REFUSALS))
async def unfollow(handle: Handle, known: Known, services: Wired) -> None:
    """Not followed: nothing changes."""
    await services.relations.unfollow(known.account.id, handle)


@router.put("/{handle}/block", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_REFUSALS))
async def block(handle: Handle, known: Known, services: Wired) -> None:
    """They can't follow, raise a hand or write where one is host. Twice changes nothing."""
    await services.rates.relation(known.account.id)
    await services.relations.block(known.account.id, handle)


@router.delete("/{handle}/block", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_REFUSALS))
async def unblock(handle: Handle, known: Known, services: Wired) -> None:
    """Not blocked: nothing changes."""
    await services.relations.unblock(known.account.id, handle)
