"""Signing in at an OpenID provider: two steps of a browser, both `GET`, both answered by the next address.

What goes wrong is said in the fragment of the page from which somebody came (`#openid={code}`), where they
can try again: people, not programs, come here. The browser remembers that page, too, for the answer to a
sign-in that nobody here knows (any more).
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote, unquote

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
_RETURN_COOKIE: Final = "parvis_openid_from"
_HOME: Final = "/studio"
_COOKIE_PATH: Final = f"{API}/sessions/openid"
_COOKIE_S: Final = 600
_SEE_OTHER: Final = 303
_TO: Final[dict[int | str, dict[str, Any]]] = {303: {"description": "To the provider, or back to the page."}}


@router.get(
    "",
    status_code=_SEE_OTHER,
    response_class=Response,
    responses={**documented("openid-off", "input-invalid"), **_TO},
)
async def begin(
    request: Request,
    services: Wired,
    return_to: Annotated[str, Query(max_length=400, description="A path of this site.")] = _HOME,
) -> Response:
    """Leads the browser to the provider, or back to the page with the reason why not."""
    openid = _on(services)
    await services.rates.ceremony(address_of(request))
    origin = return_to if is_local_path(return_to) else _HOME
    try:
        begun = await openid.begin(origin)
    except ParvisError as error:
        return _told(origin, error)
    response = RedirectResponse(begun.url, _SEE_OTHER)
    for name, value in ((COOKIE, begun.browser), (_RETURN_COOKIE, quote(origin, safe=""))):
        response.set_cookie(
            name,
            value,
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
        origin = unquote(request.cookies.get(_RETURN_COOKIE, ""))
        response = _told(origin if is_local_path(origin) else _HOME, error)
    else:
        response = RedirectResponse(return_to, _SEE_OTHER)
        set_cookie(response, request, services, signed_in)
    for name in (COOKIE, _RETURN_COOKIE):
        response.delete_cookie(name, path=_COOKIE_PATH, httponly=True, samesite="lax")
    return response


def _told(page: str, error: ParvisError) -> RedirectResponse:
    """Back to the page, which says why."""
    return RedirectResponse(f"{page.partition('#')[0]}#openid={error.code}", _SEE_OTHER)


def _on(services: Wired) -> OpenId:
    if services.openid is None:
        raise NotFound("openid-off", "Nobody signs in elsewhere here.")
    return services.openid
