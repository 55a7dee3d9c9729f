"""Who is there, as the signed-in are told: counts that survive, and a few of those who chose to be seen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from parvis.bus.audience import SAMPLE, AttendanceMessage, AudienceMessage, Present
from parvis.bus.faces import FacesMessage
from parvis.bus.messages import EdgeMessage, SpaceMessage
from parvis.spaces import badge, pass_text
from tests.contract.api_world import World, picture, world

pytestmark = pytest.mark.usefixtures("any_database")


async def hear(w: World, *messages: AudienceMessage | EdgeMessage) -> None:
    for message in messages:
        await w.watch.hear(message.subject, message.encode())


async def audience(w: World, space: str, who: str = "ana") -> Any:
    w.clock.ahead_s += 2.5
    answer = await (await w.person(who)).get(f"/api/v1/spaces/{space}/audience")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def account_id(w: World, handle: str) -> str:
    return str((await (await w.person(handle)).get("/api/v1/sessions/current")).json()["account"]["id"])


async def test_a_badge_says_who_and_where_and_nothing_else(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        key = pass_text.public_key((tmp_path / pass_text.PUBLIC_FILE).read_text())
        zoe = await w.person("zoe")
        for body, seen in ((None, False), ({"seen": True}, True)):
            given = await zoe.post(f"/api/v1/spaces/{space}/badge", json=body)
            said = badge.read(given.json()["badge"], key)
            assert (said.account_id, said.space_id, said.seen) == (await account_id(w, "zoe"), space, seen)
        assert (await w.nobody().post(f"/api/v1/spaces/{space}/badge")).status_code == 401


async def test_a_few_of_those_who_chose_to_be_seen_are_named(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        ids = [await account_id(w, handle) for handle in ("zoe", "kim", "tess")]
        await hear(
            w,
            AudienceMessage("edge-1", {space: Present(900, (ids[0], ids[1]))}),
            AudienceMessage("edge-2", {space: Present(100, (ids[2], "nobody-any-more"))}),
        )
        found = await audience(w, space)
        assert found["seen"] == 1_000
        assert found["sample"] == [
            {"handle": handle, "display_name": handle.title(), "avatar": None}
            for handle in ("kim", "tess", "zoe")
        ]
        ana = await w.person("ana")
        await ana.post(f"/api/v1/spaces/{space}/bans", json={"handle": "tess", "reason": "x"})
        await hear(w, AudienceMessage("edge-1", {space: Present(1, (ids[0],))}))
        assert [one["handle"] for one in (await audience(w, space))["sample"]] == ["zoe"]
        w.clock.ahead_s += 6
        assert (await audience(w, space))["sample"] == []
        assert (await w.nobody().get(f"/api/v1/spaces/{space}/audience")).status_code == 401


async def test_nobody_gets_the_whole_roster(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        ids = [await account_id(w, f"p{number}") for number in range(SAMPLE + 6)]
        await hear(
            w,
            AudienceMessage("edge-1", {space: Present(20, tuple(ids[:20]))}),
            AudienceMessage("edge-2", {space: Present(10, tuple(ids[20:]))}),
        )
        first = (await audience(w, space))["sample"]
        assert len(first) == SAMPLE
        await hear(
            w,
            AudienceMessage("edge-1", {space: Present(20, tuple(ids[:20]))}),
            AudienceMessage("edge-2", {space: Present(10, tuple(ids[20:]))}),
        )
        assert (await audience(w, space))["sample"] == first, "who asks again sees no others"


async def test_peak_and_total_are_exact_over_edges_and_survive_restarts(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        await hear(w, EdgeMessage("edge-1", {space: 40}, "a", {space: 50}))
        await hear(w, EdgeMessage("edge-2", {space: 30}, "b", {space: 35}))
        await hear(w, EdgeMessage("edge-1", {space: 20}, "a", {space: 50}))
        await hear(w, EdgeMessage("edge-2", {space: 5}, "c", {space: 5}))
        counts = (await (await w.person("ana")).get(f"/api/v1/spaces/{space}")).json()["counts"]
        assert counts == {"listeners": 25, "peak_listeners": 70, "total_listeners": 90}
        w.clock.ahead_s += 11
        await w.watch.tick()
        told = AttendanceMessage.decode(w.bus.exchange.retained[f"attendance.{space}"][-1])
        assert (told.peak, told.total) == (70, 90), "space.json says it, too"
    async with world(tmp_path) as w:
        counts = (await (await signed_in(w)).get(f"/api/v1/spaces/{space}")).json()["counts"]
        assert counts == {"listeners": 0, "peak_listeners": 70, "total_listeners": 90}
        await hear(w, EdgeMessage("edge-1", {space: 21}, "a", {space: 52}))
        await hear(w, EdgeMessage("edge-3", {space: 1}, "d", {space: 1}))
        counts = (await (await signed_in(w)).get(f"/api/v1/spaces/{space}")).json()["counts"]
        assert counts == {"listeners": 22, "peak_listeners": 70, "total_listeners": 93}
        ana = await signed_in(w)
        assert (await ana.post(f"/api/v1/spaces/{space}/start")).status_code == 200
        w.clock.ahead_s += 11
        await w.watch.tick()
        assert (await ana.post(f"/api/v1/spaces/{space}/end")).status_code == 200
    async with world(tmp_path) as w:
        counts = (await (await signed_in(w)).get(f"/api/v1/spaces/{space}")).json()["counts"]
        assert counts == {"listeners": 0, "peak_listeners": 70, "total_listeners": 93}


async def test_edges_are_told_the_faces_of_the_stage(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana, cleo = await w.person("ana"), await w.person("cleo")
        put = await ana.put(
            "/api/v1/accounts/me/avatar", content=picture(), headers={"Content-Type": "image/png"}
        )
        avatar = put.json()["avatar"]
        space = await w.space("ana")
        await w.seat(space, "ana", "cleo")
        await w.watch.tick()
        [(name, face)] = FacesMessage.decode(w.bus.exchange.retained[f"faces.{space}"][-1]).faces.items()
        assert avatar.endswith(".webp")
        assert f"/{name}" in avatar
        with Image.open(io.BytesIO(face)) as shown:
            assert (shown.format, shown.size) == ("WEBP", (112, 112))
        wanted = SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][-1])
        assert {seat.handle: seat.avatar for seat in wanted.seats} == {"ana": name, "cleo": ""}
        seats = (await cleo.get(f"/api/v1/spaces/{space}/seats")).json()["items"]
        assert {seat["handle"]: seat["avatar"] for seat in seats} == {"ana": avatar, "cleo": None}
        await ana.post(f"/api/v1/spaces/{space}/start")
        await ana.post(f"/api/v1/spaces/{space}/end")
        await w.watch.tick()
        assert f"faces.{space}" not in w.bus.exchange.retained


async def signed_in(w: World) -> Any:
    """Ana, whose account is from before."""
    if "ana" not in w.clients:
        client = w.nobody()
        answer = await client.post("/api/v1/sessions", json={"handle": "ana", "password": "correct horse"})
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        client.cookies.clear()
        w.clients["ana"] = client
    return w.clients["ana"]
