"""Accounts and sessions: signing up, in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response, status

from parvis.api.asking import COOKIE, Known, Wired, address_of, is_same_origin
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import AccountOut, SessionOut, SignInBody, SignInOut, SignUp
from parvis.api.views import account_out, session_out

router = APIRouter(prefix=API, tags=["people"])


@router.post(
    "/accounts",
    status_code=status.HTTP_201_CREATED,
    responses=documented("handle-taken", "input-invalid", "media-type"),
)
async def sign_up(body: SignUp, request: Request, services: Wired) -> AccountOut:
    """Makes an account; signing in is a step of its own."""
    await services.rates.sign_up(address_of(request), body.handle)
    return account_out(await services.people.sign_up(body.handle, body.password, body.display_name))


@router.post(
    "/sessions",
    status_code=status.HTTP_201_CREATED,
    responses=documented("credentials-wrong", "input-invalid", "media-type"),
)
async def sign_in(body: SignInBody, request: Request, response: Response, services: Wired) -> SignInOut:
    """Begins a session: a bearer token, and for our own pages the same as a cookie."""
    await services.rates.sign_in(address_of(request), body.handle)
    signed_in = await services.people.sign_in(body.handle, body.password)
    # Nobody's browser is signed in here by another site: that gets a token, and no cookie.
    if "origin" not in request.headers or is_same_origin(request, services):
        response.set_cookie(
            COOKIE,
            signed_in.token,
            max_age=services.settings.session_days * 86_400,
            path="/",
            httponly=True,
            samesite="lax",
            secure=_is_https(request, services),
        )
    shown = session_out(signed_in.session)
    return SignInOut(token=signed_in.token, expires_at=shown.expires_at, account=shown.account)


@router.get("/sessions/current", responses=documented("not-signed-in"))
async def current_session(known: Known) -> SessionOut:
    """Who is signed in, until when."""
    return session_out(known)


@router.delete(
    "/sessions/current",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented("not-signed-in", "cross-origin"),
)
async def sign_out(request: Request, response: Response, known: Known, services: Wired) -> None:
    """Ends this session everywhere; others of the account go on."""
    await services.people.sign_out(known.id)
    response.delete_cookie(
        COOKIE, path="/", httponly=True, samesite="lax", secure=_is_https(request, services)
    )


def _is_https(request: Request, services: Wired) -> bool:
    return request.url.scheme == "https" or services.origins.control.startswith("https:")
