"""Sessions: signing in and out, and where else one is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response, status

from parvis.api.asking import Known, Wired, address_of, is_same_origin
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import SessionOut, SignInBody, SignInOut
from parvis.api.schemas_people import MySessions, WaysIn
from parvis.api.signed_in import clear_cookie, device_that_asks, set_cookie, sign_in_out
from parvis.api.views import session_out
from parvis.api.views_people import my_sessions_out

router = APIRouter(prefix=f"{API}/sessions", tags=["people"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=documented("credentials-wrong", "input-invalid", "media-type"),
)
async def sign_in(body: SignInBody, request: Request, response: Response, services: Wired) -> SignInOut:
    """Begins a session: a bearer token, and for our own pages the same as a cookie."""
    await services.rates.sign_in(address_of(request), body.handle)
    signed_in = await services.people.sign_in(body.handle, body.password, device_that_asks(request))
    # Nobody's browser is signed in here by another site: that gets a token, and no cookie.
    if "origin" not in request.headers or is_same_origin(request, services):
        set_cookie(response, request, services, signed_in)
    return sign_in_out(signed_in, services)


@router.post(
    "/another",
    status_code=status.HTTP_201_CREATED,
    responses=documented("not-signed-in", "cross-origin"),
)
async def another(request: Request, known: Known, services: Wired) -> SignInOut:
    """A second session of one's own, as a token: for the hall, which has no cookie (`/sign-in`)."""
    await services.rates.ceremony(address_of(request))
    return sign_in_out(
        await services.people.begin_session(known.account, device_that_asks(request)), services
    )


@router.get("/ways", responses=documented())
async def ways(services: Wired) -> WaysIn:
    """How one can sign in here."""
    openid = services.openid.provider.name if services.openid is not None else None
    return WaysIn(password=True, passkeys=services.passkeys.work, openid=openid, hall=services.origins.edge)


@router.get("", responses=documented("not-signed-in"))
async def everywhere(known: Known, services: Wired) -> MySessions:
    """Where one is signed in, newest first."""
    return my_sessions_out(await services.profiles.sessions(known.account), known)


@router.get("/current", responses=documented("not-signed-in"))
async def current_session(known: Known, services: Wired) -> SessionOut:
    """Who is signed in, until when."""
    return session_out(known, services.origins)


@router.delete(
    "/current",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented("not-signed-in", "cross-origin"),
)
async def sign_out(request: Request, response: Response, known: Known, services: Wired) -> None:
    """Ends this session everywhere; others of the account go on."""
    await services.people.sign_out(known.id)
    clear_cookie(response, request, services)


@router.delete(
    "", status_code=status.HTTP_204_NO_CONTENT, responses=documented("not-signed-in", "cross-origin")
)
async def end_others(known: Known, services: Wired) -> None:
    """Ends all sessions of the account but this one."""
    await services.profiles.end_other_sessions(known)


@router.delete(
    "/{session}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented("not-signed-in", "cross-origin", "session-unknown", "input-invalid"),
)
async def end(session: Annotated[str, Path(max_length=100)], known: Known, services: Wired) -> None:
    """Ends one session of the account."""
    await services.profiles.end_session(known.account, session)
