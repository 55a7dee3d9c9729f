"""Who asks: dependencies that routes declare, and the rule against requests from other sites.

- A bearer token counts first; without one, the cookie that pages have.
- With the cookie an unsafe method must say by `Origin` that it comes from this site (`403 cross-origin`): a
  browser adds the cookie to anybody's request, the token only to ours.
- A stale cookie on a public address is nobody; a stale token is an error, for who sends it wants to be known.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from parvis.api.services import Services
from parvis.errors import NotSignedIn, Refused
from parvis.people.port import Session
from parvis.people.tokens import not_signed_in
from parvis.spaces.seat import Person

COOKIE: Final = "parvis_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(auto_error=False, scheme_name="token")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="cookie")


def services_of(request: Request) -> Services:
    """What the app was built with."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def address_of(request: Request) -> str:
    """The network address of who asks, as far as it is known."""
    return request.client.host if request.client is not None else "unknown"


def is_same_origin(request: Request, services: Services) -> bool:
    """Whether `Origin` is this site."""
    own = (f"{request.url.scheme}://{request.headers.get('host', '')}", services.origins.control)
    return request.headers.get("origin") in own


def check_same_origin(request: Request, services: Services) -> None:
    """Raises `Refused` `cross-origin` unless `Origin` is this site."""
    if not is_same_origin(request, services):
        raise Refused("cross-origin", "This request does not come from the studio.")


async def session_or_none(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    cookie: Annotated[str | None, Security(_cookie)],
) -> Session | None:
    """The session of who asks, or None for nobody.

    Raises `NotSignedIn`, `Refused` `cross-origin`, `account-suspended`, and `Overloaded` for too many reads.
    """
    if bearer is not None:
        known = await services.people.who(bearer.credentials)
        await _count_read(request, services, known)
        return known
    if "authorization" in request.headers:
        raise not_signed_in()
    if not cookie:
        return None
    try:
        known = await services.people.who(cookie)
    except NotSignedIn:
        return None
    if request.method not in SAFE_METHODS:
        check_same_origin(request, services)
    await _count_read(request, services, known)
    return known


async def _count_read(request: Request, services: Services, known: Session) -> None:
    if request.method in SAFE_METHODS:
        await services.rates.read_as(known.account.id)


async def session(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    known: Annotated[Session | None, Depends(session_or_none)],
) -> Session:
    """The session of who asks. Raises `NotSignedIn`, and `Overloaded` for too many writes."""
    if known is None:
        raise not_signed_in()
    if request.method not in SAFE_METHODS:
        await services.rates.write(known.account.id)
    return known


def person(known: Annotated[Session, Depends(session)]) -> Person:
    """The person who asks, as Spaces know people."""
    return person_of(known)


def person_of(known: Session) -> Person:
    """The person of a session."""
    account = known.account
    return Person(account.id, account.handle, account.display_name, account.operator, account.avatar)


Wired = Annotated[Services, Depends(services_of)]
Known = Annotated[Session, Depends(session)]
MaybeKnown = Annotated[Session | None, Depends(session_or_none)]
Asker = Annotated[Person, Depends(person)]
