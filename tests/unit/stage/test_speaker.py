"""Where a speaker goes with its token."""

from __future__ import annotations

import pytest

from parvis.stage.speaker import leads_to


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("http://a.example/whip/x", "/whip/y", "http://a.example/whip/y"),
        ("http://a.example/whip/x", "z", "http://a.example/whip/z"),
        ("http://a.example/whip/x", "http://b.example:8/y", "http://b.example:8/y"),
        ("http://a.example/whip/x", "https://b.example/y", "https://b.example/y"),
        ("https://a.example/whip/x", "//b.example/y", "https://b.example/y"),
        ("https://a.example/whip/x", "HTTPS://b.example/y", "https://b.example/y"),
        ("https://a.example/whip/x", "http://a.example/whip/x", None),
        ("https://a.example/whip/x", "http://b.example/y", None),
        ("http://a.example/whip/x", "ftp://b.example/y", None),
        ("http://a.example/whip/x", "javascript:alert(1)", None),
        ("http://a.example/whip/x", "", None),
    ],
)
def test_a_token_goes_where_an_endpoint_sends_it_but_never_into_the_clear(
    url: str, location: str, target: str | None
) -> None:
    assert leads_to(url, location) == target
