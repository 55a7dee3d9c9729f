import json
import re
from pathlib import Path
from typing import Any

import pytest

from parvis.edge.hall import CSP, Pages, choose_language
from parvis.errors import Unavailable

HALL = """<!doctype html>
<html lang="en"><head><!--parvis:head--></head><body>
<main id="app"><!--parvis:body--></main>
<script type="application/json" id="space"><!--parvis:space--></script></body></html>
"""


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    (tmp_path / "assets").mkdir()
    (tmp_path / "hall.html").write_text(HALL)
    pages = Pages(tmp_path)
    pages.load(0.0)
    return pages


def space(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Budget night",
        "description": "What it costs",
        "state": "live",
        "host": {"handle": "ana", "display_name": "Ana"},
        "speakers": [{"display_name": "Ana"}, {"display_name": "Tom"}],
        "starts_at": None,
        "links": {"share": "http://x/s/abc"},
        **changes,
    }


def embedded(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="space">(.*)</script>', page)
    assert found is not None
    return json.loads(found[1])


def test_the_first_paint_needs_no_script(pages: Pages) -> None:
    answer = pages.hall(space(), "en")
    page = answer.body.decode()
    assert "<title>Budget night · Parvis</title>" in page
    assert '<meta property="og:description" content="Live now with Ana. What it costs">' in page
    assert '<h1 dir="auto">Budget night</h1>' in page
    assert '<span class="badge badge-live">Live</span> with Ana' in page
    assert '<li class="person" dir="auto">Ana</li><li class="person" dir="auto">Tom</li>' in page
    assert embedded(page) == space()
    assert "<!--parvis" not in page


def test_the_page_speaks_the_language_that_was_asked_for(pages: Pages) -> None:
    page = pages.hall(space(state="scheduled", starts_at="2026-11-22T20:00:00.000Z"), "fr").body.decode()
    assert '<html lang="fr">' in page
    assert '<span class="badge">À venir</span> avec Ana' in page
    assert '<time datetime="2026-11-22T20:00:00.000Z">' in page


@pytest.mark.parametrize(
    "evil",
    ["</script><script>alert(1)</script>", '"><img src=x>', "<!--parvis:space-->", r"\g<1> \1 {}", "a&b"],
)
def test_whatever_people_write_stays_text(pages: Pages, evil: str) -> None:
    told = space(title=evil, description=evil, host={"handle": "e", "display_name": evil})
    told["speakers"] = [{"display_name": evil}]
    page = pages.hall(told, "en").body.decode()
    assert embedded(page) == told
    assert page.count("<script") == 1
    assert "<img" not in page


def test_pages_are_told_what_they_may_do(pages: Pages) -> None:
    headers = dict(pages.hall(space(), "en").headers)
    assert headers["Content-Security-Policy"] == CSP
    assert "frame-ancestors 'none'" in CSP
    framed = dict(pages.embed(space(), "en").headers)["Content-Security-Policy"]
    assert framed == CSP.replace("frame-ancestors 'none'", "frame-ancestors *")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "public, max-age=1"
    assert headers["Vary"] == "Accept-Language"


def test_a_space_that_is_not_there_has_a_page_too(pages: Pages) -> None:
    answer = pages.unknown("fr")
    assert answer.status == 404
    page = answer.body.decode()
    assert "<h1>Il n’y a rien à cette adresse</h1>" in page
    assert 'id="space"></script>' in page


def test_pages_that_are_not_built_are_said_so_and_found_later(tmp_path: Path) -> None:
    pages = Pages(tmp_path)
    with pytest.raises(Unavailable, match="make pages"):
        pages.load(0.0)
    (tmp_path / "hall.html").write_text(HALL)
    with pytest.raises(Unavailable):
        pages.load(0.9)
    pages.load(1.0)
    assert pages.hall(space(), "en").status == 200


@pytest.mark.parametrize(
    ("accepted", "fallback", "chosen"),
    [
        ("fr-CA,fr;q=0.9,en;q=0.8", "en", "fr"),
        ("de-DE,en;q=0.5", "fr", "en"),
        ("de", "fr", "fr"),
        ("", "fr", "fr"),
        ("", "", "en"),
        ("*", "de", "en"),
    ],
)
def test_choose_language(accepted: str, fallback: str, chosen: str) -> None:
    assert choose_language(accepted, fallback) == chosen
