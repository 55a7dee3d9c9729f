"""The studio's pages: files, caching, encodings, policies."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.contract.api_world import world


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "assets").mkdir(parents=True)
    (folder / "studio.html").write_text("<!doctype html><title>Studio</title>")
    (folder / "secret.txt").write_text("not a page")
    script = folder / "assets" / "studio-abc123.js"
    script.write_text("plain")
    script.with_name("studio-abc123.js.gz").write_bytes(gzip.compress(b"zipped"))
    script.with_name("studio-abc123.js.br").write_bytes(b"brotli bytes")
    return folder


async def test_a_page_is_strict_about_what_it_loads(tmp_path: Path, pages: Path) -> None:
    async with world(tmp_path / "data", pages=pages) as w:
        for path in ("/studio", "/studio/0123456789"):
            answer = await w.nobody().get(path)
            assert (answer.status_code, answer.text) == (200, "<!doctype html><title>Studio</title>")
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["content-security-policy"] == (
                "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
                "media-src 'self' blob: http://127.0.0.1:8082; "
                "connect-src 'self' http://127.0.0.1:8080 http://127.0.0.1:8082; "
                "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
            )
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["permissions-policy"] == "microphone=(self), camera=(), geolocation=()"
            assert answer.headers["cache-control"] == "no-cache"
        assert (await w.nobody().get("/studio/nonsense")).json()["code"] == "space-unknown"


async def test_assets_are_cached_for_a_year_and_come_packed(tmp_path: Path, pages: Path) -> None:
    async with world(tmp_path / "data", pages=pages) as w:
        client = w.nobody()
        for accepted, encoding in (("br, gzip", "br"), ("gzip;q=0.5, br;q=0", "gzip"), ("identity", None)):
            head = await client.head("/assets/studio-abc123.js", headers={"Accept-Encoding": accepted})
            assert head.headers.get("content-encoding") == encoding
            assert head.headers["vary"] == "Accept-Encoding"
            assert head.headers["content-type"].startswith("text/javascript")
            assert head.headers["cache-control"] == "public, max-age=31536000, immutable"
        unpacked = await client.get("/assets/studio-abc123.js", headers={"Accept-Encoding": "gzip"})
        assert unpacked.text == "zipped"


@pytest.mark.parametrize(
    "path", ["/assets/..%2Fsecret.txt", "/assets/../secret.txt", "/assets/.hidden", "/assets/none.js"]
)
async def test_nothing_else_is_served(tmp_path: Path, pages: Path, path: str) -> None:
    async with world(tmp_path / "data", pages=pages) as w:
        answer = await w.nobody().get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_without_pages_it_says_how_to_build_them(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for path in ("/", "/studio", "/@ana"):
            answer = await w.nobody().get(path)
            assert answer.status_code == 503
            assert "make pages" in answer.text
