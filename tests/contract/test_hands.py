"""Hands over the API: asking to speak, the line, calling, declining (docs/protocol.md §8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from parvis.api.rates import Rates
from tests.contract.api_world import World, world

pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def raised(w: World, space: str, handle: str, note: str = "") -> dict[str, Any]:
    answer = await (await w.person(handle)).post(f"/api/v1/spaces/{space}/hands", json={"note": note})
    assert answer.status_code == 201, answer.text
    w.clock.ahead_s += 0.01
    return dict(answer.json())


async def line(w: World, space: str, asker: str = "ana", **query: Any) -> dict[str, Any]:
    answer = await (await w.person(asker)).get(f"/api/v1/spaces/{space}/hands", params=dict(query))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def handles(page: dict[str, Any]) -> list[str]:
    items = page["items"]
    assert isinstance(items, list)
    return [item["handle"] for item in items]


async def test_a_hand_from_raising_to_a_seat(w: World) -> None:
    space = await w.space("ana")
    await raised(w, space, "bea")
    hand = await raised(w, space, "zoe", "  About the\nbudget ")
    assert (hand["state"], hand["note"], hand["position"]) == ("raised", "About the budget", 2)
    zoe, ana = await w.person("zoe"), await w.person("ana")
    called = await ana.patch(f"/api/v1/spaces/{space}/hands/{hand['id']}", json={"state": "called"})
    assert (called.status_code, called.json()["state"], called.json()["position"]) == (200, "called", None)
    mine = await zoe.get(f"/api/v1/spaces/{space}/hands/mine")
    assert (mine.json()["state"], mine.json()["ask_again_s"]) == ("called", None)
    seats = (await zoe.get(f"/api/v1/spaces/{space}/seats")).json()["items"]
    assert [(seat["handle"], seat["role"]) for seat in seats] == [("ana", "host"), ("zoe", "speaker")]
    again = await ana.patch(f"/api/v1/spaces/{space}/hands/{hand['id']}", json={"state": "declined"})
    assert (again.status_code, again.json()["code"]) == (409, "hand-over")
    seated = await zoe.post(f"/api/v1/spaces/{space}/hands")
    assert (seated.status_code, seated.json()["code"]) == (409, "already-seated")


async def test_raising_twice_keeps_the_place_and_takes_the_note(w: World) -> None:
    space = await w.space("ana")
    first = await raised(w, space, "zoe", "one")
    await raised(w, space, "bea")
    again = await (await w.person("zoe")).post(f"/api/v1/spaces/{space}/hands", json={"note": "two"})
    assert again.status_code == 200
    assert again.json() == first | {"note": "two"}


async def test_who_lowers_and_raises_again_goes_to_the_end(w: World) -> None:
    space = await w.space("ana")
    await raised(w, space, "zoe")
    await raised(w, space, "bea")
    zoe = await w.person("zoe")
    assert (await zoe.delete(f"/api/v1/spaces/{space}/hands/mine")).status_code == 204
    assert (await zoe.get(f"/api/v1/spaces/{space}/hands/mine")).json()["state"] == "lowered"
    assert (await zoe.delete(f"/api/v1/spaces/{space}/hands/mine")).status_code == 204
    assert handles(await line(w, space)) == ["bea"]
    assert (await raised(w, space, "zoe"))["position"] == 2


async def test_without_a_hand_there_is_none(w: World) -> None:
    space = await w.space("ana")
    zoe = await w.person("zoe")
    for answer in (
        await zoe.get(f"/api/v1/spaces/{space}/hands/mine"),
        await zoe.delete(f"/api/v1/spaces/{space}/hands/mine"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "hand-unknown")
    nowhere = await zoe.get("/api/v1/spaces/0123456789/hands/mine")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "space-unknown")


async def test_the_line_is_searched_sorted_and_paged(w: World) -> None:
    space = await w.space("ana")
    people = ("tom", "bea", "zoe", "eve", "kim")
    for handle in people:
        await raised(w, space, handle, "100 % Zürich" if handle == "eve" else "")
    assert handles(await line(w, space)) == list(people)
    assert handles(await line(w, space, order="newest")) == list(reversed(people))
    assert handles(await line(w, space, order="name")) == sorted(people)
    found = await line(w, space, search="ZURICH")
    assert (handles(found), found["total"]) == (["eve"], 5)
    assert [item["position"] for item in found["items"]] == [4]
    assert handles(await line(w, space, search="100 %")) == ["eve"]
    assert handles(await line(w, space, search="%")) == ["eve"]
    for order in ("oldest", "newest", "name"):
        whole, cursor = handles(await line(w, space, order=order)), None
        paged: list[str] = []
        while True:
            page = await line(w, space, order=order, limit=2, **({"cursor": cursor} if cursor else {}))
            paged += handles(page)
            cursor = page["next"]
            if cursor is None:
                break
        assert paged == whole
    crossed = await line(w, space, order="name", limit=2)
    answer = await (await w.person("ana")).get(
        f"/api/v1/spaces/{space}/hands", params={"order": "oldest", "cursor": crossed["next"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "input-invalid")


async def test_screening_is_counted_and_filters(w: World) -> None:
    space = await w.space("ana")
    await raised(w, space, "bea")
    hand = await raised(w, space, "zoe")
    ana = await w.person("ana")
    assert (await ana.patch(f"/api/v1/spaces/{space}/hands/{hand['id']}", json={})).status_code == 422
    screened = await ana.patch(f"/api/v1/spaces/{space}/hands/{hand['id']}", json={"screened": True})
    assert screened.json()["screened"] is True
    found = await line(w, space, screened=True)
    assert (handles(found), found["total"], found["screened"]) == (["zoe"], 2, 1)
    assert handles(await line(w, space, screened=False)) == ["bea"]


async def test_all_are_lowered_at_once_and_the_log_says_it(w: World) -> None:
    space = await w.space("ana")
    for handle in ("bea", "zoe"):
        await raised(w, space, handle)
    ana = await w.person("ana")
    assert (await ana.delete(f"/api/v1/spaces/{space}/hands")).status_code == 204
    assert (await line(w, space))["total"] == 0
    log = (await ana.get(f"/api/v1/spaces/{space}/log")).json()["items"]
    assert [(e["act"], e["details"]) for e in log] == [("hands-lowered", {"hands": 2})]


async def test_closed_hands_take_no_new_ones(w: World) -> None:
    space = await w.space("ana")
    await raised(w, space, "bea")
    ana = await w.person("ana")
    assert (await ana.patch(f"/api/v1/spaces/{space}", json={"hands": "closed"})).json()["hands"] == "closed"
    refused = await (await w.person("zoe")).post(f"/api/v1/spaces/{space}/hands")
    assert (refused.status_code, refused.json()["code"]) == (409, "hands-closed")
    note = await (await w.person("bea")).post(f"/api/v1/spaces/{space}/hands", json={"note": "still"})
    assert note.status_code == 200


async def test_a_full_or_locked_stage_takes_nobody(w: World) -> None:
    space = await w.space("ana", max_speakers=1)
    first, second = await raised(w, space, "bea"), await raised(w, space, "zoe")
    ana = await w.person("ana")
    locked = await ana.patch(f"/api/v1/spaces/{space}", json={"stage_locked": True})
    assert locked.json()["stage_locked"] is True
    code = await w.invitation(space, "ana")
    for answer in (
        await ana.patch(f"/api/v1/spaces/{space}/hands/{first['id']}", json={"state": "called"}),
        await (await w.person("kim")).post(f"/api/v1/spaces/{space}/seats", json={"invitation": code}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "stage-locked")
    await ana.patch(f"/api/v1/spaces/{space}", json={"stage_locked": False})
    assert (
        await ana.patch(f"/api/v1/spaces/{space}/hands/{first['id']}", json={"state": "called"})
    ).status_code == 200
    full = await ana.patch(f"/api/v1/spaces/{space}/hands/{second['id']}", json={"state": "called"})
    assert (full.status_code, full.json()["code"]) == (409, "stage-full")
    assert handles(await line(w, space)) == ["zoe"], "who could not be called keeps its place"


async def test_hands_survive_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        await raised(w, space, "zoe", "still there")
    async with world(tmp_path) as w:
        async with w.services.database.read_spaces() as records:
            found = await records.hand_counts(space)
        assert found == (1, 0)


async def test_raising_is_limited(tmp_path: Path) -> None:
    async with world(tmp_path, rates=Rates(hand_by_account="2 per minute")) as w:
        space = await w.space("ana")
        zoe = await w.person("zoe")
        codes = [(await zoe.post(f"/api/v1/spaces/{space}/hands")).status_code for _ in range(3)]
        assert codes == [201, 200, 429]


async def test_the_hall_may_ask_from_another_origin(w: World) -> None:
    space = await w.space("ana")
    hall = {"Origin": "http://127.0.0.1:8080"}
    preflight = await w.nobody().options(
        f"/api/v1/spaces/{space}/hands",
        headers=hall | {"Access-Control-Request-Method": "POST"},
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    asked = await (await w.person("zoe")).post(f"/api/v1/spaces/{space}/hands", headers=hall)
    assert asked.status_code == 201
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in asked.headers
