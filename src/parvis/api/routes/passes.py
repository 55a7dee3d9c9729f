"""Passes into Spaces for members."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_listing import PassList, PassOut, PassTerms
from parvis.api.services import Services
from parvis.api.times import rfc3339, rfc3339_or_none
from parvis.spaces.entry_pass import Pass

router = APIRouter(prefix=f"{API}/spaces/{{space}}/passes", tags=["passes"])

_REFUSALS: Final = ("not-signed-in", "forbidden", "no-seat", "space-unknown", "input-invalid")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=documented(
        *_REFUSALS, "cross-origin", "space-ended", "passes-full", "media-type", "account-unknown", "banned"
    ),
)
async def make(space: str, asker: Asker, services: Wired, body: PassTerms | None = None) -> PassOut:
    """A share link that lets in; for host and co-hosts."""
    terms = body or PassTerms()
    made, _ = await services.passes.make(
        space, asker, terms.label, terms.uses, terms.expires_in_s, terms.handle
    )
    return _out(made, services)


@router.get("", responses=documented(*_REFUSALS))
async def listed(space: str, asker: Asker, services: Wired) -> PassList:
    """All passes, void ones too; for host and co-hosts."""
    return PassList(items=[_out(one, services) for one in await services.passes.listed(space, asker)])


@router.delete(
    "/{pass_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(*_REFUSALS, "cross-origin", "pass-unknown"),
)
async def revoke(space: str, pass_id: str, asker: Asker, services: Wired) -> None:
    """Good no more, and whoever listens by it is let go; for host and co-hosts."""
    await services.passes.revoke(space, pass_id, asker)


def _out(made: Pass, services: Services) -> PassOut:
    return PassOut(
        id=made.id,
        link=services.origins.pass_link(made.space_id, services.passes.text_of(made)),
        label=made.label,
        uses=made.uses,
        listeners=services.pass_board.used(made.id),
        created_at=rfc3339(made.created_at_ms),
        expires_at=rfc3339_or_none(made.expires_at_ms),
        void_at=rfc3339_or_none(made.void_at_ms),
        void_reason=None if made.void_reason is None else made.void_reason.value,
    )
