"""Suspending accounts; for operators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_care import SuspensionBody, SuspensionOut
from parvis.api.times import rfc3339

router = APIRouter(prefix=f"{API}/accounts/{{handle}}/suspension", tags=["people"])

Handle = Annotated[str, Path(max_length=100)]
_REFUSALS = ("not-signed-in", "cross-origin", "forbidden", "account-unknown", "input-invalid")


@router.post("", status_code=status.HTTP_201_CREATED, responses=documented(*_REFUSALS, "media-type"))
async def suspend(handle: Handle, body: SuspensionBody, asker: Asker, services: Wired) -> SuspensionOut:
    """The account can't sign in or act; its Spaces go on without it."""
    suspension = await services.rescues.suspend(handle, body.reason, asker)
    return SuspensionOut(handle=handle, reason=suspension.reason, suspended_at=rfc3339(suspension.at_ms))


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_REFUSALS))
async def lift(handle: Handle, asker: Asker, services: Wired) -> None:
    """The account may act again; not suspended: nothing changes."""
    await services.rescues.lift(handle, asker)
