"""What every way to sign in ends with: a session, as a bearer token and as a cookie for pages."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request, Response

from parvis.api.asking import COOKIE
from parvis.api.schemas import SignInOut
from parvis.api.services import Services
from parvis.api.views import session_out
from parvis.people.device import device_of
from parvis.people.service import SignIn

_DAY_S: Final = 86_400


def device_that_asks(request: Request) -> str:
    """What a person would call the device of a request."""
    return device_of(request.headers.get("user-agent", ""))


def is_https(request: Request, services: Services) -> bool:
    """Whether browsers reach control by HTTPS."""
    return request.url.scheme == "https" or services.origins.control.startswith("https:")


def set_cookie(response: Response, request: Request, services: Services, signed_in: SignIn) -> None:
    """The session as pages have it."""
    response.set_cookie(
        COOKIE,
        signed_in.token,
        max_age=services.settings.session_days * _DAY_S,
        **_cookie(request, services),
    )


def clear_cookie(response: Response, request: Request, services: Services) -> None:
    """This browser is nobody any more."""
    response.delete_cookie(COOKIE, **_cookie(request, services))


def sign_in_out(signed_in: SignIn, services: Services) -> SignInOut:
    """The session as programs have it; the token is shown this once."""
    shown = session_out(signed_in.session, services.origins)
    return SignInOut(token=signed_in.token, expires_at=shown.expires_at, account=shown.account)


def _cookie(request: Request, services: Services) -> dict[str, Any]:
    return {"path": "/", "httponly": True, "samesite": "lax", "secure": is_https(request, services)}
