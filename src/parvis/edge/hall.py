"""The hall: the listener's page, filled with what it shows before any script runs (docs/protocol.md §2).

Rules:

- The built pages are `hall.html` and `embed.html`, the player for other sites. Each has three markers:
  `<!--parvis:head-->` (title, and what link previews read),
  `<!--parvis:body-->` (title, host, state and people) and `<!--parvis:space-->` (`space.json`, inside a JSON
  script element, or nothing for a Space that is not there).
- Whatever people wrote is escaped for where it stands: HTML, or JSON inside HTML, where no `<` may be.
- No inline script and no inline style, and none from elsewhere: the content security policy allows neither.
- Only the player may be in other sites' frames: nobody can lay something over the hall's buttons.
- Pages that are not built are a clear `503`; they are looked for again at most once a second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from parvis.edge.answers import Answer, Headers
from parvis.edge.assets import Assets
from parvis.edge.hall_head import head
from parvis.errors import Unavailable

CSP: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: http: https:; "
    "media-src 'self' blob: http: https:; connect-src 'self' http: https:; base-uri 'none'; "
    "frame-ancestors 'none'"
)
EMBED_CSP: Final = CSP.replace("frame-ancestors 'none'", "frame-ancestors *")
"""Sound and faces may come from elsewhere: from control, the archive, and any Parvis into which an audience
is handed."""
PAGE_HEADERS: Final[Headers] = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", CSP),
    ("Referrer-Policy", "no-referrer"),
    ("Vary", "Accept-Language"),
)
EMBED_HEADERS: Final[Headers] = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", EMBED_CSP),
    ("Referrer-Policy", "no-referrer"),
    ("Vary", "Accept-Language"),
)
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "scheduled": "Upcoming",
        "live": "Live",
        "held": "On hold",
        "ended": "Over",
        "cancelled": "Cancelled",
        "host": "with {}",
        "members": "This Space is for members. Open the link that you were sent, the whole of it.",
        "unknown": "There is no Space here",
    },
    "fr": {
        "scheduled": "À venir",
        "live": "En direct",
        "held": "En suspens",
        "ended": "Terminé",
        "cancelled": "Annulé",
        "host": "avec {}",
        "members": "Cet Espace est réservé à ses membres. Ouvrez en entier le lien que vous avez reçu.",
        "unknown": "Il n’y a rien à cette adresse",
    },
}
"""What the first paint says, in the words of the page itself."""

_HTML_LANG = re.compile(r'(<html\b[^>]*\blang=")[^"]*(")')
_MARKER = re.compile(r"<!--parvis:(head|body|space)-->")
_LOOK_AGAIN_S = 1.0


class Pages:
    """The built pages of one folder. Reads the disk at the first request, and again only while nothing is
    there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hall = ""
        self._embed = ""
        self._assets = Assets(folder / "assets")
        self._looked_at_s = float("-inf")

    def assets(self, at_s: float) -> Assets:
        """The files that the hall needs. Raises like `load`."""
        self.load(at_s)
        return self._assets

    def load(self, at_s: float) -> None:
        """Reads the pages unless they are here, or were looked for within the last second (monotonic time).

        Raises `Unavailable` `pages-missing` when they are not built.
        """
        if not self._hall and at_s - self._looked_at_s >= _LOOK_AGAIN_S:
            self._looked_at_s = at_s
            hall = self._folder / "hall.html"
            if hall.is_file():
                self._assets = Assets(self._folder / "assets")
                self._hall = hall.read_text("utf-8")
                embed = self._folder / "embed.html"
                self._embed = embed.read_text("utf-8") if embed.is_file() else self._hall
        if not self._hall:
            raise Unavailable("pages-missing", "The pages are not built: run `make pages`.", 5)

    def hall(self, space: Mapping[str, Any], language: str) -> Answer:
        """The page of a Space, as `space.json` tells of it, in "en" or "fr"."""
        data = json.dumps(space, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        page = _fill(self._hall, language, head=head(space), body=_body(space, language), space=data)
        return Answer(200, (*PAGE_HEADERS, ("Cache-Control", "public, max-age=1")), page)

    def embed(self, space: Mapping[str, Any], language: str) -> Answer:
        """The player of a Space for other sites, as small as it can be."""
        data = json.dumps(space, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        title = f"<title>{escape(space['title'])} · Parvis</title>"
        robots = '<meta name="robots" content="noindex">'
        page = _fill(self._embed, language, head=title + robots, body=_first(space, language), space=data)
        return Answer(200, (*EMBED_HEADERS, ("Cache-Control", "public, max-age=1")), page)

    def unknown(self, language: str, *, embedded: bool = False) -> Answer:
        """The page of a Space that is not there: `404`, and words for people."""
        words = escape(WORDS[language]["unknown"])
        built, headers = (self._embed, EMBED_HEADERS) if embedded else (self._hall, PAGE_HEADERS)
        page = _fill(
            built, language, head=f"<title>{words} · Parvis</title>", body=f"<h1>{words}</h1>", space=""
        )
        return Answer(404, (*headers, ("Cache-Control", "no-store")), page)


def choose_language(accepted: str, fallback: str = "") -> str:
    """The first language of an `Accept-Language` that we speak, weights aside; else `fallback`; else
    English."""
    for entry in f"{accepted},{fallback}".split(","):
        language = entry.partition(";")[0].strip().lower().partition("-")[0]
        if language in WORDS:
            return language
    return "en"


def _fill(built: str, language: str, **filling: str) -> bytes:
    page = _HTML_LANG.sub(rf"\g<1>{language}\g<2>", built, count=1)
    return _MARKER.sub(lambda marker: filling[marker[1]], page).encode()


def _first(space: Mapping[str, Any], language: str) -> str:
    """What the player says before its script runs."""
    words, state = WORDS[language], space.get("end_reason") or space["state"]
    badge = "badge badge-live" if state == "live" else "badge"
    return (
        f'<div class="embed"><h1 dir="auto">{escape(space["title"])}</h1>'
        f'<p class="soft"><span class="{badge}">{words.get(state, state)}</span> '
        f'<a href="{escape(space["links"]["share"])}" target="_blank" rel="noopener">Parvis</a></p></div>'
    )


def _body(space: Mapping[str, Any], language: str) -> str:
    words, state = WORDS[language], space["state"]
    badge = "badge badge-live" if state == "live" else "badge"
    name = space["host"]["display_name"]
    host = escape(words["host"].format(name)) if name else ""
    if space.get("visibility") == "members":
        host = words["members"]
    said = words.get(space.get("end_reason") or state, state)
    begins = escape(space["starts_at"]) if state == "scheduled" and space["starts_at"] else ""
    clock = f' <time datetime="{begins}">{begins}</time>' if begins else ""
    names = [escape(seat["display_name"]) for seat in space["speakers"]]
    people = "".join(f'<li class="person" dir="auto">{name}</li>' for name in names)
    return (
        f'<div class="hall-grid"><header class="hall-head"><h1 dir="auto">{escape(space["title"])}</h1>'
        f'<p class="hall-host soft"><span class="{badge}">{said}</span> {host}{clock}</p></header>'
        f'<div class="hall-side"><p class="hall-about" dir="auto">{escape(space["description"])}</p>'
        f"<ul>{people}</ul></div></div>"
    )
