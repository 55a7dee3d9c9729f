"""Bans, muting all, handing the role on: over the API (docs/protocol.md §8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from parvis.bus.manners import BanMessage
from parvis.bus.messages import SpaceMessage
from tests.contract.api_world import World, world

pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_ban_takes_seat_hand_messages_and_the_way_back(w: World) -> None:
    space = await w.space("ana")
    zoe = await w.seat(space, "ana", "zoe")
    await w.seat(space, "ana", "cleo", "co-host")
    said = await zoe.post(f"/api/v1/spaces/{space}/messages", json={"text": "hello"})
    invitation = await w.invitation(space, "ana")
    cleo = await w.person("cleo")
    await cleo.put(f"/api/v1/spaces/{space}/pinned", json={"message": said.json()["id"]})
    body = {"handle": "zoe", "reason": "Shouting."}
    banned = await cleo.post(f"/api/v1/spaces/{space}/bans", json=body)
    assert banned.status_code == 201
    at = banned.json().pop("at")
    assert banned.json() == {
        "handle": "zoe", "display_name": "Zoe", "reason": "Shouting.", "by": "cleo", "at": at,
    }  # fmt: skip

    wanted = SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][-1])
    assert "zoe" not in {seat.handle for seat in wanted.seats}, "the stage hangs up by this"
    assert wanted.pinned is None
    told = BanMessage.decode(w.bus.exchange.retained[f"ban.{space}"][-1])
    assert len(told.accounts) == 1

    assert (await cleo.get(f"/api/v1/spaces/{space}/messages")).json()["items"] == []
    for answer in (
        await zoe.post(f"/api/v1/spaces/{space}/hands"),
        await zoe.post(f"/api/v1/spaces/{space}/messages", json={"text": "again"}),
        await zoe.post(f"/api/v1/spaces/{space}/seats", json={"invitation": invitation}),
        await zoe.post(
            f"/api/v1/whip/{space}", content="v=0\r\n", headers={"Content-Type": "application/sdp"}
        ),
    ):
        assert code(answer) == (403, "banned")
        assert "Shouting." in answer.json()["detail"]

    twice = await cleo.post(f"/api/v1/spaces/{space}/bans", json={"handle": "zoe", "reason": "Other."})
    assert (twice.status_code, twice.json()["reason"]) == (200, "Shouting.")
    listed = (await cleo.get(f"/api/v1/spaces/{space}/bans")).json()["items"]
    assert [one["handle"] for one in listed] == ["zoe"]
    log = (await cleo.get(f"/api/v1/spaces/{space}/log")).json()["items"]
    assert (log[0]["act"], log[0]["whom"], log[0]["reason"]) == ("banned", "zoe", "Shouting.")

    assert (await cleo.delete(f"/api/v1/spaces/{space}/bans/zoe")).status_code == 204
    assert BanMessage.decode(w.bus.exchange.retained[f"ban.{space}"][-1]).accounts == ()
    assert code(await cleo.delete(f"/api/v1/spaces/{space}/bans/zoe")) == (404, "ban-unknown")
    assert (await zoe.post(f"/api/v1/spaces/{space}/hands")).status_code == 201


async def test_a_ban_takes_a_hand_from_the_line(w: World) -> None:
    space = await w.space("ana")
    ana, zoe = await w.person("ana"), await w.person("zoe")
    await zoe.post(f"/api/v1/spaces/{space}/hands")
    await ana.post(f"/api/v1/spaces/{space}/bans", json={"handle": "zoe", "reason": "x"})
    assert (await ana.get(f"/api/v1/spaces/{space}/hands")).json()["total"] == 0


async def test_neither_the_host_nor_oneself_nor_nobody(w: World) -> None:
    space = await w.space("ana")
    cleo = await w.seat(space, "ana", "cleo", "co-host")
    bans = f"/api/v1/spaces/{space}/bans"
    assert code(await cleo.post(bans, json={"handle": "ana", "reason": "x"})) == (409, "host-must-stay")
    assert code(await cleo.post(bans, json={"handle": "cleo", "reason": "x"})) == (422, "input-invalid")
    assert code(await cleo.post(bans, json={"handle": "nobody_at_all", "reason": "x"})) == (
        404,
        "account-unknown",
    )
    assert code(await cleo.post(bans, json={"handle": "zoe", "reason": ""})) == (422, "input-invalid")


async def test_bans_are_told_again_after_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        await w.person("zoe")
        await (await w.person("ana")).post(
            f"/api/v1/spaces/{space}/bans", json={"handle": "zoe", "reason": "x"}
        )
    async with world(tmp_path) as w:
        assert len(BanMessage.decode(w.bus.exchange.retained[f"ban.{space}"][-1]).accounts) == 1


async def test_all_speakers_are_muted_but_not_those_who_host(w: World) -> None:
    space = await w.space("ana")
    await w.seat(space, "ana", "cleo", "co-host")
    for speaker in ("sam", "tess"):
        await w.seat(space, "ana", speaker)
    ana = await w.person("ana")
    answer = await ana.post(f"/api/v1/spaces/{space}/seats/mute", json={"reason": "Quiet, please."})
    assert answer.json() == {"muted": 2}
    seats = (await ana.get(f"/api/v1/spaces/{space}/seats")).json()["items"]
    muted = {seat["handle"]: seat["muted_by"] for seat in seats}
    assert muted == {"ana": None, "cleo": None, "sam": "host", "tess": "host"}
    assert (await ana.post(f"/api/v1/spaces/{space}/seats/mute")).json() == {"muted": 0}
    log = (await ana.get(f"/api/v1/spaces/{space}/log", params={"limit": 1})).json()["items"]
    assert (log[0]["act"], log[0]["reason"], log[0]["details"]) == (
        "all-muted",
        "Quiet, please.",
        {"seats": 2},
    )


async def test_the_role_is_handed_on(w: World) -> None:
    space = await w.space("ana")
    await w.seat(space, "ana", "tom")
    ana = await w.person("ana")
    given = await ana.patch(f"/api/v1/spaces/{space}/seats/tom", json={"role": "host"})
    assert (given.status_code, given.json()["role"]) == (200, "host")
    seats = (await ana.get(f"/api/v1/spaces/{space}/seats")).json()["items"]
    assert {seat["handle"]: seat["role"] for seat in seats} == {"ana": "co-host", "tom": "host"}
    back = await ana.patch(f"/api/v1/spaces/{space}/seats/ana", json={"role": "host"})
    assert code(back) == (403, "forbidden")


async def test_the_role_is_not_an_acting_hosts_to_give_and_needs_a_seat_for_the_old_host(w: World) -> None:
    space = await w.space("ana")
    for handle in ("cleo", "carl"):
        await w.seat(space, "ana", handle, "co-host")
    await w.seat(space, "ana", "tom")
    ana = await w.person("ana")
    full = await ana.patch(f"/api/v1/spaces/{space}/seats/tom", json={"role": "host"})
    assert code(full) == (409, "stage-full")
    await w.act_as_host(space, "ana", "cleo")
    acting = await (await w.person("cleo")).patch(f"/api/v1/spaces/{space}/seats/tom", json={"role": "host"})
    assert code(acting) == (403, "forbidden")


async def test_no_co_host_takes_the_place_of_who_acts_as_host(w: World) -> None:
    space = await w.space("ana")
    for handle in ("cleo", "carl"):
        await w.seat(space, "ana", handle, "co-host")
    await w.act_as_host(space, "ana", "cleo")
    carl = await w.person("carl")
    removed = await carl.delete(f"/api/v1/spaces/{space}/seats/cleo")
    banned = await carl.post(f"/api/v1/spaces/{space}/bans", json={"handle": "cleo", "reason": "My turn."})
    assert (code(removed), code(banned)) == ((403, "forbidden"),) * 2
    assert (await (await w.person("cleo")).delete(f"/api/v1/spaces/{space}/seats/carl")).status_code == 204
    await w.connect(space, "ana", "cleo")
    ana = await w.person("ana")
    assert (await ana.delete(f"/api/v1/spaces/{space}/seats/cleo")).status_code == 204


async def test_a_sign_in_from_elsewhere_gets_a_token_and_no_cookie(w: World) -> None:
    await w.person("zoe")
    hall = w.nobody()
    sign_in = {"handle": "zoe", "password": "correct horse"}
    answer = await hall.post("/api/v1/sessions", json=sign_in, headers={"Origin": "http://127.0.0.1:8080"})
    assert answer.status_code == 201
    assert "set-cookie" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    own = await hall.post("/api/v1/sessions", json=sign_in, headers={"Origin": "http://127.0.0.1:8081"})
    assert "set-cookie" in own.headers
