"""The chat over the API, and what of it is told to the stage and the studio (docs/protocol.md §8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.api.rates import Rates
from parvis.bus.manners import TalkMessage
from parvis.bus.messages import SpaceMessage
from tests.contract.api_world import UNLIMITED, World, world

pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def say(w: World, space: str, handle: str, text: str, **more: object) -> httpx.Response:
    return await (await w.person(handle)).post(
        f"/api/v1/spaces/{space}/messages", json={"text": text, **more}
    )


def told(w: World, space: str) -> list[dict[str, Any]]:
    retained = w.bus.exchange.retained.get(f"talk.{space}", ())
    return [dict(TalkMessage.decode(payload).event) for payload in retained]


async def texts(w: World, space: str, **query: Any) -> list[str]:
    answer = await (await w.person("zoe")).get(f"/api/v1/spaces/{space}/messages", params=dict(query))
    assert answer.status_code == 200, answer.text
    return [item["text"] for item in answer.json()["items"]]


async def test_a_message_is_kept_and_told(w: World) -> None:
    space = await w.space("ana")
    first = (await say(w, space, "ana", "Good  evening,\neverybody")).json()
    assert first == {
        "id": first["id"],
        "at": first["at"],
        "by": {"handle": "ana", "display_name": "Ana", "role": "host"},
        "text": "Good evening, everybody",
        "reply_to": None,
        "pinned": False,
        "deleted": False,
    }
    answer = (await say(w, space, "zoe", "Hello!", reply_to=first["id"])).json()
    assert (answer["reply_to"], answer["by"]["role"]) == (first["id"], None)
    assert await texts(w, space) == ["Hello!", "Good evening, everybody"]
    assert told(w, space)[1] == {
        "type": "chat",
        "id": answer["id"],
        "by": "zoe",
        "name": "Zoe",
        "role": None,
        "text": "Hello!",
        "reply_to": first["id"],
        "at": answer["at"],
    }


async def test_numbers_of_what_is_told_only_grow(w: World) -> None:
    space = await w.space("ana")
    for text in "abc":
        await say(w, space, "ana", text)
    retained = w.bus.exchange.retained[f"talk.{space}"]
    numbers = [TalkMessage.decode(payload).number for payload in retained]
    assert numbers == sorted(set(numbers))


async def test_pages_go_back_in_time(w: World) -> None:
    space = await w.space("ana")
    for number in range(5):
        await say(w, space, "ana", str(number))
    zoe = await w.person("zoe")
    seen: list[str] = []
    before: dict[str, str] = {}
    while True:
        page = (await zoe.get(f"/api/v1/spaces/{space}/messages", params={"limit": "2", **before})).json()
        seen += [item["text"] for item in page["items"]]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert seen == ["4", "3", "2", "1", "0"]


async def test_what_is_deleted_can_come_back_for_a_minute_and_is_then_forgotten(w: World) -> None:
    space = await w.space("ana")
    zoe, ana = await w.person("zoe"), await w.person("ana")
    message = (await say(w, space, "zoe", "Oops")).json()["id"]
    url = f"/api/v1/spaces/{space}/messages/{message}"
    assert code(await (await w.person("kim")).delete(url)) == (403, "no-seat")
    assert (await zoe.delete(url)).status_code == 204
    assert (await zoe.delete(url)).status_code == 204
    assert await texts(w, space) == []
    assert code(await ana.post(f"{url}/restore")) == (403, "forbidden")
    back = await zoe.post(f"{url}/restore")
    assert (back.json()["text"], back.json()["deleted"]) == ("Oops", False)
    assert code(await zoe.post(f"{url}/restore")) == (409, "restore-late")
    assert (await ana.delete(url, params={"reason": "Rude."})).status_code == 204
    w.clock.ahead_s += 61
    assert code(await ana.post(f"{url}/restore")) == (409, "restore-late")
    await w.watch.tick()
    async with w.services.database.read_spaces() as records:
        kept = await records.message(space, int(message))
    assert kept is not None
    assert kept.text == ""
    assert [event["type"] for event in told(w, space)] == ["chat", "chat-gone", "chat-back", "chat-gone"]
    entries = (await ana.get(f"/api/v1/spaces/{space}/log")).json()["items"]
    assert [(e["act"], e["whom"], e["reason"]) for e in entries] == [("message-deleted", "zoe", "Rude.")]


async def test_a_pin_is_what_everybody_sees_until_its_message_goes(w: World) -> None:
    space = await w.space("ana")
    ana = await w.person("ana")
    message = (await say(w, space, "zoe", "The agenda")).json()["id"]
    pinned = await ana.put(f"/api/v1/spaces/{space}/pinned", json={"message": message})
    assert pinned.json()["pinned"] is True
    wanted = SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][-1])
    assert wanted.pinned is not None
    assert (wanted.pinned.id, wanted.pinned.text) == (message, "The agenda")
    shown = (await ana.get(f"/api/v1/spaces/{space}/messages")).json()["items"]
    assert [item["pinned"] for item in shown] == [True]
    await (await w.person("zoe")).delete(f"/api/v1/spaces/{space}/messages/{message}")
    assert SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][-1]).pinned is None
    gone = await ana.put(f"/api/v1/spaces/{space}/pinned", json={"message": message})
    assert code(gone) == (404, "message-unknown")
    assert (await ana.delete(f"/api/v1/spaces/{space}/pinned")).status_code == 204


async def test_modes_say_who_writes(w: World) -> None:
    space = await w.space("ana")
    await w.seat(space, "ana", "sam")
    ana = await w.person("ana")
    changed = await ana.patch(f"/api/v1/spaces/{space}", json={"chat": {"mode": "stage"}})
    assert changed.json()["chat"] == {"mode": "stage", "slow_s": 0, "links": False}
    assert code(await say(w, space, "zoe", "Hello")) == (403, "chat-closed")
    assert (await say(w, space, "sam", "Hello")).status_code == 201
    await ana.patch(f"/api/v1/spaces/{space}", json={"chat": {"mode": "off", "slow_s": 5}})
    assert code(await say(w, space, "ana", "Hello")) == (403, "chat-closed")
    kept = await ana.patch(f"/api/v1/spaces/{space}", json={"chat": {"mode": "open"}})
    assert kept.json()["chat"] == {"mode": "open", "slow_s": 5, "links": False}


async def test_slow_mode_is_for_those_without_a_seat(w: World) -> None:
    space = await w.space("ana", chat={"slow_s": 30})
    assert (await say(w, space, "zoe", "one")).status_code == 201
    w.clock.ahead_s += 10
    too_soon = await say(w, space, "zoe", "two")
    assert code(too_soon) == (429, "slow-mode")
    assert int(too_soon.headers["retry-after"]) in (19, 20)
    for _ in range(2):
        assert (await say(w, space, "ana", "as I like")).status_code == 201
    w.clock.ahead_s += 20
    assert (await say(w, space, "zoe", "two")).status_code == 201


async def test_links_are_for_those_with_a_seat_unless_the_host_allows_them(w: World) -> None:
    space = await w.space("ana")
    assert code(await say(w, space, "zoe", "see www.example.net")) == (422, "link-refused")
    assert (await say(w, space, "ana", "see www.example.net")).status_code == 201
    await (await w.person("ana")).patch(f"/api/v1/spaces/{space}", json={"chat": {"links": True}})
    assert (await say(w, space, "zoe", "see www.example.net")).status_code == 201


async def test_bad_messages_are_refused(w: World) -> None:
    space, other = await w.space("ana"), await w.space("ana")
    elsewhere = (await say(w, other, "ana", "elsewhere")).json()["id"]
    for body in (
        {"text": ""},
        {"text": " \n "},
        {"text": "x" * 501},
        {"text": "a\u202eb"},
        {"text": "a\x00"},
    ):
        assert code(await say(w, space, "zoe", body["text"])) == (422, "input-invalid")
    assert code(await say(w, space, "zoe", "re", reply_to="nothing")) == (422, "input-invalid")
    assert code(await say(w, space, "zoe", "re", reply_to=elsewhere)) == (404, "message-unknown")
    ana = await w.person("ana")
    for name in ("x", "0", elsewhere):
        answer = await ana.delete(f"/api/v1/spaces/{space}/messages/{name}")
        assert code(answer) == (404, "message-unknown")


async def test_a_flood_is_stopped(tmp_path: Path) -> None:
    async with world(tmp_path, rates=Rates(message_burst_by_account="3 per 5 second")) as w:
        space = await w.space("ana")
        answers = [await say(w, space, "zoe", str(number)) for number in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1


async def test_strangers_do_not_use_up_the_chat_of_a_space(tmp_path: Path) -> None:
    async with world(tmp_path, rates=replace(UNLIMITED, message_by_space="2 per minute")) as w:
        space = await w.space("ana", visibility="members")
        await w.seat(space, "ana", "tom")
        banned, stranger = await w.person("ben"), await w.person("zoe")
        made = await (await w.person("ana")).post(f"/api/v1/spaces/{space}/passes", json={"uses": 5})
        shown = {"X-Parvis-Pass": made.json()["link"].partition("#pass=")[2]}
        ban = {"handle": "ben", "reason": "Shouting."}
        await (await w.person("ana")).post(f"/api/v1/spaces/{space}/bans", json=ban)
        path = f"/api/v1/spaces/{space}/messages"
        for _ in range(3):
            assert code(await stranger.post(path, json={"text": "Let me in"})) == (403, "pass-needed")
            assert code(await banned.post(path, json={"text": "So?"}, headers=shown)) == (403, "banned")
            link = {"text": "www.example.net"}
            assert code(await stranger.post(path, json=link, headers=shown)) == (422, "link-refused")
        answers = [await say(w, space, "tom", str(number)) for number in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]


async def test_taking_back_and_bringing_back_have_an_end(tmp_path: Path) -> None:
    rates = replace(UNLIMITED, message_undo_by_account="4 per minute", moderation_by_account="5 per minute")
    async with world(tmp_path, rates=rates) as w:
        space = await w.space("ana")
        ana, zoe = await w.person("ana"), await w.person("zoe")
        path = f"/api/v1/spaces/{space}/messages/{(await say(w, space, 'zoe', 'Hello')).json()['id']}"
        found = []
        for _ in range(3):
            found += [(await zoe.delete(path)).status_code, (await zoe.post(f"{path}/restore")).status_code]
        assert found == [204, 200, 204, 200, 429, 409], (
            "it stays as it was, so there is nothing to bring back"
        )
        told_before = len(told(w, space))
        assert code(await zoe.delete(path)) == (429, "too-many-requests")
        assert len(told(w, space)) == told_before
        found = []
        for _ in range(2):
            found += [(await ana.delete(path)).status_code, (await ana.post(f"{path}/restore")).status_code]
        pin = {"message": path.rpartition("/")[2]}
        for _ in range(2):
            found.append((await ana.put(f"/api/v1/spaces/{space}/pinned", json=pin)).status_code)
        assert found == [204, 200, 204, 200, 200, 429]


async def test_over_is_over(w: World) -> None:
    space = await w.space("ana")
    message = (await say(w, space, "zoe", "Last words")).json()["id"]
    ana = await w.person("ana")
    await ana.put(f"/api/v1/spaces/{space}/pinned", json={"message": message})
    await ana.post(f"/api/v1/spaces/{space}/start")
    await ana.post(f"/api/v1/spaces/{space}/end")
    assert code(await say(w, space, "zoe", "One more")) == (409, "space-ended")
    assert await texts(w, space) == ["Last words"]
    assert (await (await w.person("zoe")).delete(f"/api/v1/spaces/{space}/messages/{message}")).is_success
    assert await texts(w, space) == []


async def test_what_members_say_is_for_members(w: World) -> None:
    space = await w.space("ana", visibility="members")
    await say(w, space, "ana", "Among us")
    zoe = await w.person("zoe")
    url = f"/api/v1/spaces/{space}"
    for answer in (
        await say(w, space, "zoe", "Let me in"),
        await zoe.get(f"{url}/messages"),
        await zoe.post(f"{url}/hands"),
        await w.nobody().get(f"{url}/polls"),
    ):
        assert code(answer) == (403, "pass-needed")
    made = await (await w.person("ana")).post(f"{url}/passes", json={"label": "Zoe"})
    assert made.is_success, made.text
    shown = {"X-Parvis-Pass": made.json()["link"].partition("#pass=")[2]}
    assert (await zoe.get(f"{url}/messages", headers=shown)).status_code == 200
    assert (await zoe.post(f"{url}/hands", headers=shown)).status_code == 201
