"""Home and profiles as pages: whole before any script runs, which then only sets times in the reader's zone.

- The built page `home.html` has the markers `<!--parvis:head-->` and `<!--parvis:body-->`, as the hall has.
- Whatever people wrote is escaped for where it stands.
- Times are said in UTC, in `<time datetime>`: the script says them as the reader's clock has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from parvis.api.home_words import DAYS, MONTHS, OTHER, WORDS
from parvis.api.schemas_listing import ListedOut, ListedPage
from parvis.api.views import Origins

_HTML_LANG: Final = re.compile(r'(<html\b[^>]*\blang=")[^"]*(")')
_MARKER: Final = re.compile(r"<!--parvis:(head|body)-->")
_DESCRIPTION_SHOWN: Final = 180
_MARK: Final = (
    '<svg viewBox="0 0 32 32" aria-hidden="true" class="mark">'
    '<path d="M9.5 24.5a6.9 6.9 0 0 1 13 0" class="mark-ring"/>'
    '<path d="M5.6 20.5a11.2 11.2 0 0 1 20.8 0" class="mark-ring"/>'
    '<path d="M6 13.2a15.6 15.6 0 0 1 20 0" class="mark-ring"/>'
    '<path d="M12.6 27.6a3.6 3.6 0 0 1 6.8 0" class="mark-stage"/></svg>'
)
_RINGS: Final = "".join(
    f'<circle cy="74" r="{36 + 7.2 * ring:.1f}" class="ring ring-{ring // 6}"/>' for ring in range(18)
)
_SQUARE: Final = (
    '<svg viewBox="-100 -100 200 200" aria-hidden="true" class="home-square">'
    '<defs><clipPath id="ground"><circle r="96"/></clipPath></defs><circle r="99" class="ground"/>'
    f'<g clip-path="url(#ground)">{_RINGS}<path d="M-70 110V84H70v26z" class="foot"/></g>'
    '<path d="M-18 80a19 19 0 0 1 36 0" class="lit"/></svg>'
)
"""The square at dusk: rings of people, as small as a picture can be."""


class HomePage:
    """Fills the built page. `language` is "en" or "fr" everywhere."""

    def __init__(self, folder: Path, origins: Origins) -> None:
        self._path = folder / "home.html"
        self._origins = origins
        self._read: tuple[float, str] = (-1.0, "")

    def is_built(self) -> bool:
        """Whether there is a page to fill."""
        return self._path.is_file()

    def home(self, lists: Mapping[str, ListedPage], language: str, *, signed_in: bool) -> str:
        """The lists `live` and `upcoming`, by name."""
        words = WORDS[language]
        head = _head(words["title"], words["tagline"], f"{self._origins.control}/")
        lead = f'<h1>{words["pitch"]}</h1><p class="home-tag soft">{words["tagline"]}</p>'
        sections = "".join(self._section(name, page, language) for name, page in lists.items())
        body = f'<div class="home-lead">{_SQUARE}{lead}{_search("", language)}</div>{sections}'
        return self._fill(language, head, body, "/", {}, signed_in=signed_in)

    def found(self, query: str, page: ListedPage, language: str, *, signed_in: bool) -> str:
        """What a search found."""
        words = WORDS[language]
        head = f'<title>{escape(query)} · Parvis</title><meta name="robots" content="noindex">'
        line = words["results" if page.items else "results_none"].format(query)
        cards = self._cards(page.items, language)
        more = _more(page, {"q": query}, "/", language)
        section = f'<section class="home-list"><h1>{escape(line)}</h1>{cards}{more}</section>'
        body = _search(query, language) + section
        return self._fill(language, head, body, "/", {"q": query}, signed_in=signed_in)

    def one_list(self, phase: str, page: ListedPage, language: str, *, signed_in: bool) -> str:
        """One list by itself, page by page."""
        words = WORDS[language]
        head = _head(f"{words[phase]} · Parvis", words["tagline"], f"{self._origins.control}/?phase={phase}")
        body = _search("", language) + self._section(phase, page, language, heading="h1", whole=True)
        return self._fill(language, head, body, "/", {"phase": phase}, signed_in=signed_in)

    def profile(
        self,
        handle: str,
        name: str,
        about: str,
        picture: str | None,
        lists: Mapping[str, ListedPage],
        language: str,
        *,
        signed_in: bool,
    ) -> str:
        """A host's own page."""
        words = WORDS[language]
        address = self._origins.profile(handle)
        feed = self._origins.feed(handle)
        calendar = self._origins.calendar_of(handle)
        says = about or words["hosts"].format(name)
        head = _head(
            words["profile"].format(name, handle), says, address, picture=picture, kind="profile"
        ) + (
            f'<link rel="alternate" type="application/rss+xml" href="{escape(feed)}">'
            f'<link rel="alternate" type="text/calendar" href="{escape(calendar)}">'
        )
        face = (
            f'<img class="profile-face" src="{escape(picture)}" alt="" width="96" height="96">'
            if picture
            else ""
        )
        webcal = re.sub(r"^https?:", "webcal:", calendar)
        lead = (
            f'<header class="profile">{face}<div><h1 dir="auto">{escape(name)}</h1>'
            f'<p class="soft"><bdi>@{handle}</bdi></p></div>'
            + (f'<p class="profile-about" dir="auto">{escape(about)}</p>' if about else "")
            + '<p class="profile-acts">'
            + (_follow(handle, language) if signed_in else "")
            + f'<a class="button" href="{escape(webcal)}" data-testid="calendar">{words["calendar"]}</a>'
            f'<a class="button button-quiet" href="{escape(feed)}" data-testid="feed">{words["feed"]}</a>'
            + (_block(language) if signed_in else "")
            + "</p></header>"
        )
        shown = {phase: page for phase, page in lists.items() if page.items}
        sections = "".join(self._section(phase, page, language, host=handle) for phase, page in shown.items())
        none = "" if shown else f'<p class="soft">{escape(words["none_of"].format(name))}</p>'
        return self._fill(language, head, lead + sections + none, f"/@{handle}", {}, signed_in=signed_in)

    def unknown(self, handle: str, language: str, *, signed_in: bool) -> str:
        """There is nobody of that handle, whatever it is."""
        words = WORDS[language]
        return self._fill(
            language,
            f"<title>{words['unknown']} · Parvis</title>",
            f'<h1>{words["unknown"]}</h1><p><a href="/">{words["home"]}</a></p>',
            f"/@{quote(handle, safe='')}",
            {},
            signed_in=signed_in,
        )

    def _section(
        self,
        name: str,
        page: ListedPage,
        language: str,
        *,
        host: str = "",
        heading: str = "h2",
        whole: bool = False,
    ) -> str:
        words = WORDS[language]
        none = "" if page.items else f'<p class="soft">{words[f"{name}_none"]}</p>'
        path = f"/@{host}" if host else "/"
        more = _more(page, {"phase": name}, path, language) if whole or page.next else ""
        cards = self._cards(page.items, language)
        return (
            f'<section class="home-list" data-testid="{name}"><{heading}>{words[name]}</{heading}>'
            f"{none}{cards}{more}</section>"
        )

    def _cards(self, items: Sequence[ListedOut], language: str) -> str:
        cards = "".join(_card(item, self._origins.calendar(item.id), language) for item in items)
        return f'<ul class="cards">{cards}</ul>' if cards else ""

    def _fill(
        self, language: str, head: str, body: str, path: str, query: Mapping[str, str], *, signed_in: bool
    ) -> str:
        words, other = WORDS[language], OTHER[language]
        switch = f"{path}?{urlencode({**query, 'lang': other})}"
        enter = words["studio"] if signed_in else words["sign_in"]
        bar = (
            f'<div class="bar"><a class="brand" href="/">{_MARK}Parvis</a><span class="bar-end">'
            f'<a class="button button-quiet small" href="{escape(switch)}" lang="{other}" '
            f'data-testid="language">{words["other_language"]}</a>'
            f'<a class="button small" href="/studio" data-testid="studio">{enter}</a></span></div>'
        )
        filling = {"head": head, "body": f'{bar}<div class="home">{body}</div>'}
        page = _HTML_LANG.sub(rf"\g<1>{language}\g<2>", self._template(), count=1)
        return _MARKER.sub(lambda marker: filling[marker[1]], page)

    def _template(self) -> str:
        """The built page, read anew when it was built anew."""
        changed_s = self._path.stat().st_mtime
        if self._read[0] != changed_s:
            self._read = (changed_s, self._path.read_text("utf-8"))
        return self._read[1]


