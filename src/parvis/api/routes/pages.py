"""The studio's pages and what they load.

- Files with a hash in their name never change: they are cached for a year. The pages are asked for each time.
- A file's `.br` or `.gz` beside it is sent to who accepts that.
- A strict policy: only our own scripts and styles, talk to nobody but control, edges and archive, in nobody's
  frame.
"""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse

from parvis.api.asking import Wired
from parvis.errors import NotFound
from parvis.spaces.words import is_space_id

router = APIRouter(include_in_schema=False)

_FILE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))


@router.api_route("/studio", methods=["GET", "HEAD"])
def studio_home(request: Request, services: Wired) -> Response:
    """The studio without a Space: sign in, create."""
    return _page(request, services)


@router.api_route("/studio/{space}", methods=["GET", "HEAD"])
def studio(space: str, request: Request, services: Wired) -> Response:
    """The studio of a Space; whether it exists the page finds out by the API."""
    if not is_space_id(space):
        raise NotFound("space-unknown", "There is no such Space.")
    return _page(request, services)


@router.api_route("/account", methods=["GET", "HEAD"])
def account(request: Request, services: Wired) -> Response:
    """One's own account; who it is the page finds out by the API."""
    return _page(request, services)


@router.api_route("/sign-in", methods=["GET", "HEAD"])
def sign_in(request: Request, services: Wired) -> Response:
    """A window that the hall opens: passkeys, and accounts elsewhere, are bound to this origin."""
    return _page(request, services)


@router.api_route("/assets/{file}", methods=["GET", "HEAD"])
def asset(file: str, request: Request, services: Wired) -> Response:
    """A script, a style or a picture."""
    path = services.settings.pages / "assets" / file
    if not (_FILE.fullmatch(file) and path.is_file()):
        raise NotFound("not-found", "There is no such file.")
    return _file(path, request, {"Cache-Control": "public, max-age=31536000, immutable"})


def _page(request: Request, services: Wired) -> Response:
    path = services.settings.pages / "studio.html"
    if not path.is_file():
        text = "The pages are not built. Run `make pages`, then load this again.\n"
        return PlainTextResponse(text, 503, {"Retry-After": "10"})
    return _file(
        path,
        request,
        {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": _policy(services.origins.edge, services.origins.archive),
            "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        },
    )


def _file(path: Path, request: Request, headers: dict[str, str]) -> Response:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    accepted = _accepted(request.headers.get("accept-encoding", ""))
    headers = {**headers, "Vary": "Accept-Encoding"}
    for encoding, suffix in _ENCODINGS:
        packed = path.with_name(path.name + suffix)
        if encoding in accepted and packed.is_file():
            return FileResponse(
                packed, headers={**headers, "Content-Encoding": encoding}, media_type=media_type
            )
    return FileResponse(path, headers=headers, media_type=media_type)


def _accepted(header: str) -> frozenset[str]:
    accepted = set()
    for item in header.lower().split(","):
        name, _, weight = item.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.add(name.strip())
    return frozenset(accepted)


def _policy(edge_origin: str, archive_origin: str) -> str:
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            f"media-src 'self' blob: {archive_origin}",
            f"connect-src 'self' {edge_origin} {archive_origin}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )
