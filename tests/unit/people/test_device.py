"""What the devices of sign-ins are called."""

from __future__ import annotations

import pytest

from parvis.people.device import DEVICE_MAX, device_of

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        (
            f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0.0.0 Safari/537.36",
            "Chrome, Windows",
        ),
        (f"{MOZILLA} (Windows NT 10.0) {WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.0", "Edge, Windows"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari, iPhone"),
        (f"{MOZILLA} (Linux; Android 16) {WEBKIT} Chrome/142.0 Mobile Safari/537.36", "Chrome, Android"),
        ("parvis/0.1 (speak)", "parvis"),
        ("curl/8.5.0", "curl"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_names(said: str, name: str) -> None:
    assert device_of(said) == name


def test_no_name_is_too_long_to_keep() -> None:
    assert len(device_of("x" * 10_000)) <= DEVICE_MAX
