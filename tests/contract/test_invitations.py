"""Invitations to a handle, on both databases: over the API (docs/protocol.md §4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.bus.manners import TalkMessage
from parvis.spaces.invitation import mark
from tests.contract.api_world import PASSWORD, World, world

MINE = "/api/v1/accounts/me/invitations"


@pytest.fixture
async def w(tmp_path: Path, any_database: str) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def invite(w: World, space: str, by: str, to: str, **terms: Any) -> httpx.Response:
    await w.person(to)
    body = {"handle": to, **terms}
    return await (await w.person(by)).post(f"/api/v1/spaces/{space}/invitations", json=body)


async def mine(w: World, handle: str) -> list[dict[str, Any]]:
    return list((await (await w.person(handle)).get(MINE)).json()["items"])


async def take(w: World, space: str, handle: str, code: str) -> httpx.Response:
    return await (await w.person(handle)).post(f"/api/v1/spaces/{space}/seats", json={"invitation": code})


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_only_the_invited_sees_it_and_only_they_can_spend_it(w: World) -> None:
    space = await w.space("ana")
    made = await invite(w, space, "ana", "zoe")
    assert (made.status_code, made.json()["handle"], made.json()["uses_left"]) == (201, "zoe", 1)

    (one,) = await mine(w, "zoe")
    assert (one["id"], one["role"]) == (made.json()["id"], "speaker")
    assert one["by"] == {"handle": "ana", "display_name": "Ana", "avatar": None}
    assert (one["space"]["id"], one["space"]["title"]) == (space, "Budget night")
    assert (
        one["link"] == made.json()["link"] == f"http://127.0.0.1:8081/studio/{space}#invitation={one['id']}"
    )
    assert await mine(w, "ana") == await mine(w, "eve") == []

    assert code(await take(w, space, "eve", one["id"])) == (403, "invitation-invalid")
    taken = await take(w, space, "zoe", one["id"])
    assert (taken.status_code, taken.json()["role"]) == (201, "speaker")
    assert await mine(w, "zoe") == []
    log = (await (await w.person("ana")).get(f"/api/v1/spaces/{space}/log")).json()["items"]
    assert (log[0]["act"], log[0]["whom"]) == ("invited", "zoe")


async def test_the_crowd_is_told_that_somebody_is_invited_and_not_who(w: World) -> None:
    space = await w.space("ana")
    await invite(w, space, "ana", "zoe")
    told = TalkMessage.decode(w.bus.exchange.retained[f"talk.{space}"][-1])
    assert told.event == {"type": "invited", "to": mark(space, "zoe")}


async def test_a_second_one_replaces_the_first_and_counts_as_what_it_says(w: World) -> None:
    space = await w.space("ana")
    first = (await invite(w, space, "ana", "zoe")).json()["id"]
    second = (await invite(w, space, "ana", "zoe", role="co-host")).json()["id"]
    assert [(one["id"], one["role"]) for one in await mine(w, "zoe")] == [(second, "co-host")]
    assert code(await take(w, space, "zoe", first)) == (403, "invitation-invalid")
    assert (await take(w, space, "zoe", second)).json()["role"] == "co-host"


async def test_the_newest_comes_first_and_none_after_its_time(w: World) -> None:
    one, other = await w.space("ana"), await w.space("ben")
    await invite(w, one, "ana", "zoe", expires_in_s=60)
    w.clock.ahead_s += 1
    await invite(w, other, "ben", "zoe")
    assert [item["by"]["handle"] for item in await mine(w, "zoe")] == ["ben", "ana"]
    w.clock.ahead_s += 60
    assert [item["by"]["handle"] for item in await mine(w, "zoe")] == ["ben"]


async def test_one_declines(w: World) -> None:
    space = await w.space("ana")
    made = (await invite(w, space, "ana", "zoe")).json()["id"]
    assert code(await (await w.person("eve")).delete(f"{MINE}/{made}")) == (404, "invitation-unknown")
    zoe = await w.person("zoe")
    assert (await zoe.delete(f"{MINE}/{made}")).status_code == 204
    assert await mine(w, "zoe") == []
    assert code(await zoe.delete(f"{MINE}/{made}")) == (404, "invitation-unknown")
    assert code(await take(w, space, "zoe", made)) == (403, "invitation-invalid")


async def test_hosts_see_what_is_out_and_take_it_back(w: World) -> None:
    space = await w.space("ana")
    cleo = await w.seat(space, "ana", "cleo", "co-host")
    link = await w.invitation(space, "ana", uses=3)
    made = (await invite(w, space, "cleo", "zoe")).json()["id"]
    out = f"/api/v1/spaces/{space}/invitations"
    listed = (await cleo.get(out)).json()["items"]
    shown = {(one["to"] and one["to"]["handle"], one["by"]["handle"], one["uses_left"]) for one in listed}
    assert shown == {("zoe", "cleo", 1), (None, "ana", 3)}
    assert link not in str(listed)
    ana = await w.person("ana")
    assert (await ana.delete(f"{out}/{made}")).status_code == 204
    assert await mine(w, "zoe") == []
    assert code(await take(w, space, "zoe", made)) == (403, "invitation-invalid")
    assert code(await ana.delete(f"{out}/{made}")) == (404, "invitation-unknown")
    log = (await ana.get(f"/api/v1/spaces/{space}/log")).json()["items"]
    assert (log[0]["act"], log[0]["by"], log[0]["whom"]) == ("invitation-revoked", "ana", "zoe")
    (left,) = (await ana.get(out)).json()["items"]
    other = await w.space("ana")
    assert code(await ana.delete(f"/api/v1/spaces/{other}/invitations/{left['id']}")) == (
        404,
        "invitation-unknown",
    )
    assert (await ana.delete(f"{out}/{left['id']}")).status_code == 204
    assert code(await take(w, space, "zoe", link)) == (403, "invitation-invalid")


@pytest.mark.parametrize("act", ["end", "cancel"])
async def test_they_go_with_the_space(w: World, act: str) -> None:
    space = await w.space("ana")
    await invite(w, space, "ana", "zoe")
    ana = await w.person("ana")
    assert (await ana.post(f"/api/v1/spaces/{space}/{act}")).status_code == 200
    assert await mine(w, "zoe") == []


async def test_a_ban_and_a_removal_take_them(w: World) -> None:
    space = await w.space("ana")
    ana = await w.person("ana")
    await w.seat(space, "ana", "sam")
    raised = (await invite(w, space, "ana", "sam", role="co-host")).json()["id"]
    await ana.delete(f"/api/v1/spaces/{space}/seats/sam")
    assert await mine(w, "sam") == []
    assert code(await take(w, space, "sam", raised)) == (403, "invitation-invalid")

    await invite(w, space, "ana", "zoe")
    await ana.post(f"/api/v1/spaces/{space}/bans", json={"handle": "zoe", "reason": "x"})
    assert await mine(w, "zoe") == []
    assert code(await invite(w, space, "ana", "zoe")) == (422, "input-invalid")


async def test_whom_somebody_has_blocked_can_not_invite_them(w: World) -> None:
    space = await w.space("ana")
    await invite(w, space, "ana", "zoe")
    zoe = await w.person("zoe")
    await zoe.put("/api/v1/accounts/ana/block")
    assert await mine(w, "zoe") == [], "one that was there is not shown, either"
    assert code(await invite(w, space, "ana", "zoe")) == (403, "blocked")
    await zoe.delete("/api/v1/accounts/ana/block")
    assert len(await mine(w, "zoe")) == 1


async def test_who_has_as_good_a_seat_is_not_asked(w: World) -> None:
    space = await w.space("ana")
    await invite(w, space, "ana", "sam")
    await w.seat(space, "ana", "sam")
    assert await mine(w, "sam") == [], "came by another way"
    assert code(await invite(w, space, "ana", "sam")) == (409, "already-seated")
    assert code(await invite(w, space, "ana", "ana")) == (422, "input-invalid")
    assert (await invite(w, space, "ana", "sam", role="co-host")).status_code == 201
    assert [one["role"] for one in await mine(w, "sam")] == ["co-host"]


async def test_what_makes_no_sense_is_refused(w: World) -> None:
    space = await w.space("ana")
    assert code(await invite(w, space, "ana", "zoe", uses=2)) == (422, "input-invalid")
    ana = await w.person("ana")
    out = f"/api/v1/spaces/{space}/invitations"
    assert code(await ana.post(out, json={"handle": "nobody_at_all"})) == (404, "account-unknown")
    assert code(await ana.post(out, json={"handle": "No handle"})) == (422, "input-invalid")


async def test_who_goes_takes_theirs_along_and_exports_them_before(w: World) -> None:
    space = await w.space("ana")
    made = (await invite(w, space, "ana", "zoe")).json()["id"]
    zoe = await w.person("zoe")
    exported = (await zoe.get("/api/v1/accounts/me/export")).json()["kept"]
    (row,) = exported["invitations"]
    assert row["id"] == made
    assert "code_hash" not in row
    gone = await zoe.request("DELETE", "/api/v1/accounts/me", json={"password": PASSWORD})
    assert gone.status_code == 204
    ana = await w.person("ana")
    assert (await ana.get(f"/api/v1/spaces/{space}/invitations")).json()["items"] == []
