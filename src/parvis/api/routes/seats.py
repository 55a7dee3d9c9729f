"""The stage: who sits there, taking a seat, muting, roles, leaving."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import InvitationCode, SeatEdit, SeatList, SeatOut
from parvis.api.schemas_manners import MuteAllBody, MuteAllOut
from parvis.api.views import seat_out, seats_out
from parvis.errors import UserError
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.seat import Role

router = APIRouter(prefix=f"{API}/spaces/{{space}}/seats", tags=["stage"])


@router.get("", responses=documented("not-signed-in", "no-seat", "space-unknown", "input-invalid"))
async def everybody(space: str, asker: Asker, services: Wired) -> SeatList:
    """Everybody on stage; for those who have a seat."""
    found = await services.spaces.get(space)
    check_may(found.standing_of(asker.account_id), Act.SEE_STAGE)
    return seats_out(found, services.live, services.origins)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=documented(
        "not-signed-in",
        "cross-origin",
        "invitation-invalid",
        "space-unknown",
        "space-ended",
        "stage-full",
        "stage-locked",
        "banned",
        "input-invalid",
        "media-type",
    ),
)
async def take(space: str, body: InvitationCode, asker: Asker, services: Wired) -> SeatOut:
    """A seat for an invitation. Who has one already keeps it, or rises to co-host."""
    seated = await services.spaces.take_seat(space, body.invitation, asker)
    return seat_out(seated, asker.handle, services.live, services.origins)


@router.post(
    "/mute",
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
async def mute_all(space: str, asker: Asker, services: Wired, body: MuteAllBody | None = None) -> MuteAllOut:
    """Mutes all speakers at once, by the host; for host, acting host and co-hosts."""
    reason = body.reason if body is not None else None
    return MuteAllOut(muted=await services.spaces.mute_all(space, asker, reason))


@router.patch(
    "/{handle}",
    responses=documented(
        "not-signed-in",
        "cross-origin",
        "forbidden",
        "no-seat",
        "muted-by-host",
        "muted-by-self",
        "space-unknown",
        "seat-unknown",
        "space-ended",
        "host-must-stay",
        "stage-full",
        "input-invalid",
        "media-type",
    ),
)
async def change(space: str, handle: str, body: SeatEdit, asker: Asker, services: Wired) -> SeatOut:
    """Mutes or unmutes a seat (one's own, or as host or co-host), gives a role (as host).

    The role `host` is handed on by the host: who had it stays as co-host.
    """
    given = body.model_fields_set
    if not given - {"reason"}:
        raise UserError("input-invalid", "body: muted or role is needed.")
    changed = await services.spaces.change_seat(
        space,
        handle,
        asker,
        muted=body.muted if "muted" in given else None,
        role=Role(body.role) if "role" in given else None,
        reason=body.reason,
    )
    return seat_out(changed, handle, services.live, services.origins)


@router.delete(
    "/{handle}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(
        "not-signed-in",
        "cross-origin",
        "forbidden",
        "no-seat",
        "space-unknown",
        "seat-unknown",
        "space-ended",
        "host-must-stay",
        "successor-needed",
        "input-invalid",
    ),
)
async def remove(
    space: str,
    handle: str,
    asker: Asker,
    services: Wired,
    successor: Annotated[
        str | None, Query(max_length=100, description="Who is host after the host who leaves.")
    ] = None,
    reason: Annotated[str | None, Query(min_length=1, max_length=200, description="For the log.")] = None,
) -> None:
    """Leaves the stage, or removes somebody from it (as host or co-host)."""
    seen = services.live.seen(space)
    await services.spaces.remove_seat(space, handle, asker, successor=successor, reason=reason, seen=seen)