def _head(title: str, says: str, address: str, *, picture: str | None = None, kind: str = "website") -> str:
    image = f'<meta property="og:image" content="{escape(picture)}">' if picture else ""
    return (
        f'<title>{escape(title)}</title><meta name="description" content="{escape(says)}">'
        f'<link rel="canonical" href="{escape(address)}">'
        f'<meta property="og:type" content="{kind}"><meta property="og:site_name" content="Parvis">'
        f'<meta property="og:title" content="{escape(title)}">'
        f'<meta property="og:description" content="{escape(says)}">'
        f'<meta property="og:url" content="{escape(address)}">{image}'
    )


def _follow(handle: str, language: str) -> str:
    words = WORDS[language]
    return (
        f'<button type="button" class="button button-main" id="follow" data-handle="{handle}" hidden'
        f' data-follow="{words["follow"]}" data-unfollow="{words["unfollow"]}">{words["follow"]}</button>'
    )


def _block(language: str) -> str:
    """The button, and behind it what is said of how one stands to them."""
    words = WORDS[language]
    return (
        f'<button type="button" class="button button-quiet" id="block" hidden data-block="{words["block"]}"'
        f' data-unblock="{words["unblock"]}" data-blocked="{words["blocked"]}"'
        f' data-refused="{words["follow_refused"]}">{words["block"]}</button>'
        '<span class="profile-note soft small" id="relation" role="status"></span>'
    )


