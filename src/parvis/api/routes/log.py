"""The log of a Space: who did what to whom, why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_care import EntryPage
from parvis.api.views_care import entry_out

router = APIRouter(prefix=f"{API}/spaces/{{space}}/log", tags=["log"])


@router.get(
    "", responses=documented("not-signed-in", "forbidden", "no-seat", "space-unknown", "input-invalid")
)
async def entries(
    space: str,
    asker: Asker,
    services: Wired,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,18}$", description="`next` of the page before.")
    ] = None,
) -> EntryPage:
    """Newest first; for host, acting host, co-hosts and operators."""
    before_id = int(cursor) if cursor is not None else None
    found = await services.spaces.log(space, asker, before_id, limit + 1)
    return EntryPage(
        items=[entry_out(entry) for entry in found[:limit]],
        next=str(found[limit - 1].id) if found[limit:] else None,
    )
