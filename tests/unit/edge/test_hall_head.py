"""What other sites read of a share link, by a parser that is not ours."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from parvis.edge.hall_head import head
from parvis.edge.view import hidden_fields


class Head(HTMLParser):
    """Meta by name or property, links by type, and nothing else than these and a title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.title = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = {name: value or "" for name, value in attrs}
        assert tag in ("meta", "link", "title"), tag
        if tag == "meta":
            name = fields.get("property") or fields["name"]
            assert name not in self.meta, "said once"
            self.meta[name] = fields["content"]
        if tag == "link":
            self.links[fields.get("type", fields["rel"])] = fields["href"]

    def handle_data(self, data: str) -> None:
        self.title += data


def space(**changes: Any) -> dict[str, Any]:
    return {
        "id": "abc",
        "title": "Budget night",
        "description": "What it costs",
        "language": "en",
        "state": "live",
        "visibility": "public",
        "end_reason": None,
        "host": {"handle": "ana", "display_name": "Ana"},
        "starts_at": None,
        "renditions": [{"name": "aac"}],
        "links": {
            "share": "https://e.example/s/abc",
            "aac": "https://e.example/live/abc/stream.aac",
            "preview": "https://c.example/previews/abc.png",
            "home": "https://c.example/",
        },
        **changes,
    }


def test_messengers_find_title_words_and_picture() -> None:
    read = Head(head(space()))
    assert read.title == "Budget night · Parvis"
    assert {name: read.meta[f"og:{name}"] for name in ("title", "description", "url", "locale", "audio")} == {
        "title": "Budget night",
        "description": "Live now with Ana. What it costs",
        "url": "https://e.example/s/abc",
        "locale": "en_GB",
        "audio": "https://e.example/live/abc/stream.aac",
    }
    assert read.meta["twitter:card"] == "summary_large_image"
    assert read.meta["og:image"] == read.meta["twitter:image"]
    assert read.meta["og:image"].startswith("https://c.example/previews/abc.png?v=")
    assert (read.meta["og:image:width"], read.meta["og:image:height"]) == ("1200", "630")
    assert read.links["canonical"] == "https://e.example/s/abc"


@pytest.mark.parametrize(
    "evil", ['"><script>alert(1)</script>', "' onload=x", "</title><b>", "&amp; & \n new"]
)
def test_whatever_people_write_stays_text(evil: str) -> None:
    read = Head(head(space(title=evil, description=evil, host={"handle": "e", "display_name": evil})))
    assert read.title == f"{evil} · Parvis"
    assert read.meta["og:title"] == read.meta["twitter:title"] == evil
    assert " ".join(evil.split()) in read.meta["og:description"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": "scheduled"}, "Upcoming with Ana. What it costs"),
        ({"state": "ended", "end_reason": "cancelled"}, "Cancelled with Ana. What it costs"),
        ({"language": "fr-CA", "description": ""}, "En direct avec Ana."),
    ],
)
def test_the_words_say_how_it_stands(changes: dict[str, Any], says: str) -> None:
    assert Head(head(space(**changes))).meta["og:description"] == says


def test_the_picture_has_another_address_when_it_shows_something_else() -> None:
    def picture(**changes: Any) -> str:
        return Head(head(space(**changes))).meta["og:image"]

    assert picture() == picture(description="Other words")
    assert len({picture(), picture(title="Other"), picture(state="ended"), picture(starts_at="2026")}) == 4


def test_other_sites_find_the_player() -> None:
    read = Head(head(space()))
    for media, kind in (("application/json+oembed", "json"), ("text/xml+oembed", "xml")):
        address = urlsplit(read.links[media])
        assert address.path == "/oembed"
        assert parse_qs(address.query) == {"url": ["https://e.example/s/abc"], "format": [kind]}


def test_of_what_is_for_members_nothing_but_title_and_state() -> None:
    fields = {**space(visibility="members"), "topics": [], "speakers": [], "counts": {}, "sequence": 1}
    read = Head(head(hidden_fields(fields)))
    assert read.meta["og:description"] == "Live now."
    assert read.meta["robots"] == "noindex"
    assert "og:audio" not in read.meta
    assert set(read.links) == {"canonical"}
    assert "Ana" not in str(read.meta)
