"""Other sites can make a browser ask with its cookie: every route that changes something refuses that."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from parvis.api.app import ROUTERS
from parvis.api.asking import SAFE_METHODS
from tests.contract.api_world import PASSWORD, world

UNSAFE = sorted(
    {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        for method in route.methods - SAFE_METHODS
    }
)
ANYBODYS = {
    ("POST", "/api/v1/accounts"),
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/sessions/passkey"),
    ("POST", "/api/v1/sessions/passkey/options"),
}
"""These ask for no session, and take none from the cookie."""


async def test_every_unsafe_route_refuses_the_cookie_of_another_site(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        browser = w.nobody()
        signed_in = await browser.post("/api/v1/sessions", json={"handle": "ana", "password": PASSWORD})
        assert signed_in.status_code == 201
        assert browser.cookies

        async def ask(method: str, path: str, origin: str | None) -> httpx.Response:
            headers = {"Origin": origin} if origin is not None else {}
            url = re.sub(r"\{\w+\}", "none", path.replace("{space}", space))
            return await browser.request(method, url, headers=headers)

        found = {}
        for method, path in UNSAFE:
            codes = []
            for origin in ("https://evil.example", "null", None):
                answer = await ask(method, path, origin)
                codes.append((answer.status_code, answer.json().get("code")))
            found[method, path] = set(codes)
        refused = {(403, "cross-origin")}
        assert {route for route, codes in found.items() if codes != refused} == ANYBODYS
        for method, path in UNSAFE:
            if path not in ("/api/v1/accounts/me", "/api/v1/sessions/current"):  # they would end it
                answer = await ask(method, path, "http://127.0.0.1:8081")
                assert answer.status_code == 204 or answer.json().get("code") != "cross-origin", path
