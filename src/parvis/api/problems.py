"""Errors as HTTP problems (RFC 9457): the one table from codes to answers.

- A code has one status and one title, below. `Overloaded` is always 503 with `Retry-After` (429 where the
  table says so), so `stage-full` is 409 from a Space and 503 from a stage.
- A code that is not in the table gets the status of its class: a new error is never a 500 by accident.
- Anything that is not a `ParvisError` is a bug: logged whole, answered as `internal`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from parvis.errors import Conflict, NotFound, NotSignedIn, Overloaded, ParvisError, Refused, UserError

log = structlog.get_logger(__name__)

PROBLEM_TYPE: Final = "application/problem+json"

PROBLEMS: Final[Mapping[str, tuple[int, str]]] = {
    "fragment-malformed": (400, "This is not an SDP fragment"),
    "offer-malformed": (400, "This is not an offer"),
    "credentials-wrong": (401, "Handle and password do not fit"),
    "not-signed-in": (401, "Sign in first"),
    "account-suspended": (403, "The account is suspended"),
    "banned": (403, "Banned from this Space"),
    "blocked": (403, "You are blocked"),
    "chat-closed": (403, "The chat is closed"),
    "cross-origin": (403, "Not from another site"),
    "forbidden": (403, "Not allowed"),
    "handoff-code-invalid": (403, "The handoff code is not valid"),
    "invitation-invalid": (403, "The invitation is not valid"),
    "muted-by-host": (403, "Muted by the host"),
    "muted-by-self": (403, "Muted by its owner"),
    "no-seat": (403, "No seat in this Space"),
    "not-a-monitor": (403, "Not a monitor of this Space"),
    "openid-no-account": (403, "Nobody here signs in by this"),
    "openid-refused": (403, "The sign-in elsewhere failed"),
    "pass-invalid": (403, "The pass is not good"),
    "pass-needed": (403, "A pass is needed"),
    "password-wrong": (403, "The password is wrong"),
    "sign-in-again": (403, "Sign in again first"),
    "account-unknown": (404, "No such account"),
    "ban-unknown": (404, "No such ban"),
    "caption-unknown": (404, "No such caption"),
    "hand-unknown": (404, "No such hand"),
    "handoff-unknown": (404, "No such handoff"),
    "invitation-unknown": (404, "No such invitation"),
    "message-unknown": (404, "No such message"),
    "not-found": (404, "Not found"),
    "openid-off": (404, "No sign-in elsewhere"),
    "pass-unknown": (404, "No such pass"),
    "passkey-unknown": (404, "No such passkey"),
    "poll-unknown": (404, "No such poll"),
    "seat-unknown": (404, "No such seat"),
    "session-unknown": (404, "No such session"),
    "space-unknown": (404, "No such Space"),
    "method-not-allowed": (405, "This can't be done here"),
    "request-timeout": (408, "The request did not arrive in time"),
    "already-seated": (409, "You have a seat"),
    "captions-off": (409, "Nobody captions this Space"),
    "hand-over": (409, "The hand is not raised any more"),
    "handle-taken": (409, "The handle is taken"),
    "handoff-loop": (409, "The handoff would lead back"),
    "handoff-over": (409, "The handoff is decided"),
    "hands-closed": (409, "No hands are taken now"),
    "host-must-stay": (409, "The host must stay"),
    "host-not-suspended": (409, "The host is not suspended"),
    "last-way-in": (409, "The only way to sign in"),
    "passes-full": (409, "There are enough passes"),
    "passkey-known": (409, "The passkey is known"),
    "passkeys-off": (409, "No passkeys here"),
    "poll-running": (409, "Another poll is open"),
    "restore-late": (409, "It stays deleted"),
    "space-begun": (409, "The Space has begun"),
    "space-ended": (409, "The Space is over"),
    "space-not-live": (409, "The Space is not on air"),
    "spaces-full": (409, "You are host of enough Spaces"),
    "stage-full": (409, "The stage is full"),
    "stage-locked": (409, "The stage is locked"),
    "successor-needed": (409, "Name who is host after you"),
    "ice-session-stale": (412, "Another ICE session"),
    "too-large": (413, "Too large"),
    "media-type": (415, "Wrong media type"),
    "audio-too-long": (422, "The sound is too long"),
    "audio-unreadable": (422, "This is no sound that we can read"),
    "input-invalid": (422, "The input is not valid"),
    "link-refused": (422, "No links here"),
    "offer-unsupported": (422, "This offer can't be answered"),
    "passkey-invalid": (422, "The passkey does not fit"),
    "picture-unreadable": (422, "This is no picture that we can read"),
    "tag-required": (428, "Which ICE session?"),
    "slow-mode": (429, "Slow mode"),
    "too-many-requests": (429, "Too many requests"),
    "internal": (500, "A fault of ours"),
    "format-unknown": (501, "Only JSON and XML are spoken"),
    "database-away": (503, "The database is away"),
    "monitors-full": (503, "No room for another monitor"),
    "no-candidates": (503, "The stage has no free port"),
    "openid-away": (503, "The sign-in elsewhere is away"),
    "stage-away": (503, "The stage is away"),
    "too-slow": (503, "It took too long"),
}
"""Code → status and title."""

_BY_CLASS: Final[tuple[tuple[type[ParvisError], int], ...]] = (
    (NotSignedIn, 401),
    (Refused, 403),
    (NotFound, 404),
    (Conflict, 409),
    (UserError, 422),
    (ParvisError, 502),
)


def status_of(error: ParvisError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, Overloaded):
        return 429 if PROBLEMS.get(error.code, (503, ""))[0] == 429 else 503
    if error.code in PROBLEMS:
        return PROBLEMS[error.code][0]
    return next(status for kind, status in _BY_CLASS if isinstance(error, kind))


def answer(error: ParvisError) -> Response:
    """The problem response of an error, `Retry-After` and `WWW-Authenticate` included."""
    status = status_of(error)
    headers = {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status, error.code, error.detail, headers=headers, **error.more)


def problem(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """A problem response; `more` are extension members."""
    title = PROBLEMS[code][1] if code in PROBLEMS else HTTPStatus(status).phrase
    body = {
        "type": f"urn:parvis:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    return JSONResponse(body, status, headers, media_type=PROBLEM_TYPE)


def documented(*codes: str, busy: tuple[str, ...] = ()) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for OpenAPI: which codes it may answer, by status; `busy` are those
    that come as 503."""
    everywhere = ["request-timeout", "too-large", "too-many-requests", "internal"]
    if "not-signed-in" in codes or "credentials-wrong" in codes:
        everywhere.append("account-suspended")
    by_status: dict[int, list[str]] = {503: ["database-away", "too-slow", *busy]}
    for code in (*codes, *everywhere):
        by_status.setdefault(PROBLEMS[code][0], []).append(code)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": ", ".join(f"`{code}`" for code in sorted(found)),
            "content": {PROBLEM_TYPE: {"schema": schema}},
        }
        for status, found in sorted(by_status.items())
    }


def install(app: FastAPI) -> None:
    """Makes every error that leaves a route a problem."""
    app.add_exception_handler(ParvisError, _parvis_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _parvis_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ParvisError)
    return answer(error)


async def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Neither the input nor pydantic's context is repeated: a password may be in it.
    errors = [{"field": _field(e["loc"]), "detail": str(e["msg"])} for e in error.errors()]
    detail = "; ".join(f"{e['field']}: {e['detail']}" for e in errors[:3])
    return problem(422, "input-invalid", detail, errors=errors)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
    details = {404: "There is nothing here.", 405: "This method is not for this address."}
    detail = details.get(error.status_code, HTTPStatus(error.status_code).phrase)
    return problem(
        error.status_code, codes.get(error.status_code, "input-invalid"), detail, headers=error.headers
    )


def _field(location: tuple[int | str, ...]) -> str:
    # The first step says where it stands (body, query, path); a JSON fault has a position instead of a name.
    names = [str(step) for step in location[1:] if not isinstance(step, int)]
    return ".".join(names) or str(location[0])
