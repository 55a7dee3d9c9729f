"""The head of the hall: what messengers, search engines and other sites read where a share link is shown.

- OpenGraph (ogp.me) and Twitter cards: title, words, picture. The picture is control's (`/previews/…`); its
  address changes with what it shows, for messengers keep pictures by their address.
- oEmbed is found by `<link rel="alternate">` (oembed.com §4); what is for members can't be embedded.
- Whatever people wrote is escaped for an attribute.
- Made from `space.json`, so that of a Space for members nothing stands here but title and state. Only public
  Spaces are for search engines.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

PICTURE_WIDTH: Final = 1200
PICTURE_HEIGHT: Final = 630
DESCRIPTION_MAX: Final = 200
_STATES: Final = {
    "en": {
        "scheduled": "Upcoming",
        "live": "Live now",
        "held": "On hold",
        "ended": "Over",
        "cancelled": "Cancelled",
    },
    "fr": {
        "scheduled": "À venir",
        "live": "En direct",
        "held": "En suspens",
        "ended": "Terminé",
        "cancelled": "Annulé",
    },
}
_WITH: Final = {"en": "with {}", "fr": "avec {}"}


def head(space: Mapping[str, Any]) -> str:
    """The elements, as HTML. `space` is what `space.json` tells."""
    links = space["links"]
    title, share = space["title"], links["share"]
    words = description(space)
    parts = [
        f"<title>{escape(title)} · Parvis</title>",
        _named("description", words),
        f'<link rel="canonical" href="{escape(share)}">',
        _property("og:type", "website"),
        _property("og:site_name", "Parvis"),
        _property("og:title", title),
        _property("og:description", words),
        _property("og:url", share),
        _property("og:locale", "fr_FR" if _language(space) == "fr" else "en_GB"),
    ]
    if "preview" in links:
        picture = f"{links['preview']}?v={_version(space)}"
        parts += [
            _property("og:image", picture),
            _property("og:image:type", "image/png"),
            _property("og:image:width", str(PICTURE_WIDTH)),
            _property("og:image:height", str(PICTURE_HEIGHT)),
            _property("og:image:alt", title),
            _named("twitter:card", "summary_large_image"),
            _named("twitter:title", title),
            _named("twitter:description", words),
            _named("twitter:image", picture),
        ]
    if space["state"] == "live" and space.get("renditions") and "aac" in links:
        parts += [_property("og:audio", links["aac"]), _property("og:audio:type", "audio/aac")]
    if space.get("visibility", "public") != "public":
        parts.append(_named("robots", "noindex"))
    if space.get("visibility") != "members" and "home" in links:
        parts += [_oembed(links["home"], share, kind) for kind in ("json", "xml")]
    return "".join(parts)


def description(space: Mapping[str, Any]) -> str:
    """State and host, then what the host wrote: in the Space's language, as far as we speak it."""
    language = _language(space)
    state = _STATES[language].get(space.get("end_reason") or space["state"], "")
    name = space["host"]["display_name"]
    begins = [state] + ([_WITH[language].format(name)] if name else [])
    line = " ".join(part for part in begins if part)
    about = " ".join(space["description"].split())
    text = f"{line}. {about}" if about else f"{line}."
    return text if len(text) <= DESCRIPTION_MAX else f"{text[:DESCRIPTION_MAX].rstrip()}…"


def _language(space: Mapping[str, Any]) -> str:
    return "fr" if str(space.get("language", "")).partition("-")[0] == "fr" else "en"


def _version(space: Mapping[str, Any]) -> str:
    shown = (space["title"], space["host"]["display_name"], space["state"], space.get("starts_at"))
    return f"{zlib.crc32(repr(shown).encode()):08x}"


def _oembed(home: str, share: str, kind: str) -> str:
    address = f"{home}oembed?{urlencode({'url': share, 'format': kind})}"
    media = "application/json+oembed" if kind == "json" else "text/xml+oembed"
    return f'<link rel="alternate" type="{media}" href="{escape(address)}">'


def _named(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{escape(content)}">'


def _property(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{escape(content)}">'
