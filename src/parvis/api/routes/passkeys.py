"""Passkeys: signing in by one, and keeping one's own."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response, status

from parvis.api.asking import Known, Wired, address_of, check_same_origin
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import SignInOut
from parvis.api.schemas_people import (
    CeremonyOut,
    Confirmation,
    NewPasskey,
    PasskeyList,
    PasskeyOut,
    PasskeySignIn,
)
from parvis.api.signed_in import device_that_asks, set_cookie, sign_in_out
from parvis.api.views_people import passkey_out, passkeys_out
from parvis.errors import Refused

router = APIRouter(prefix=API, tags=["people"])

_MINE: Final = "/accounts/me/passkeys"
_REFUSALS: Final = ("not-signed-in", "cross-origin", "input-invalid", "media-type")


@router.post("/sessions/passkey/options", responses=documented("passkeys-off"))
async def begin_sign_in(request: Request, services: Wired) -> CeremonyOut:
    """What a browser needs to sign in by a passkey; good for 10 minutes, once."""
    await services.rates.ceremony(address_of(request))
    return CeremonyOut(publicKey=await services.passkeys.begin_sign_in())


@router.post(
    "/sessions/passkey",
    status_code=status.HTTP_201_CREATED,
    responses=documented("credentials-wrong", "cross-origin", "passkeys-off", "input-invalid", "media-type"),
)
async def sign_in(body: PasskeySignIn, request: Request, response: Response, services: Wired) -> SignInOut:
    """Begins a session, as a password does."""
    if "origin" in request.headers:
        check_same_origin(request, services)
    await services.rates.ceremony(address_of(request))
    signed_in = await services.passkeys.sign_in(body.credential, device_that_asks(request))
    set_cookie(response, request, services, signed_in)
    return sign_in_out(signed_in, services)


@router.get(_MINE, responses=documented("not-signed-in"))
async def mine(known: Known, services: Wired) -> PasskeyList:
    """One's passkeys, the oldest first."""
    return passkeys_out(await services.passkeys.of(known.account))


@router.post(
    f"{_MINE}/options",
    responses=documented(*_REFUSALS, "passkeys-off", "password-wrong", "sign-in-again"),
)
async def begin_registration(known: Known, services: Wired, body: Confirmation | None = None) -> CeremonyOut:
    """What a browser needs to make a passkey. With the password, or within 15 minutes of the sign-in."""
    await services.rates.confirm(known.account.id)
    try:
        services.profiles.check_fresh(known)
    except Refused:
        if body is None or body.password is None:
            raise
        await services.profiles.confirm(known, body.password)
    return CeremonyOut(publicKey=await services.passkeys.begin_registration(known.account))


@router.post(
    _MINE,
    status_code=status.HTTP_201_CREATED,
    responses=documented(*_REFUSALS, "passkeys-off", "passkey-invalid", "passkey-known"),
)
async def register(body: NewPasskey, known: Known, services: Wired) -> PasskeyOut:
    """Keeps what the browser made."""
    return passkey_out(await services.passkeys.register(known.account, body.name, body.credential))


@router.delete(
    f"{_MINE}/{{passkey}}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented("not-signed-in", "cross-origin", "passkey-unknown", "last-way-in", "input-invalid"),
)
async def drop(passkey: Annotated[str, Path(max_length=100)], known: Known, services: Wired) -> None:
    """It no longer counts; the device that has it is not told."""
    await services.passkeys.drop(known.account, passkey)
