"""The logs: who did what to whom, why; of a Space, and of what concerns none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_care import EntryPage
from parvis.api.views_care import entry_out
from parvis.spaces.log import Entry

router = APIRouter(prefix=API, tags=["log"])

_Limit = Annotated[int, Query(ge=1, le=100)]
_Cursor = Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$", description="`next` of the page before.")]


@router.get(
    "/spaces/{space}/log",
    responses=documented("not-signed-in", "forbidden", "no-seat", "space-unknown", "input-invalid"),
)
async def entries(
    space: str,
    asker: Asker,
    services: Wired,
    limit: _Limit = 20,
    cursor: _Cursor = None,
) -> EntryPage:
    """Newest first; for host, acting host, co-hosts and operators."""
    before_id = int(cursor) if cursor is not None else None
    return _page(await services.spaces.log(space, asker, before_id, limit + 1), limit)


@router.get("/log", responses=documented("not-signed-in", "forbidden", "input-invalid"))
async def of_operators(
    asker: Asker, services: Wired, limit: _Limit = 20, cursor: _Cursor = None
) -> EntryPage:
    """What was done to accounts, newest first; for operators."""
    before_id = int(cursor) if cursor is not None else None
    return _page(await services.spaces.log_of_operators(asker, before_id, limit + 1), limit)


def _page(found: Sequence[Entry], limit: int) -> EntryPage:
    return EntryPage(
        items=[entry_out(entry) for entry in found[:limit]],
        next=str(found[limit - 1].id) if found[limit:] else None,
    )
