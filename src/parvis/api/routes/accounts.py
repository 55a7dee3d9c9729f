"""One's own account: signing up, its words, its password, everything that is kept of it, its end."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response, status

from parvis.api.asking import Known, Wired, address_of
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import AccountOut, SignUp
from parvis.api.schemas_people import AccountEdit, Confirmation, PasswordChange
from parvis.api.signed_in import clear_cookie
from parvis.api.times import rfc3339
from parvis.api.views import account_out
from parvis.api.views_people import export_out
from parvis.errors import UserError

router = APIRouter(prefix=f"{API}/accounts", tags=["people"])

_REFUSALS = ("not-signed-in", "cross-origin", "input-invalid", "media-type")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=documented("handle-taken", "input-invalid", "media-type"),
)
async def sign_up(body: SignUp, request: Request, services: Wired) -> AccountOut:
    """Makes an account; signing in is a step of its own."""
    await services.rates.sign_up(address_of(request), body.handle)
    made = await services.people.sign_up(body.handle, body.password, body.display_name)
    return account_out(made, services.origins)


@router.patch("/me", responses=documented(*_REFUSALS))
async def edit(body: AccountEdit, known: Known, services: Wired) -> AccountOut:
    """Another name or bio; open Spaces show it at once."""
    given = body.model_fields_set
    if not given:
        raise UserError("input-invalid", "body: display_name or bio is needed.")
    edited = await services.profiles.edit(
        known.account,
        body.display_name if "display_name" in given else None,
        body.bio if "bio" in given else None,
    )
    if edited.display_name != known.account.display_name:
        await services.departures.tell_again(edited.id)
    return account_out(edited, services.origins)


@router.post(
    "/me/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(*_REFUSALS, "password-wrong", "sign-in-again"),
)
async def change_password(body: PasswordChange, known: Known, services: Wired) -> None:
    """Another password; all other sessions end."""
    await services.rates.confirm(known.account.id)
    await services.profiles.change_password(known, body.current, body.new)


@router.get(
    "/me/export",
    response_class=Response,
    responses={
        **documented("not-signed-in"),
        200: {
            "description": "A file: everything that is kept about the account, by table, without secrets.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
    },
)
async def export(known: Known, services: Wired) -> Response:
    """Everything that is kept about the account."""
    await services.rates.export(known.account.id)
    kept = export_out(await services.departures.export(known.account))
    now = rfc3339(int(services.clock.wall_s() * 1000))
    body = json.dumps({"handle": known.account.handle, "at": now, "kept": kept}, ensure_ascii=False, indent=2)
    name = f'attachment; filename="parvis-{known.account.handle}.json"'
    return Response(body, headers={"Content-Disposition": name}, media_type="application/json")


@router.delete(
    "/me",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(*_REFUSALS, "forbidden", "password-wrong", "sign-in-again"),
)
async def delete(
    body: Confirmation, request: Request, response: Response, known: Known, services: Wired
) -> None:
    """The end of the account. Its Spaces go on with who follows, or end; its handle is nobody's again."""
    await services.rates.confirm(known.account.id)
    await services.profiles.confirm(known, body.password)
    await services.departures.depart(known.account)
    async with services.avatars.changing:
        unused = await services.profiles.set_avatar(known.account, None)
        if unused is not None:
            await services.avatars.drop(unused)
    clear_cookie(response, request, services)
