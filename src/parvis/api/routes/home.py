"""Home and profiles: what strangers see of this Parvis, written by control, whole before any script runs.

- `/` live and upcoming; `/?phase=` one list, page by page; `/?q=` a search; `/@{handle}` a host.
- For who is not signed in the same page is the same for everybody: it is made at most once a second.
- Pages are in nobody's frame, and load nothing from anybody else; covers come from here.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from parvis.api.asking import COOKIE, Wired, address_of
from parvis.api.home_words import choose_language
from parvis.api.listing_views import listed_page, place_of
from parvis.api.routes.listings import QUERY_MAX
from parvis.api.schemas_listing import ListedPage, PhaseName
from parvis.api.services import Services
from parvis.errors import UserError
from parvis.people.account import Account, is_handle
from parvis.spaces.listings import Phase

router = APIRouter(include_in_schema=False)

HOME_SHOWN: Final = 24
PROFILE_SHOWN: Final = 12
KEPT_S: Final = 1.0
_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
Lang = Annotated[str | None, Query(max_length=10)]
Cursor = Annotated[str | None, Query(max_length=100)]


@router.api_route("/", methods=["GET", "HEAD"])
async def home(
    request: Request,
    services: Wired,
    q: Annotated[str | None, Query(max_length=QUERY_MAX)] = None,
    phase: PhaseName | None = None,
    cursor: Cursor = None,
    lang: Lang = None,
) -> Response:
    """Live and upcoming Spaces, or one list, or what a search finds."""
    page = services.home_page
    if not page.is_built():
        return _not_built()
    language = choose_language(lang, request.headers.get("accept-language", ""))
    signed_in = COOKIE in request.cookies
    if q is not None and q.strip():
        await services.rates.lists(address_of(request))
        after = place_of(cursor) if cursor is not None else None
        found = await services.listings.search(q, after, HOME_SHOWN + 1)
        shown = listed_page(found, HOME_SHOWN, services.live, services.origins)
        return _html(page.found(q.strip(), shown, language, signed_in=signed_in), request)
    if phase is not None:
        await services.rates.lists(address_of(request))
        one = await _list(services, phase, HOME_SHOWN, cursor)
        return _html(page.one_list(phase, one, language, signed_in=signed_in), request)
    if cursor is not None:
        raise UserError("input-invalid", "cursor: of which list?")
    kept = services.home_kept.get((language, signed_in))
    now_s = services.clock.monotonic_s()
    if kept is None or now_s - kept[0] >= KEPT_S:
        lists = {name: await _list(services, name, HOME_SHOWN) for name in ("live", "upcoming")}
        lists["live"].items.sort(key=lambda item: -item.listeners)
        kept = services.home_kept[language, signed_in] = (
            now_s,
            page.home(lists, language, signed_in=signed_in),
        )
    return _html(kept[1], request)


@router.api_route("/@{handle}", methods=["GET", "HEAD"])
async def profile(
    handle: str,
    request: Request,
    services: Wired,
    phase: PhaseName | None = None,
    cursor: Cursor = None,
    lang: Lang = None,
) -> Response:
    """A host: live, upcoming, past."""
    page = services.home_page
    if not page.is_built():
        return _not_built()
    await services.rates.lists(address_of(request))
    language = choose_language(lang, request.headers.get("accept-language", ""))
    signed_in = COOKIE in request.cookies
    account = await _account(services, handle)
    if account is None:
        return _html(page.unknown(handle, language, signed_in=signed_in), request, status=404)
    names = (phase,) if phase is not None else ("live", "upcoming", "past")
    lists = {
        name: await _list(services, name, PROFILE_SHOWN, cursor if phase else None, host_id=account.id)
        for name in names
    }
    picture = services.origins.avatar(account.avatar)
    text = page.profile(
        account.handle, account.display_name, account.bio, picture, lists, language, signed_in=signed_in
    )
    return _html(text, request)


async def _list(
    services: Services, name: str, limit: int, cursor: str | None = None, *, host_id: str | None = None
) -> ListedPage:
    after = place_of(cursor) if cursor is not None else None
    if after is not None and after.phase.value != name:
        raise UserError("input-invalid", "cursor: this is one of another list.")
    found = await services.listings.page(Phase(name), after, limit + 1, host_id=host_id)
    return listed_page(found, limit, services.live, services.origins)


async def _account(services: Services, handle: str) -> Account | None:
    if not is_handle(handle):
        return None
    async with services.database.read_people() as people:
        found = await people.account_named(handle)
    return found if found is not None and found.suspension is None else None


def _html(text: str, request: Request, *, status: int = 200) -> Response:
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": _POLICY,
        "Vary": "Accept-Language, Cookie",
        "Referrer-Policy": "same-origin",
    }
    return HTMLResponse("" if request.method == "HEAD" else text, status, headers=headers)


def _not_built() -> Response:
    text = "The pages are not built. Run `make pages`, then load this again.\n"
    return PlainTextResponse(text, 503, {"Retry-After": "10"})
