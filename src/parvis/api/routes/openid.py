"""Signing in at an OpenID provider: two steps of a browser, both `GET`, both answered by the next address.

What goes wrong is said in the fragment of the page to which the browser returns (`#openid={code}`): people,
not programs, come here.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from parvis.api.asking import Wired, address_of
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.signed_in import device_that_asks, is_https, set_cookie
from parvis.errors import NotFound, ParvisError
from parvis.people.openid import OpenId, is_local_path

router = APIRouter(prefix=f"{API}/sessions/openid", tags=["people"])

COOKIE: Final = "parvis_openid"
_COOKIE_PATH: Final = f"{API}/sessions/openid"
_COOKIE_S: Final = 600
_SEE_OTHER: Final = 303
_TO: Final[dict[int | str, dict[str, Any]]] = {303: {"description": "To the provider, or back to the page."}}


@router.get(
    "",
    status_code=_SEE_OTHER,
    response_class=Response,
    responses={**documented("openid-off", "input-invalid", busy=("openid-away",)), **_TO},
)
async def begin(
    request: Request,
    services: Wired,
    return_to: Annotated[str, Query(max_length=400, description="A path of this site.")] = "/studio",
) -> Response:
    """Leads the browser to the provider."""
    openid = _on(services)
    await services.rates.ceremony(address_of(request))
    begun = await openid.begin(return_to if is_local_path(return_to) else "/studio")
    response = RedirectResponse(begun.url, _SEE_OTHER)
    response.set_cookie(
        COOKIE,
        begun.browser,
        max_age=_COOKIE_S,
        path=_COOKIE_PATH,
        httponly=True,
        samesite="lax",
        secure=is_https(request, services),
    )
    return response


@router.get(
    "/callback",
    status_code=_SEE_OTHER,
    response_class=Response,
    responses={**documented("openid-off", "input-invalid"), **_TO},
)
async def finish(
    request: Request,
    services: Wired,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
) -> Response:
    """Where the provider sends the browser: signed in, or told why not."""
    openid = _on(services)
    await services.rates.ceremony(address_of(request))
    browser = request.cookies.get(COOKIE, "")
    try:
        signed_in, return_to = await openid.finish(state, code, browser, device_that_asks(request))
    except ParvisError as error:
        response = RedirectResponse(f"/studio#openid={error.code}", _SEE_OTHER)
    else:
        response = RedirectResponse(return_to, _SEE_OTHER)
        set_cookie(response, request, services, signed_in)
    response.delete_cookie(COOKIE, path=_COOKIE_PATH, httponly=True, samesite="lax")
    return response


def _on(services: Wired) -> OpenId:
    if services.openid is None:
        raise NotFound("openid-off", "Nobody signs in elsewhere here.")
    return services.openid
