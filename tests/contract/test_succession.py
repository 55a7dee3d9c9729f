"""A host who drops, leaves or is suspended, through the API: the Space goes on, and comes back the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.bus.messages import SpaceMessage
from tests.contract.api_world import PASSWORD, World, world
from tests.contract.test_api_errors import check
from tests.contract.test_api_live import open_stream

pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def staged(w: World, **fields: Any) -> str:
    """A live Space of Ana with co-host Cleo and speaker Sam, all connected."""
    space = await w.space("ana", **fields)
    await w.seat(space, "ana", "cleo", "co-host")
    await w.seat(space, "ana", "sam")
    await (await w.person("ana")).post(f"/api/v1/spaces/{space}/start")
    await w.connect(space, "ana", "cleo", "sam")
    return space


async def shown(w: World, space: str, handle: str) -> Any:
    return (await (await w.person(handle)).get(f"/api/v1/spaces/{space}")).json()


def published(w: World, space: str) -> SpaceMessage:
    return SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][0])


async def log(client: httpx.AsyncClient, space: str) -> list[tuple[str | None, str, str | None]]:
    entries = (await client.get(f"/api/v1/spaces/{space}/log")).json()["items"]
    return [(e["by"], e["act"], e["whom"]) for e in reversed(entries)]


async def test_a_host_who_drops_is_followed_and_comes_back(w: World) -> None:
    space = await staged(w)
    ana, cleo = await w.person("ana"), await w.person("cleo")
    stream = await open_stream(w, space, "cleo")
    calm = await stream.next("succession")
    assert calm == {
        "host": {"handle": "ana", "display_name": "Ana"},
        "host_connected": True,
        "acting": None,
        "next": None,
        "at": None,
        "in_s": None,
    }
    await w.connect(space, "cleo", "sam")
    soon = await stream.next("succession")
    assert (soon["host_connected"], soon["next"]["handle"], soon["in_s"]) == (False, "cleo", 10)
    await w.pass_time(9, space, "cleo", "sam")
    assert (await shown(w, space, "cleo"))["acting_host"] is None
    await w.pass_time(1.1, space, "cleo", "sam")
    now = await shown(w, space, "cleo")
    assert (now["acting_host"]["handle"], now["acting"], now["role"]) == ("cleo", True, "co-host")
    assert (now["host"]["handle"], now["state"]) == ("ana", "live")
    message = published(w, space)
    assert (message.host, message.acting_host) == ("ana", "cleo")
    seats = (await cleo.get(f"/api/v1/spaces/{space}/seats")).json()["items"]
    assert [(s["handle"], s["acting"]) for s in seats] == [("ana", False), ("cleo", True), ("sam", False)]

    # The host's rights, save one: the role is not the acting host's to give.
    raised = await cleo.patch(f"/api/v1/spaces/{space}/seats/sam", json={"role": "co-host"})
    assert raised.json()["role"] == "co-host"
    named = await cleo.patch(f"/api/v1/spaces/{space}", json={"successors": ["sam"]})
    assert named.json()["successors"] == ["sam"]
    check(await cleo.delete(f"/api/v1/spaces/{space}/seats/ana"), 409, "host-must-stay")
    await w.connect(space, "ana", "cleo", "sam")
    back = await shown(w, space, "ana")
    assert (back["acting_host"], back["role"]) == (None, "host")
    denied = await cleo.patch(f"/api/v1/spaces/{space}/seats/sam", json={"role": "speaker"})
    check(denied, 403, "forbidden")
    told = [entry for entry in await log(ana, space) if entry[0] is None]
    assert told == [(None, "acting-began", "cleo"), (None, "acting-ended", "cleo")]


async def test_an_acting_host_survives_a_restart_and_so_does_a_grace(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        acted = await staged(w)
        await w.connect(acted, "cleo")
        await w.pass_time(10.1, acted, "cleo")
        running = await staged(w)
        await w.connect(running, "cleo")
        ahead_s = w.clock.ahead_s
    async with world(tmp_path) as w:
        w.clock.ahead_s = ahead_s + 10
        assert published(w, acted).acting_host == "cleo"
        assert published(w, running).acting_host is None
        await w.watch.tick()
        assert published(w, running).acting_host is None, "no stage has spoken yet"
        await w.connect(running, "cleo")
        assert published(w, running).acting_host == "cleo"
        await w.connect(acted, "ana", "cleo")
        assert published(w, acted).acting_host is None


async def test_with_nobody_there_it_is_held_until_somebody_is(w: World) -> None:
    space = await staged(w, keep_open_s=60)
    await w.connect(space)
    for _ in range(4):
        await w.pass_time(4, space)
    assert (published(w, space).state, published(w, space).acting_host) == ("held", None)
    await w.connect(space, "cleo")
    assert (published(w, space).state, published(w, space).acting_host) == ("live", "cleo")


async def test_a_held_space_ends_by_itself_after_a_time(w: World) -> None:
    kept, short = await staged(w, keep_open_s=0), await staged(w, keep_open_s=60)
    for _ in range(80):
        w.clock.ahead_s += 1
        await w.watch.tick()
    assert (published(w, kept).state, published(w, short).state) == ("held", "ended")
    assert (None, "ended-by-itself", None) in await log(await w.person("ana"), short)


async def test_a_named_successor_follows_without_a_co_host(w: World) -> None:
    space = await staged(w, grace_s=0)
    ana = await w.person("ana")
    await w.connect(space, "sam")
    assert published(w, space).acting_host is None, "a speaker whom nobody named does not follow"
    await w.connect(space, "ana", "sam")
    await ana.patch(f"/api/v1/spaces/{space}", json={"successors": ["sam"]})
    await w.connect(space, "sam")
    assert published(w, space).acting_host == "sam"
    sam = await w.person("sam")
    assert (await sam.post(f"/api/v1/spaces/{space}/invitations", json={})).status_code == 201


async def test_settings_are_checked(w: World) -> None:
    space = await staged(w)
    ana, cleo, zoe = await w.person("ana"), await w.person("cleo"), await w.person("zoe")
    url = f"/api/v1/spaces/{space}"
    unknown = check(await ana.patch(url, json={"successors": ["nobody_here"]}), 422, "input-invalid")
    assert "@nobody_here" in unknown["detail"]
    check(await ana.patch(url, json={"successors": ["sam", "sam"]}), 422, "input-invalid")
    check(await ana.patch(url, json={"grace_s": 601}), 422, "input-invalid")
    check(await ana.patch(url, json={"recording": "everything"}), 422, "input-invalid")
    check(await cleo.patch(url, json={"successors": ["cleo"]}), 403, "forbidden")
    assert (await cleo.patch(url, json={"grace_s": 30, "standby": "tone"})).json()["grace_s"] == 30
    assert (published(w, space).standby, published(w, space).recording) == ("tone", "off")
    assert (await zoe.get(url)).json()["successors"] is None


async def test_a_host_leaves_to_somebody_for_good(w: World) -> None:
    space = await staged(w)
    ana = await w.person("ana")
    own = f"/api/v1/spaces/{space}/seats/ana"
    needed = check(await ana.delete(own), 409, "successor-needed")
    assert [one["handle"] for one in needed["candidates"]] == ["cleo", "sam"]
    await w.connect(space, "ana", "sam")
    check(await ana.delete(f"{own}?successor=cleo"), 409, "successor-needed")
    assert (await ana.delete(f"{own}?successor=sam&reason=My%20train")).status_code == 204
    now = await shown(w, space, "sam")
    assert (now["host"]["handle"], now["role"], now["acting_host"]) == ("sam", "host", None)
    assert (await shown(w, space, "ana"))["role"] is None
    check(await ana.post(f"/api/v1/spaces/{space}/end"), 403, "no-seat")
    sam = await w.person("sam")
    newest = (await sam.get(f"/api/v1/spaces/{space}/log?limit=1")).json()
    [entry] = newest["items"]
    assert (entry["by"], entry["act"], entry["whom"], entry["reason"]) == (
        "ana",
        "host-passed-on",
        "sam",
        "My train",
    )
    older = (await sam.get(f"/api/v1/spaces/{space}/log?limit=1&cursor={newest['next']}")).json()
    assert older["items"][0]["id"] < entry["id"]


async def test_an_acting_host_who_leaves_is_followed_at_once(w: World) -> None:
    space = await staged(w, successors=[])
    ana, cleo = await w.person("ana"), await w.person("cleo")
    await ana.patch(f"/api/v1/spaces/{space}", json={"successors": ["sam"]})
    await w.connect(space, "cleo", "sam")
    await w.pass_time(11, space, "cleo", "sam")
    assert published(w, space).acting_host == "cleo"
    assert (await cleo.delete(f"/api/v1/spaces/{space}/seats/cleo")).status_code == 204
    assert published(w, space).acting_host == "sam"


async def test_suspension_leaves_the_space_to_others(w: World) -> None:
    space = await staged(w)
    olga, ana, cleo = await w.make_operator("olga"), await w.person("ana"), await w.person("cleo")
    check(await cleo.post(f"/api/v1/spaces/{space}/rescue"), 409, "host-not-suspended")
    said = await olga.post("/api/v1/accounts/ana/suspension", json={"reason": "Sells tickets twice."})
    assert said.status_code == 201
    assert said.json().keys() == {"handle", "reason", "suspended_at"}
    again = await olga.post("/api/v1/accounts/ana/suspension", json={"reason": "Another."})
    assert again.json() == said.json()

    message = published(w, space)
    assert (message.state, message.host, message.acting_host) == ("live", "ana", "cleo")
    assert [seat.handle for seat in message.seats] == ["cleo", "sam"], "her sound ends at the stage"
    refused = check(await ana.get("/api/v1/sessions/current"), 403, "account-suspended")
    assert "Sells tickets twice." in refused["detail"]
    check(await ana.post(f"/api/v1/spaces/{space}/end"), 403, "account-suspended")
    right = {"handle": "ana", "password": PASSWORD}
    check(await w.nobody().post("/api/v1/sessions", json=right), 403, "account-suspended")
    wrong = right | {"password": "wrong horse"}
    check(await w.nobody().post("/api/v1/sessions", json=wrong), 401, "credentials-wrong")

    rescued = await cleo.post(f"/api/v1/spaces/{space}/rescue")
    assert rescued.status_code == 200
    assert rescued.json()["handoff"] is None
    assert (rescued.json()["space"]["host"]["handle"], rescued.json()["space"]["role"]) == ("cleo", "host")
    assert published(w, space).acting_host is None
    assert (await olga.delete("/api/v1/accounts/ana/suspension")).status_code == 204
    assert (await ana.get("/api/v1/sessions/current")).status_code == 200
    assert (await shown(w, space, "ana"))["role"] is None
    acts = await log(olga, space)
    assert ("olga", "account-suspended", "ana") in acts
    assert ("cleo", "rescued", "ana") in acts


async def test_lifted_in_time_the_host_is_host_again(w: World) -> None:
    space = await staged(w)
    olga = await w.make_operator("olga")
    await olga.post("/api/v1/accounts/ana/suspension", json={"reason": "A mistake."})
    assert published(w, space).acting_host == "cleo"
    await olga.delete("/api/v1/accounts/ana/suspension")
    assert (await shown(w, space, "ana"))["role"] == "host"
    await w.connect(space, "ana", "cleo", "sam")
    assert published(w, space).acting_host is None


async def test_who_may_not_be_suspended(w: World) -> None:
    olga = await w.make_operator("olga")
    await w.make_operator("oscar")
    because = {"reason": "Because."}
    check(await olga.post("/api/v1/accounts/oscar/suspension", json=because), 403, "forbidden")
    check(await olga.post("/api/v1/accounts/nobody_here/suspension", json=because), 404, "account-unknown")
    check(await olga.delete("/api/v1/accounts/nobody_here/suspension"), 404, "account-unknown")
    await w.person("ana")
    check(await olga.post("/api/v1/accounts/ana/suspension", json={"reason": " "}), 422, "input-invalid")
    assert (await olga.delete("/api/v1/accounts/ana/suspension")).status_code == 204
    await olga.post("/api/v1/accounts/ana/suspension", json=because)
    await olga.delete("/api/v1/accounts/ana/suspension")
    first = (await olga.get("/api/v1/log", params={"limit": 1})).json()
    rest = (await olga.get("/api/v1/log", params={"cursor": first["next"]})).json()
    acts = [(one["by"], one["act"], one["whom"], one["reason"]) for one in (*first["items"], *rest["items"])]
    assert acts == [
        ("olga", "suspension-lifted", "ana", None),
        ("olga", "account-suspended", "ana", "Because."),
    ]
    check(await (await w.person("ben")).get("/api/v1/log"), 403, "forbidden")
    assert (await olga.get("/api/v1/sessions/current")).json()["account"]["operator"] is True


async def test_an_event_stream_ends_with_a_suspension(w: World) -> None:
    space = await staged(w)
    olga = await w.make_operator("olga")
    stream = await open_stream(w, space, "sam")
    await stream.next("space")
    await olga.post("/api/v1/accounts/sam/suspension", json={"reason": "Insults."})
    assert await stream.ended()
