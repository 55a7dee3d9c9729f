"""Errors as HTTP problems (RFC 9457): the archive's table from codes to answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from parvis.errors import Conflict, NotFound, NotSignedIn, Overloaded, ParvisError, Refused, UserError

PROBLEM_TYPE: Final = "application/problem+json"

PROBLEMS: Final[Mapping[str, tuple[int, str]]] = {
    "not-signed-in": (401, "Sign in first"),
    "cross-origin": (403, "Not from another site"),
    "forbidden": (403, "Not allowed"),
    "no-seat": (403, "No seat in this Space"),
    "clip-unknown": (404, "No such clip"),
    "feed-unknown": (404, "No such feed"),
    "not-found": (404, "Not found"),
    "replay-unknown": (404, "No replay"),
    "request-unknown": (404, "No such request"),
    "method-not-allowed": (405, "This can't be done here"),
    "clips-full": (409, "Too many clips"),
    "requests-full": (409, "Too many requests for removal"),
    "space-not-ended": (409, "The Space is not over"),
    "replay-deleted": (410, "The replay was deleted"),
    "too-large": (413, "Too large"),
    "range-unsatisfiable": (416, "Not in the file"),
    "clip-too-long": (422, "The clip is too long"),
    "input-invalid": (422, "The input is not valid"),
    "time-invalid": (422, "No such time"),
    "too-many-requests": (429, "Too many requests"),
    "internal": (500, "A fault of ours"),
    "disk-full": (503, "It can't be kept now"),
    "replay-not-ready": (503, "The replay is being made"),
    "store-away": (503, "The object store is away"),
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


def answer(error: ParvisError) -> Response:
    """The problem response of an error."""
    if isinstance(error, Overloaded):
        status = 429 if error.code == "too-many-requests" else 503
    elif error.code in PROBLEMS:
        status = PROBLEMS[error.code][0]
    else:
        status = next(status for kind, status in _BY_CLASS if isinstance(error, kind))
    headers = {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status, error.code, error.detail, headers)


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem response."""
    body = {
        "type": f"urn:parvis:problem:{code}",
        "title": PROBLEMS[code][1] if code in PROBLEMS else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return JSONResponse(body, status, headers, media_type=PROBLEM_TYPE)


async def on_parvis_error(_: Request, error: Exception) -> Response:
    """For Starlette's table of handlers."""
    assert isinstance(error, ParvisError)
    return answer(error)


async def on_http_error(_: Request, error: Exception) -> Response:
    """What Starlette itself says: no route, wrong method, a body too large."""
    assert isinstance(error, HTTPException)
    codes = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
    details: dict[int, Any] = {404: "There is nothing here.", 405: "This method is not for this address."}
    detail = details.get(error.status_code, HTTPStatus(error.status_code).phrase)
    headers: Mapping[str, str] | None = error.headers
    return problem(error.status_code, codes.get(error.status_code, "input-invalid"), detail, headers)
