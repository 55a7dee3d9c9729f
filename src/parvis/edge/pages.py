"""The hall and its assets, from memory (docs/protocol.md §2).

Rules:

- The built page has three markers: `<!--parvis:head-->` (title and what link previews read),
  `<!--parvis:body-->` (what shows before any script runs) and `<!--parvis:space-->` (`space.json`, inside a
  JSON script element).
- Whatever people wrote is escaped for where it stands: HTML, or JSON inside HTML, where no `<` may be.
- Assets carry a hash in their name, so they never change: one year, immutable. Compressed siblings (`.br`,
  `.gz`) were made by the build.
- Pages that are not built are a clear `503`; they are looked for again at most once a second.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

from parvis.edge.answers import Answer, Headers
from parvis.edge.http import Request
from parvis.errors import NotFound, Unavailable

CSP: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors *"
)
PAGE_HEADERS: Final[Headers] = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", CSP),
    ("Referrer-Policy", "no-referrer"),
)
LANGUAGES: Final = ("en", "fr")

_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_HTML_LANG = re.compile(r'(<html\b[^>]*\blang=")[^"]*(")')
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "scheduled": "Not begun yet",
        "live": "Live",
        "held": "Nobody is on stage right now. The Space stays open.",
        "ended": "This Space has ended.",
        "host": "Hosted by {}",
        "unknown": "This Space does not exist, or not any more.",
    },
    "fr": {
        "scheduled": "Pas encore commencé",
        "live": "En direct",
        "held": "Plus personne sur scène pour l’instant. L’Espace reste ouvert.",
        "ended": "Cet Espace est terminé.",
        "host": "Animé par {}",
        "unknown": "Cet Espace n’existe pas, ou plus.",
    },
}


@dataclass(frozen=True, slots=True)
class _Asset:
    media_type: str
    variants: Mapping[str, tuple[bytes, str]]
    """Body and ETag by content coding; "" is the file itself."""


class Pages:
    """The built pages of one folder. Reads the disk when made, and again only while nothing is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hall = ""
        self._assets: dict[str, _Asset] = {}
        self._looked_at_s = float("-inf")

    def load(self, at_s: float) -> None:
        """Reads the pages unless they are here or were looked for within the last second (monotonic time).

        Raises `Unavailable` `pages-missing` when they are not built.
        """
        if self._hall:
            return
        if at_s - self._looked_at_s >= 1.0:
            self._looked_at_s = at_s
            hall = self._folder / "hall.html"
            if hall.is_file():
                files = [file for file in (self._folder / "assets").glob("*") if file.is_file()]
                self._assets = {file.name: _read(file) for file in files if file.suffix not in (".br", ".gz")}
                self._hall = hall.read_text("utf-8")
                return
        raise Unavailable("pages-missing", "The pages are not built: run `make pages`.", 5)

    def asset(self, name: str, request: Request) -> Answer:
        """One asset in the best coding that the client takes. Raises `NotFound` `asset-unknown`."""
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound("asset-unknown", "There is no such file.")
        coding = _best_coding(asset, request.header(b"accept-encoding"))
        body, etag = asset.variants[coding]
        headers: Headers = (
            ("Cache-Control", "public, max-age=31536000, immutable"),
            ("ETag", etag),
            ("Vary", "Accept-Encoding"),
        )
        if etag in request.header(b"if-none-match"):
            return Answer(304, headers)
        if coding:
            headers += (("Content-Encoding", coding),)
        return Answer(200, (("Content-Type", asset.media_type), *headers), body)

    def hall(self, space: Mapping[str, Any], language: str) -> Answer:
        """The listener's page for a Space, as `space.json` tells of it, in "en" or "fr"."""
        data = json.dumps(space, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        page = _HTML_LANG.sub(rf"\g<1>{language}\g<2>", self._hall, count=1)
        filled = {"head": _head(space), "body": _body(space, language), "space": data}
        page = re.sub(r"<!--parvis:(head|body|space)-->", lambda marker: filled[marker[1]], page)
        headers = (*PAGE_HEADERS, ("Cache-Control", "public, max-age=1"), ("Vary", "Accept-Language"))
        return Answer(200, headers, page.encode())


def unknown_page(language: str) -> Answer:
    """What a browser shows for a Space that is not there."""
    words = _WORDS[language]["unknown"]
    page = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>404</title><h1>{words}</h1></html>\n'
    )
    return Answer(404, (*PAGE_HEADERS, ("Cache-Control", "no-store")), page.encode())


def choose_language(accepted: str, fallback: str) -> str:
    """The first language of an `Accept-Language` that we speak, weights aside, else that of the Space, else
    English."""
    for entry in accepted.split(","):
        language = entry.partition(";")[0].strip().lower().partition("-")[0]
        if language in LANGUAGES:
            return language
    return fallback if fallback in LANGUAGES else LANGUAGES[0]


def _read(file: Path) -> _Asset:
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    variants = {}
    for coding, suffix in (("", ""), *_ENCODINGS):
        variant = file.with_name(file.name + suffix)
        if variant.is_file():
            body = variant.read_bytes()
            variants[coding] = body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return _Asset(media_type, variants)


def _best_coding(asset: _Asset, accepted: str) -> str:
    wanted = {
        name.strip().lower()
        for name, _, weight in (entry.partition(";") for entry in accepted.split(","))
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    }
    return next((coding for coding, _ in _ENCODINGS if coding in wanted and coding in asset.variants), "")


def _head(space: Mapping[str, Any]) -> str:
    title = escape(space["title"])
    description = escape(space["description"])
    return (
        f"<title>{title}</title>"
        f'<meta name="description" content="{description}">'
        '<meta property="og:type" content="website"><meta property="og:site_name" content="Parvis">'
        f'<meta property="og:title" content="{title}">'
        f'<meta property="og:description" content="{description}">'
        f'<meta property="og:url" content="{escape(space["links"]["share"])}">'
        f'<link rel="canonical" href="{escape(space["links"]["share"])}">'
    )


def _body(space: Mapping[str, Any], language: str) -> str:
    words = _WORDS[language]
    host = escape(words["host"].format(space["host"]["display_name"]))
    people = "".join(f"<li>{escape(speaker['display_name'])}</li>" for speaker in space["speakers"])
    begins = space["starts_at"] if space["state"] == "scheduled" else None
    clock = f' <time datetime="{escape(begins)}">{escape(begins)}</time>' if begins else ""
    return (
        f'<div class="first" lang="{language}"><p class="state">{words[space["state"]]}{clock}</p>'
        f"<h1>{escape(space['title'])}</h1><p>{host}</p><ul>{people}</ul></div>"
    )
