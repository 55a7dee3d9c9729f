"""What is read is limited: every route, by address and by account."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import httpx

from parvis.api.app import ROUTERS
from parvis.api.guards import _UNCOUNTED
from tests.contract.api_world import UNLIMITED, world

READS = sorted(
    {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        for method in route.methods & {"GET", "HEAD"}
    }
)


def url_of(path: str) -> str:
    return re.sub(r"\{\w+\}", "0123456789", path)


def is_refused(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.request.method == "HEAD" or answer.json()["code"] == "too-many-requests"
    return True


async def test_every_route_is_limited_by_address(tmp_path: Path) -> None:
    twice = "2 per minute"
    async with world(tmp_path, rates=replace(UNLIMITED, read_by_address=twice, file_by_address=twice)) as w:
        found = {}
        for number, (method, path) in enumerate(READS):
            nobody = w.nobody(f"203.0.113.{number}")
            found[method, path] = [is_refused(await nobody.request(method, url_of(path))) for _ in range(3)]
    free = [False, False, False]
    assert found == {
        (method, path): free if path in _UNCOUNTED else [False, False, True] for method, path in READS
    }


async def test_pictures_and_scripts_do_not_take_from_the_rest(tmp_path: Path) -> None:
    tight = replace(UNLIMITED, read_by_address="1 per minute", file_by_address="3 per minute")
    async with world(tmp_path, rates=tight) as w:
        nobody = w.nobody("2001:db8::1")
        assert not any([is_refused(await nobody.get("/assets/studio-1.js")) for _ in range(3)])
        assert not is_refused(await nobody.get("/api/v1/spaces"))
        assert is_refused(await nobody.get("/api/v1/spaces"))
        assert is_refused(await w.nobody("2001:db8::2").get("/covers/none.webp")), "the same household"
        assert not is_refused(await w.nobody("203.0.113.9").get("/api/v1/spaces"))


async def test_every_route_for_the_signed_in_is_limited_by_account(tmp_path: Path) -> None:
    async with world(tmp_path, rates=replace(UNLIMITED, read_by_account="2 per minute")) as w:
        zoe, nobody = await w.person("zoe"), w.nobody()
        for _ in range(2):
            assert not is_refused(await zoe.get("/api/v1/sessions/current"))
        closed = [
            (method, path)
            for method, path in READS
            if (await nobody.request(method, url_of(path))).status_code == 401
        ]
        assert len(closed) > 10
        let_in = [path for method, path in closed if not is_refused(await zoe.request(method, url_of(path)))]
        assert let_in == []
        assert not is_refused(await (await w.person("ben")).get("/api/v1/sessions/current"))


async def test_an_operator_may_lift_the_limits(tmp_path: Path) -> None:
    async with world(tmp_path, rates=replace(UNLIMITED, read_by_address="", read_by_account="")) as w:
        zoe = await w.person("zoe")
        assert not any([is_refused(await zoe.get("/api/v1/spaces")) for _ in range(20)])