def _search(query: str, language: str) -> str:
    words = WORDS[language]
    return (
        '<form class="search" role="search" action="/" method="get">'
        f'<label class="hidden" for="q">{words["search_label"]}</label>'
        f'<input id="q" type="search" name="q" maxlength="200" dir="auto" value="{escape(query)}" '
        f'placeholder="{words["search_label"]}" autocomplete="off" data-testid="search">'
        f'<button class="button">{words["search"]}</button></form>'
    )


def _more(page: ListedPage, query: Mapping[str, str], path: str, language: str) -> str:
    if page.next is None:
        return ""
    address = f"{path}?{urlencode({**query, 'cursor': page.next})}"
    word = WORDS[language]["more"]
    return f'<p><a class="button" href="{escape(address)}" data-testid="more" rel="next">{word}</a></p>'


def _card(item: ListedOut, calendar: str, language: str) -> str:
    words = WORDS[language]
    live = item.state in ("live", "held")
    badge = "badge badge-live" if item.state == "live" else "badge"
    cover = f'<img class="card-cover" src="{escape(item.cover)}" alt="" loading="lazy">' if item.cover else ""
    where = item.replay or item.share
    remind = ""
    note = f'<span class="{badge}">{words[f"state_{item.state}"]}</span>' if live else ""
    if live and item.listeners:
        said = words["listening_one" if item.listeners == 1 else "listening"].format(item.listeners)
        note += f' <span class="figures">{said}</span>'
    elif item.state == "scheduled" and item.starts_at is not None:
        note = _time(item.starts_at, language)
        remind = (
            f'<p class="card-remind"><a class="button small" href="{escape(calendar)}" '
            f'aria-label="{escape(words["remind_of"].format(item.title))}" data-testid="remind">'
            f"{words['remind']}</a></p>"
        )
    elif item.state == "ended":
        note = _time(item.started_at or item.ended_at or "", language)
        note += f' <span class="badge">{words["replay"]}</span>' if item.replay else ""
    about = item.description
    if len(about) > _DESCRIPTION_SHOWN:
        about = f"{about[:_DESCRIPTION_SHOWN].rstrip()}…"
    topics = "".join(
        f'<li><a class="topic" dir="auto" href="/?{escape(urlencode({"q": topic}))}">{escape(topic)}</a></li>'
        for topic in item.topics
    )
    host = (
        f'<a class="card-host" href="/@{item.host.handle}">'
        f"{escape(words['with'].format(item.host.display_name))}</a>"
    )
    return (
        f'<li class="card card-{"live" if live else item.state}" data-testid="card-{item.id}">{cover}'
        f'<h3 dir="auto"><a class="card-link" href="{escape(where)}">{escape(item.title)}</a></h3>'
        f'<p class="soft small">{host}</p><p class="card-note small">{note}</p>'
        + (f'<p class="card-about soft small" dir="auto">{escape(about)}</p>' if about else "")
        + (f'<ul class="topics small">{topics}</ul>' if topics else "")
        + f"{remind}</li>"
    )


def _time(text: str, language: str) -> str:
    at = datetime.fromisoformat(text)
    day, month = DAYS[language][at.weekday()], MONTHS[language][at.month - 1]
    return f'<time datetime="{text}">{day} {at.day} {month}, {at:%H:%M} UTC</time>'
