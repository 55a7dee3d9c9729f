"""What strangers find: lists, search, home and profiles, over real tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.api_world import UNLIMITED, World, picture, world

pytestmark = pytest.mark.usefixtures("any_database")

HOME = (
    '<!doctype html><html lang="en"><head><!--parvis:head--></head>'
    '<body><main id="app"><!--parvis:body--></main></body></html>'
)


def at(hours: float) -> str:
    """A time so many hours from now."""
    return (
        (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


async def ids(client: httpx.AsyncClient, path: str, **query: Any) -> list[str]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def paged(client: httpx.AsyncClient, path: str, limit: int, **query: Any) -> list[str]:
    """All ids of a list, page by page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor is not None else {}
        page = (await client.get(path, params={**query, "limit": limit, **more})).json()
        assert len(page["items"]) <= limit
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


async def start(w: World, host: str, space: str) -> None:
    assert (await (await w.person(host)).post(f"/api/v1/spaces/{space}/start")).status_code == 200


async def test_each_list_has_its_own_order_and_pages_without_gaps(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        upcoming = [await w.space("ana", starts_at=at(5 - i)) for i in range(5)]
        await w.space("ana")  # no time is announced: in no list
        live = [await w.space("ben") for _ in range(3)]
        for space in live:
            w.clock.ahead_s += 0.01
            await start(w, "ben", space)
        nobody = w.nobody()
        path = "/api/v1/listings"
        assert await paged(nobody, path, 2, phase="upcoming") == upcoming[::-1]
        assert await paged(nobody, path, 2, phase="live") == live[::-1]
        for space in live[:2]:
            w.clock.ahead_s += 0.01
            await (await w.person("ben")).post(f"/api/v1/spaces/{space}/end")
        assert await paged(nobody, path, 1, phase="past") == [live[1], live[0]]
        assert await ids(nobody, path, phase="live", host="ben") == [live[2]]
        assert await ids(nobody, path, phase="live", host="ana") == []
        assert (await nobody.get(path, params={"host": "nobody"})).json()["code"] == "account-unknown"
        assert (await nobody.get(path, params={"cursor": "bad"})).json()["code"] == "input-invalid"


async def test_only_public_spaces_are_found(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        public = await w.space("ana", starts_at=at(1))
        hidden = [await w.space("ana", starts_at=at(1), visibility=kind) for kind in ("unlisted", "members")]
        nobody, ana = w.nobody(), await w.person("ana")
        for path, query in (
            ("/api/v1/listings", {"phase": "upcoming"}),
            ("/api/v1/search", {"q": "budget"}),
            ("/api/v1/spaces", {}),
        ):
            assert await ids(nobody, path, **query) == [public]
        assert set(await ids(ana, "/api/v1/spaces", mine=True)) == {public, *hidden}
        await ana.patch(f"/api/v1/spaces/{public}", json={"visibility": "unlisted"})
        await ana.patch(f"/api/v1/spaces/{hidden[0]}", json={"visibility": "public"})
        assert await ids(nobody, "/api/v1/search", q="budget") == [hidden[0]]


@pytest.mark.parametrize(
    ("asked", "finds"),
    [
        ("budget", True),
        ("BUD", True),
        ("ete zurich", True),
        ("Été", True),
        ("night budget", True),
        ("night picnic", False),
        ("economie", True),
        ("@lea_m", True),
        ("Lea_M", True),
        ("討論", True),
        ("論", True),
        ("b", False),
        ('"budget* OR', False),
        ("' & | !", False),
        ("budget'':*", True),
    ],
)
async def test_search(tmp_path: Path, asked: str, finds: bool) -> None:
    async with world(tmp_path) as w:
        space = await w.space(
            "lea_m",
            title="Budget night",
            description="L’été à Zürich; 公開討論會",
            topics=["Économie"],
            starts_at=at(1),
        )
        await w.space("ben", title="Something else", starts_at=at(1))
        assert await ids(w.nobody(), "/api/v1/search", q=asked) == ([space] if finds else [])


async def test_search_shows_what_is_live_first_and_pages_through_all(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        spaces = [await w.space("ana", starts_at=at(1 + i)) for i in range(6)]
        for space in spaces[:4]:
            await start(w, "ana", space)
        for space in spaces[:2]:
            await (await w.person("ana")).post(f"/api/v1/spaces/{space}/end")
        expected = [*spaces[3:1:-1], *spaces[:3:-1], *spaces[1::-1]]
        for limit in (1, 2, 5):
            assert await paged(w.nobody(), "/api/v1/search", limit, q="budget") == expected


async def test_a_list_is_as_true_as_its_spaces(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana", starts_at=at(1))
        ana, nobody = await w.person("ana"), w.nobody()
        await ana.patch(f"/api/v1/spaces/{space}", json={"title": "Picnic", "topics": ["Food", "Park"]})
        assert await ids(nobody, "/api/v1/search", q="budget") == []
        [item] = (await nobody.get("/api/v1/search", params={"q": "picnic park"})).json()["items"]
        assert (item["title"], item["topics"], item["host"]["handle"]) == ("Picnic", ["Food", "Park"], "ana")
        olga = await w.make_operator("olga")
        await olga.post("/api/v1/accounts/ana/suspension", json={"reason": "A test."})
        assert await ids(nobody, "/api/v1/search", q="picnic") == []
        assert (await nobody.get("/api/v1/listings", params={"host": "ana"})).status_code == 404
        await olga.delete("/api/v1/accounts/ana/suspension")
        await ana.post(f"/api/v1/spaces/{space}/cancel")
        assert await ids(nobody, "/api/v1/search", q="picnic") == []


async def test_words_follow_the_name_of_a_host(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana", starts_at=at(1))
        ana, nobody = await w.person("ana"), w.nobody()
        assert (await ana.patch("/api/v1/accounts/me", json={"display_name": "Zoë Faure"})).status_code == 200
        assert await ids(nobody, "/api/v1/search", q="faure budget") == [space]
        assert await ids(nobody, "/api/v1/search", q="ana budget") == [space], "the handle stays"


class Page(HTMLParser):
    """Links, times, meta and text of a page; every element must be closed."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.times: list[str] = []
        self.meta: dict[str, str] = {}
        self.said = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(fields["href"])
        if tag == "time":
            self.times.append(fields["datetime"])
        if tag == "meta":
            self.meta[fields.get("property", fields.get("name", ""))] = fields.get("content", "")
        assert tag != "script", "no script in what people wrote"
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "home.html").write_text(HOME)
    return folder


async def test_home_is_whole_before_any_script(tmp_path: Path, pages: Path) -> None:
    async with world(tmp_path / "data", pages=pages) as w:
        evil = '</h3><script>alert("1")</script> & "quotes"'
        begins = at(3)
        space = await w.space("ana", title=evil, description=evil, topics=["<b>"], starts_at=begins)
        live = await w.space("ben", title="On now")
        await start(w, "ben", live)
        answer = await w.nobody().get("/", headers={"Accept-Language": "fr-CA, en"})
        page = Page(answer.text)
        assert 'lang="fr"' in answer.text
        assert {
            f"http://127.0.0.1:8080/s/{space}",
            f"http://127.0.0.1:8080/s/{live}",
            "/@ana",
            "/studio",
        } <= set(page.links)
        assert page.times == [begins]
        reminders = [link for link in page.links if link.endswith("/calendar.ics")]
        assert [link.rpartition("/api/v1/")[2] for link in reminders] == [f"spaces/{space}/calendar.ics"]
        assert evil in page.said
        assert "En ce moment" in page.said
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self'" in policy
        found = Page((await w.nobody().get("/", params={"q": "quotes"})).text)
        assert f"http://127.0.0.1:8080/s/{space}" in found.links
        assert "Nothing was found" in Page((await w.nobody().get("/", params={"q": "<i>zzz"})).text).said


async def test_home_leads_on_page_by_page(tmp_path: Path, pages: Path) -> None:
    async with world(tmp_path / "data", pages=pages) as w:
        spaces = [await w.space("ana", starts_at=at(1 + i)) for i in range(26)]
        client, seen = w.nobody(), list[str]()
        path: str | None = "/?phase=upcoming"
        while path is not None:
            page = Page((await client.get(path)).text)
            seen += [link.rpartition("/")[2] for link in page.links if "/s/" in link]
            path = next((link for link in page.links if "cursor=" in link), None)
        assert seen == spaces


async def test_a_profile_shows_what_is_live_comes_and_was(tmp_path: Path, pages: Path) -> None:
    async with world(tmp_path / "data", pages=pages) as w:
        coming, live, past = [
            await w.space("ana", title=title, starts_at=at(1)) for title in ("Next", "Now", "Then")
        ]
        await w.space("ben", title="Of another", starts_at=at(1))
        await start(w, "ana", live)
        await start(w, "ana", past)
        await (await w.person("ana")).post(f"/api/v1/spaces/{past}/end")
        page = Page((await w.nobody().get("/@ana")).text)
        shown = [link.rpartition("/")[2] for link in page.links if "/s/" in link]
        assert shown == [live, coming, past]
        assert page.meta["og:title"] == "Ana (@ana) · Parvis"
        assert any(link.startswith("webcal:") for link in page.links)
        missing = await w.nobody().get("/@nobody")
        assert missing.status_code == 404
        assert "There is nobody of that name here" in Page(missing.text).said
        assert "/@nobody?lang=fr" in Page(missing.text).links


async def test_a_cover_is_made_alike_and_kept_by_its_content(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space, ana, nobody = await w.space("ana", starts_at=at(1)), await w.person("ana"), w.nobody()
        path = f"/api/v1/spaces/{space}/cover"
        answer = await ana.put(
            path, content=picture(2_000, 700, "JPEG"), headers={"Content-Type": "image/jpeg"}
        )
        cover = answer.json()["cover"]
        shown = await nobody.get(cover)
        assert (shown.headers["content-type"], shown.content[8:12]) == ("image/webp", b"WEBP")
        assert "immutable" in shown.headers["cache-control"]
        assert (await nobody.get(f"/api/v1/spaces/{space}")).json()["cover"] == cover
        again = await ana.put(
            path, content=picture(2_000, 700, "JPEG"), headers={"Content-Type": "image/jpeg"}
        )
        assert again.json()["cover"] == cover
        for bad in (
            b"no picture",
            picture()[:60],
            picture(6_000, 5_000),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        ):
            refused = await ana.put(path, content=bad, headers={"Content-Type": "image/png"})
            assert refused.json()["code"] == "picture-unreadable"
        large = await ana.put(path, content=b"\0" * 5_000_001, headers={"Content-Type": "image/png"})
        assert large.json()["code"] == "too-large"
        assert (await ana.put(path, content=b"x", headers={"Content-Type": "text/html"})).json()[
            "code"
        ] == "media-type"
        assert (await ana.delete(path)).status_code == 204
        assert (await nobody.get(f"/api/v1/spaces/{space}")).json()["cover"] is None
        assert (await nobody.get("/covers/..%2Fsession-key.pem")).status_code == 404


async def test_covers_that_no_space_shows_are_forgotten(tmp_path: Path) -> None:
    def kept() -> int:
        return len(list((tmp_path / "covers").iterdir()))

    async with world(tmp_path) as w:
        space, ana = await w.space("ana"), await w.person("ana")
        path, headers = f"/api/v1/spaces/{space}/cover", {"Content-Type": "image/png"}
        first = (await ana.put(path, content=picture(1_400, 800), headers=headers)).json()["cover"]
        copy = (await ana.post(f"/api/v1/spaces/{space}/duplicate", json={})).json()["id"]
        for width in (1_500, 1_600):
            assert (await ana.put(path, content=picture(width, 700), headers=headers)).status_code == 200
        assert kept() == 2, "the copy still shows the first"
        assert (await w.nobody().get(first)).status_code == 200
        await ana.delete(f"/api/v1/spaces/{copy}/cover")
        await ana.delete(path)
        assert kept() == 0


async def test_pictures_and_sounds_for_spaces_are_taken_now_and_then(tmp_path: Path) -> None:
    async with world(tmp_path, rates=replace(UNLIMITED, upload_by_account="2 per minute")) as w:
        space, ana = await w.space("ana"), await w.person("ana")
        path, found = f"/api/v1/spaces/{space}", []
        for name, kind in (("cover", "image/png"), ("standby-loop", "audio/wav")) * 2:
            answer = await ana.put(f"{path}/{name}", content=b"nothing", headers={"Content-Type": kind})
            found.append(answer.json()["code"])
        assert found == ["picture-unreadable", "audio-unreadable", "too-many-requests", "too-many-requests"]


async def test_an_account_is_host_of_so_many_open_spaces(tmp_path: Path) -> None:
    async with world(tmp_path, more={"open_spaces": 2}) as w:
        first, _ = await w.space("ana"), await w.space("ana", starts_at=at(5))
        ana, ben = await w.person("ana"), await w.person("ben")

        def code(answer: httpx.Response) -> str:
            return str(answer.json()["code"]) if answer.status_code == 409 else str(answer.status_code)

        another = {"title": "Another"}
        assert code(await ana.post("/api/v1/spaces", json=another)) == "spaces-full"
        assert code(await ana.post(f"/api/v1/spaces/{first}/duplicate")) == "spaces-full"
        await w.seat(first, "ana", "ben", "co-host")
        assert code(await ben.post("/api/v1/spaces", json=another)) == "201", (
            "a seat is not a Space of one's own"
        )
        assert (await ana.post(f"/api/v1/spaces/{first}/end")).status_code == 200
        assert code(await ana.post("/api/v1/spaces", json=another)) == "201"
        assert code(await ana.post("/api/v1/spaces", json=another)) == "spaces-full"
