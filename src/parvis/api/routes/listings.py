"""Lists of public Spaces for whoever asks, and search in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from parvis.api.asking import Wired, address_of
from parvis.api.listing_views import listed_page, place_of
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_listing import ListedPage, PhaseName
from parvis.errors import NotFound
from parvis.people.account import is_handle
from parvis.spaces.listings import Phase

router = APIRouter(prefix=API, tags=["listings"])

QUERY_MAX = 200
Cursor = Annotated[str | None, Query(max_length=100, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=50)]


@router.get("/listings", responses=documented("account-unknown", "input-invalid"))
async def listings(
    request: Request,
    services: Wired,
    phase: Annotated[PhaseName, Query(description="Which list.")] = "live",
    host: Annotated[str | None, Query(max_length=30, description="Only those of this host.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ListedPage:
    """Public Spaces that are live or past, the newest first, or upcoming, the next first."""
    await services.rates.lists(address_of(request))
    after = place_of(cursor) if cursor is not None else None
    host_id = await host_id_of(services, host) if host is not None else None
    found = await services.listings.page(Phase(phase), after, limit + 1, host_id=host_id)
    return listed_page(found, limit, services.live, services.origins)


@router.get("/search", responses=documented("input-invalid"))
async def search(
    request: Request,
    services: Wired,
    q: Annotated[str, Query(min_length=1, max_length=QUERY_MAX, description="Words, or how they begin.")],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ListedPage:
    """Public Spaces that have all these words in title, description, topics or host's name: live ones first,
    then upcoming, then past."""
    await services.rates.lists(address_of(request))
    after = place_of(cursor) if cursor is not None else None
    found = await services.listings.search(q, after, limit + 1)
    return listed_page(found, limit, services.live, services.origins)


async def host_id_of(services: Wired, handle: str) -> str:
    """The account of a handle. Raises `NotFound` `account-unknown`."""
    if is_handle(handle):
        async with services.database.read_people() as people:
            known = await people.account_named(handle)
        if known is not None and known.suspension is None:
            return known.id
    raise NotFound("account-unknown", f"There is no @{handle[:30]}.")
