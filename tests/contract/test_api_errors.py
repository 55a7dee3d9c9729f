"""Each error code of docs/protocol.md §4 and §6 that control answers, provoked through the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.api.rates import Rates
from parvis.api.services import HttpLimits
from parvis.errors import NotFound, Overloaded, UserError
from tests.contract.api_world import PASSWORD, UNLIMITED, World, world

SDP = {"Content-Type": "application/sdp"}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def check(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem, after a look at its shape."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == status
    assert body["type"] == f"urn:parvis:problem:{code}"
    assert body["detail"]
    if status in (429, 503):
        assert int(response.headers["retry-after"]) >= 1
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
    return body


async def test_handle_taken(w: World) -> None:
    await w.person("ana")
    again = {"handle": "ana", "password": PASSWORD, "display_name": "Ana"}
    check(await w.nobody().post("/api/v1/accounts", json=again), 409, "handle-taken")


@pytest.mark.parametrize(("handle", "password"), [("ana", "wrong horse"), ("nobody", PASSWORD), ("É", "x")])
async def test_credentials_wrong(w: World, handle: str, password: str) -> None:
    await w.person("ana")
    answer = await w.nobody().post("/api/v1/sessions", json={"handle": handle, "password": password})
    check(answer, 401, "credentials-wrong")


async def test_not_signed_in(w: World) -> None:
    for authorization in ("Bearer nonsense", "Basic YTpi", "Bearer "):
        answer = await w.nobody().get("/api/v1/spaces", headers={"Authorization": authorization})
        check(answer, 401, "not-signed-in")
    check(await w.nobody().get("/api/v1/spaces?mine=true"), 401, "not-signed-in")
    ana = await w.person("ana")
    w.clock.ahead_s = 31 * 86_400
    check(await ana.get("/api/v1/sessions/current"), 401, "not-signed-in")


async def test_cross_origin_with_the_cookie(w: World) -> None:
    token = (await w.person("ana")).headers["Authorization"].removeprefix("Bearer ")
    browser = w.nobody()
    browser.cookies.set("parvis_session", token)
    space = {"title": "Budget night"}
    for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        check(await browser.post("/api/v1/spaces", json=space, headers=origin), 403, "cross-origin")
    own = {"Origin": "http://127.0.0.1:8081"}
    assert (await browser.post("/api/v1/spaces", json=space, headers=own)).status_code == 201
    assert (await browser.get("/api/v1/sessions/current")).status_code == 200
    elsewhere = {"Origin": "https://evil.example"}
    sign_in = {"handle": "ana", "password": PASSWORD}
    signed_in = await w.nobody().post("/api/v1/sessions", json=sign_in, headers=elsewhere)
    assert (signed_in.status_code, "set-cookie" in signed_in.headers) == (201, False)


async def test_a_stale_cookie_is_nobody(w: World) -> None:
    browser = w.nobody()
    browser.cookies.set("parvis_session", "stale")
    assert (await browser.get("/api/v1/spaces")).status_code == 200
    check(await browser.get("/api/v1/sessions/current"), 401, "not-signed-in")


async def test_space_and_seat_unknown(w: World) -> None:
    ana = await w.person("ana")
    for unknown in ("0123456789", "nonsense", "%00", "ILOU567890"):
        check(await ana.get(f"/api/v1/spaces/{unknown}"), 404, "space-unknown")
    space = await w.space("ana")
    for seat in ("ben", "%00"):
        check(await ana.delete(f"/api/v1/spaces/{space}/seats/{seat}"), 404, "seat-unknown")
    check(await ana.get("/api/v1/nothing"), 404, "not-found")
    not_allowed = await ana.put(f"/api/v1/spaces/{space}")
    check(not_allowed, 405, "method-not-allowed")
    assert not_allowed.headers["allow"]


async def test_nothing_of_an_ended_space_changes(w: World) -> None:
    space = await w.space("ana")
    code = await w.invitation(space, "ana")
    await w.seat(space, "ana", "ben")
    ana = await w.person("ana")
    await ana.post(f"/api/v1/spaces/{space}/end")
    zoe = await w.person("zoe")
    url = f"/api/v1/spaces/{space}"
    for answer in (
        await ana.post(f"{url}/start"),
        await ana.patch(url, json={"title": "Late"}),
        await ana.post(f"{url}/invitations", json={}),
        await ana.patch(f"{url}/seats/ben", json={"muted": True}),
        await ana.delete(f"{url}/seats/ben"),
        await zoe.post(f"{url}/seats", json={"invitation": code}),
        await ana.post(f"/api/v1/whip/{space}", content="v=0", headers=SDP),
    ):
        check(answer, 409, "space-ended")


async def test_space_begun(w: World) -> None:
    space = await w.space("ana")
    ana = await w.person("ana")
    await ana.post(f"/api/v1/spaces/{space}/start")
    answer = await ana.patch(f"/api/v1/spaces/{space}", json={"starts_at": "2030-01-01T00:00:00Z"})
    check(answer, 409, "space-begun")


async def test_the_host_must_stay(w: World) -> None:
    space = await w.space("ana")
    await w.seat(space, "ana", "cleo", "co-host")
    ana, cleo = await w.person("ana"), await w.person("cleo")
    needed = check(await ana.delete(f"/api/v1/spaces/{space}/seats/ana"), 409, "successor-needed")
    assert needed["candidates"] == [{"handle": "cleo", "display_name": "Cleo", "role": "co-host"}]
    check(await cleo.delete(f"/api/v1/spaces/{space}/seats/ana"), 403, "forbidden")
    role = await ana.patch(f"/api/v1/spaces/{space}/seats/ana", json={"role": "speaker"})
    check(role, 409, "host-must-stay")


async def test_mutes(w: World) -> None:
    space = await w.space("ana")
    ben = await w.seat(space, "ana", "ben")
    ana = await w.person("ana")
    url = f"/api/v1/spaces/{space}/seats/ben"
    assert (await ana.patch(url, json={"muted": True})).json()["muted_by"] == "host"
    check(await ben.patch(url, json={"muted": False}), 403, "muted-by-host")
    assert (await ana.patch(url, json={"muted": False})).json()["muted_by"] is None
    assert (await ben.patch(url, json={"muted": True})).json()["muted_by"] == "self"
    check(await ana.patch(url, json={"muted": False}), 403, "muted-by-self")


async def test_a_full_stage(w: World) -> None:
    space = await w.space("ana", max_speakers=1)
    await w.seat(space, "ana", "ben")
    code = await w.invitation(space, "ana")
    zoe = await w.person("zoe")
    url = f"/api/v1/spaces/{space}/seats"
    check(await zoe.post(url, json={"invitation": code}), 409, "stage-full")
    await (await w.person("ana")).delete(f"{url}/ben")
    assert (await zoe.post(url, json={"invitation": code})).status_code == 201, "no use was spent in vain"


async def test_invitations_that_do_not_count(w: World) -> None:
    space = await w.space("ana")
    url = f"/api/v1/spaces/{space}/seats"
    once = await w.invitation(space, "ana", uses=1)
    many = await w.invitation(space, "ana", uses=5)
    short = await w.invitation(space, "ana", expires_in_s=60)
    elsewhere = await w.invitation(await w.space("ana"), "ana")
    ben, zoe, ana = await w.person("ben"), await w.person("zoe"), await w.person("ana")
    assert (await ben.post(url, json={"invitation": once})).status_code == 201
    for code in (once, elsewhere, "nonsense", "\u00e9"):
        check(await zoe.post(url, json={"invitation": code}), 403, "invitation-invalid")
    await ana.delete(f"{url}/ben")
    check(await ben.post(url, json={"invitation": many}), 403, "invitation-invalid")
    w.clock.ahead_s += 1
    assert (await ben.post(url, json={"invitation": await w.invitation(space, "ana")})).status_code == 201
    w.clock.ahead_s += 61
    check(await zoe.post(url, json={"invitation": short}), 403, "invitation-invalid")


BAD_INPUT: list[tuple[str, str, Any, str]] = [
    ("POST", "/accounts", {"handle": "A!", "password": PASSWORD, "display_name": "A"}, "handle"),
    ("POST", "/accounts", {"handle": "ab", "password": "short", "display_name": "A"}, "password"),
    ("POST", "/accounts", {"handle": "ab", "password": PASSWORD, "display_name": "A", "x": 1}, "x"),
    ("POST", "/accounts", {"handle": "ab", "password": PASSWORD}, "display_name"),
    ("POST", "/spaces", {"title": ""}, "title"),
    ("POST", "/spaces", {"title": "x" * 121}, "title"),
    ("POST", "/spaces", {"title": 5}, "title"),
    ("POST", "/spaces", {"title": "x", "starts_at": "tomorrow"}, "starts_at"),
    ("POST", "/spaces", {"title": "x", "starts_at": "2030-02-30T00:00:00Z"}, "starts_at"),
    ("POST", "/spaces", {"title": "x", "max_speakers": True}, "max_speakers"),
    ("POST", "/spaces", {"title": "x", "max_speakers": 101}, "max_speakers"),
    ("POST", "/spaces", {"title": "x", "language": "English"}, "language"),
    ("POST", "/spaces", [], "body"),
    ("GET", "/spaces?limit=0", None, "limit"),
    ("GET", "/spaces?state=over", None, "state"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), BAD_INPUT)
async def test_input_invalid_names_the_field(w: World, method: str, path: str, body: Any, field: str) -> None:
    ana = await w.person("ana")
    answer = await ana.request(method, f"/api/v1{path}", json=body)
    problem = check(answer, 422, "input-invalid")
    assert field in [error["field"] for error in problem["errors"]]
    assert PASSWORD not in answer.text


async def test_input_invalid_by_the_rules_of_the_domain(w: World) -> None:
    ana = await w.person("ana")
    space = await w.space("ana")
    seat = f"/api/v1/spaces/{space}/seats/ana"
    for answer in (
        await ana.post("/api/v1/spaces", json={"title": "   "}),
        await ana.post("/api/v1/spaces", json={"title": "line\nbreak"}),
        await ana.post("/api/v1/spaces", json={"title": "a\u202eb"}),
        await ana.post("/api/v1/spaces", json={"title": "a\u0000b"}),
        await ana.post("/api/v1/spaces", content=b'{"title": "\\ud800"}', headers=JSON),
        await ana.post("/api/v1/spaces", content=b'{"title": ', headers=JSON),
        await ana.post("/api/v1/spaces", content=b"\xff\xfe", headers=JSON),
        await ana.post("/api/v1/spaces", json={"title": "x", "starts_at": "2020-01-01T00:00:00Z"}),
        await ana.patch(seat, json={}),
        await ana.patch(seat, json={"muted": None}),
        await ana.get("/api/v1/spaces?cursor=nonsense"),
        await ana.get("/api/v1/spaces?cursor=MS5hYmM="),
        await w.nobody().post(
            "/api/v1/sessions", content=b'{"handle": "ana", "password": "\\ud800"}', headers=JSON
        ),
    ):
        check(answer, 422, "input-invalid")


JSON = {"Content-Type": "application/json"}


async def test_media_type(w: World) -> None:
    ana = await w.person("ana")
    check(await ana.post("/api/v1/spaces", data={"title": "form"}), 415, "media-type")
    space = await w.space("ana")
    check(await ana.post(f"/api/v1/whip/{space}", json={}), 415, "media-type")


async def test_too_large_whatever_the_length_says(w: World) -> None:
    ana = await w.person("ana")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 4_096

    check(await ana.post("/api/v1/spaces", content=b" " * 65_537, headers=JSON), 413, "too-large")
    check(await ana.post("/api/v1/spaces", content=chunks(), headers=JSON), 413, "too-large")
    lie = {**JSON, "Content-Length": "10"}
    check(await ana.post("/api/v1/spaces", content=chunks(), headers=lie), 413, "too-large")
    space = await w.space("ana")
    check(await ana.post(f"/api/v1/whip/{space}", content=chunks(), headers=SDP), 413, "too-large")


async def test_offers_that_control_itself_refuses(w: World) -> None:
    space = await w.space("ana")
    ana = await w.person("ana")
    url = f"/api/v1/whip/{space}"
    for bad in (b"", b"hello", b"v=0\xff"):
        check(await ana.post(url, content=bad, headers=SDP), 400, "offer-malformed")
    check(await ana.post(url, content="v=0", headers=SDP), 503, "stage-away")
    for session in ("nonsense", "ana.", "A!.x"):
        check(await ana.delete(f"{url}/{session}"), 404, "session-unknown")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UserError("offer-malformed", "No fingerprint."), 400),
        (UserError("offer-unsupported", "No audio."), 422),
        (NotFound("session-unknown", "No such session."), 404),
        (Overloaded("stage-full", "13 sessions.", 2.5), 503),
    ],
)
async def test_what_the_stage_refuses_comes_through(w: World, error: Any, status: int) -> None:
    async def stage(_: bytes) -> bytes:
        raise error

    w.bus.serve("stage.stage-1", stage)
    space = await w.space("ana")
    ana = await w.person("ana")
    answer = await ana.post(f"/api/v1/whip/{space}", content="v=0", headers=SDP)
    check(answer, status, error.code)
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_bug_is_answered_opaquely(w: World, caplog: pytest.LogCaptureFixture) -> None:
    async def stage(_: bytes) -> bytes:
        raise RuntimeError("the secret reason")

    w.bus.serve("stage.stage-1", stage)
    space = await w.space("ana")
    ana = await w.person("ana")
    answer = await ana.post(f"/api/v1/whip/{space}", content="v=0", headers=SDP)
    check(answer, 500, "internal")
    assert "secret" not in answer.text


async def test_an_answer_that_takes_too_long(tmp_path: Path) -> None:
    async with world(tmp_path, http=HttpLimits(answer_timeout_s=3)) as w:

        async def stage(_: bytes) -> bytes:
            await asyncio.Event().wait()
            return b""

        w.bus.serve("stage.stage-1", stage)
        space = await w.space("ana")
        ana = await w.person("ana")
        check(await ana.post(f"/api/v1/whip/{space}", content="v=0", headers=SDP), 503, "too-slow")


async def test_a_body_that_does_not_arrive(tmp_path: Path) -> None:
    async with world(tmp_path, http=HttpLimits(body_timeout_s=0.05)) as w:
        ana = await w.person("ana")

        async def never() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        check(await ana.post("/api/v1/spaces", content=never(), headers=JSON), 408, "request-timeout")


async def test_a_database_that_is_away(w: World, tmp_path: Path) -> None:
    assert (await w.nobody().get("/healthz")).status_code == 200
    await w.services.database.close()
    for file in tmp_path.glob("parvis.sqlite3*"):
        file.unlink()
    (tmp_path / "parvis.sqlite3").mkdir()
    check(await w.nobody().get("/healthz"), 503, "database-away")
    check(await w.nobody().get("/api/v1/spaces"), 503, "database-away")


async def test_too_many_requests(tmp_path: Path) -> None:
    three = "3 per minute"
    limits = {name: getattr(UNLIMITED, name) for name in Rates.__dataclass_fields__}
    tight = Rates(**limits | {"sign_in_by_handle_and_address": three, "whip_by_account": three})
    async with world(tmp_path, rates=tight) as w:
        space = await w.space("ana")
        ana = await w.person("ana")
        for _ in range(3):
            await ana.post(f"/api/v1/whip/{space}", content="v=0", headers=SDP)
        check(await ana.post(f"/api/v1/whip/{space}", content="v=0", headers=SDP), 429, "too-many-requests")
        wrong = {"handle": "ana", "password": "wrong horse"}
        for _ in range(2):
            check(await w.nobody().post("/api/v1/sessions", json=wrong), 401, "credentials-wrong")
        right = {"handle": "ana", "password": PASSWORD}
        check(await w.nobody().post("/api/v1/sessions", json=right), 429, "too-many-requests")
        elsewhere = await w.nobody("203.0.113.9").post("/api/v1/sessions", json=right)
        assert elsewhere.status_code == 201, "a stranger does not lock the owner out"


@pytest.mark.parametrize(
    ("rate", "method", "path"),
    [
        ("whip_by_account", "POST", "/api/v1/whip/{space}"),
        ("trickle_by_account", "PATCH", "/api/v1/whip/{space}/ana.secret"),
        ("whep_by_account", "POST", "/api/v1/whep/{space}"),
        ("trickle_by_account", "PATCH", "/api/v1/whep/{space}/ana.secret"),
    ],
)
async def test_offers_and_fragments_are_limited(tmp_path: Path, rate: str, method: str, path: str) -> None:
    """By account, whatever is in them: who is not named as a monitor, too."""
    async with world(tmp_path, rates=replace(UNLIMITED, **{rate: "3 per minute"})) as w:
        ana, ben, space = await w.person("ana"), await w.person("ben"), await w.space("ana")
        for _ in range(3):
            assert (await ana.request(method, path.format(space=space), content="x")).status_code == 415
        check(await ana.request(method, path.format(space=space), content="x"), 429, "too-many-requests")
        assert (await ben.request(method, path.format(space=space), content="x")).status_code == 415


async def test_sign_ups_and_writes_are_limited(tmp_path: Path) -> None:
    limits = {name: getattr(UNLIMITED, name) for name in Rates.__dataclass_fields__}
    tight = Rates(**limits | {"sign_up_by_address": "2 per minute", "write_by_account": "2 per minute"})
    async with world(tmp_path, rates=tight) as w:
        ana = await w.person("ana")
        await w.person("ben")
        new = {"handle": "cleo", "password": PASSWORD, "display_name": "Cleo"}
        check(await w.nobody().post("/api/v1/accounts", json=new), 429, "too-many-requests")
        other = w.nobody("2001:db8::1")
        assert (await other.post("/api/v1/accounts", json=new)).status_code == 201
        for _ in range(2):
            await w.space("ana")
        check(await ana.post("/api/v1/spaces", json={"title": "x"}), 429, "too-many-requests")
        assert (await ana.get("/api/v1/spaces")).status_code == 200
