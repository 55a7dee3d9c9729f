from __future__ import annotations

import socket
from pathlib import Path

import pytest

from parvis.errors import UserError
from parvis.media.rendition import Rendition
from parvis.storm.target import Target


@pytest.mark.parametrize(
    "path",
    ["/s/abc", "/s/abc/", "/live/abc/stream.mp4", "/live/abc/space.json", "/live/abc/stream.mp4?codec=aac"],
)
def test_links_lead_to_the_space(path: str) -> None:
    target = Target.of(f"http://127.0.0.1:8080{path}")
    assert target.live == "/live/abc"
    assert target.authority == "127.0.0.1:8080"
    assert target.address == ("127.0.0.1", 8080)
    assert target.loopback
    assert target.rendition is (Rendition.AAC if "aac" in path else Rendition.OPUS)


def test_a_prefix_stays_and_an_option_beats_the_link() -> None:
    target = Target.of("http://127.0.0.1/radio/live/abc/stream.mp4?codec=aac", Rendition.OPUS)
    assert target.live == "/radio/live/abc"
    assert target.address == ("127.0.0.1", 80)
    assert target.rendition is Rendition.OPUS


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/",
        "http://127.0.0.1:8080/live/abc/stream.ogg",
        "http:///s/abc",
        "ftp://127.0.0.1/s/abc",
        "127.0.0.1/s/abc",
        "http://127.0.0.1:99999/s/abc",
        "http://127.0.0.1/live/abc/stream.mp4?codec=mp3",
    ],
)
def test_other_links_are_refused(url: str) -> None:
    with pytest.raises(UserError) as caught:
        Target.of(url)
    assert caught.value.code == "link-unknown"


def test_https_has_its_own_port_and_a_name_to_check() -> None:
    target = Target.of("https://localhost/s/abc")
    assert target.address == ("127.0.0.1", 443)
    assert target.host == "localhost"
    assert target.tls is not None
    assert target.tls.check_hostname
    believing = Target.of("https://localhost:8443/s/abc", insecure=True)
    assert believing.address == ("127.0.0.1", 8443)
    assert believing.tls is not None
    assert not believing.tls.check_hostname
    assert Target.of("http://localhost/s/abc").tls is None


def test_authorities_must_be_readable(tmp_path: Path) -> None:
    for ca in (tmp_path / "none.pem", tmp_path / "empty.pem"):
        with pytest.raises(UserError) as caught:
            Target.of("https://localhost/s/abc", ca=ca)
        assert caught.value.code == "authority-unusable"
        (tmp_path / "empty.pem").write_text("")


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "0.0.0.0", "[2001:db8::1]", "169.254.1.1"])
def test_what_is_not_this_machine_is_refused_unless_owned(host: str) -> None:
    with pytest.raises(UserError, match="--i-own-this-target") as caught:
        Target.of(f"http://{host}/s/abc")
    assert caught.value.code == "target-not-loopback"
    assert not Target.of(f"http://{host}/s/abc", owned=True).loopback


def test_one_address_that_is_not_loopback_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(UserError, match=r"192\.0\.2\.1"):
        Target.of("http://two-faced.test/s/abc")


@pytest.mark.parametrize("host", ["localhost", "127.9.8.7", "[::1]"])
def test_all_of_loopback_is_fair(host: str) -> None:
    assert Target.of(f"http://{host}:8080/s/abc").loopback
