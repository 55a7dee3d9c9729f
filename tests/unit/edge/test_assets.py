import gzip
from pathlib import Path

import pytest

from parvis.edge.assets import Assets
from parvis.edge.http import Request
from parvis.errors import NotFound


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    (tmp_path / "hall-1a2b.js").write_bytes(b"let a;")
    (tmp_path / "hall-1a2b.js.gz").write_bytes(gzip.compress(b"let a;"))
    (tmp_path / "hall-1a2b.js.br").write_bytes(b"brotli")
    (tmp_path / "mark.svg").write_bytes(b"<svg/>")
    return Assets(tmp_path)


def asking(coding: str = "", etag: str = "") -> Request:
    headers = {b"accept-encoding": coding, b"if-none-match": etag}
    return Request("GET", ("assets", "x"), headers=headers)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000", None),
        ("", None),
        ("identity", None),
    ],
)
def test_the_best_coding_that_the_client_takes(assets: Assets, accepted: str, coding: str | None) -> None:
    answer = assets.answer("hall-1a2b.js", asking(accepted))
    headers = dict(answer.headers)
    assert headers.get("Content-Encoding") == coding
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Vary"] == "Accept-Encoding"
    assert {"br": b"brotli", None: b"let a;"}.get(coding, gzip.compress(b"let a;")) == answer.body


def test_a_file_without_siblings_is_sent_as_it_is(assets: Assets) -> None:
    answer = assets.answer("mark.svg", asking("br"))
    assert (answer.body, dict(answer.headers)["Content-Type"]) == (b"<svg/>", "image/svg+xml")


def test_what_the_client_has_is_not_sent_again(assets: Assets) -> None:
    etag = dict(assets.answer("hall-1a2b.js", asking("br")).headers)["ETag"]
    answer = assets.answer("hall-1a2b.js", asking("br", etag))
    assert (answer.status, answer.body) == (304, b"")
    assert assets.answer("hall-1a2b.js", asking("gzip", etag)).status == 200, "each coding has its own"


@pytest.mark.parametrize("name", ["other.js", "hall-1a2b.js.gz", "../secret", ""])
def test_nothing_else_is_found(assets: Assets, name: str) -> None:
    with pytest.raises(NotFound, match="asset-unknown"):
        assets.answer(name, asking())


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Assets(tmp_path / "nowhere").answer("hall-1a2b.js", asking())
