"""Polls over the API, with votes as edges send them (docs/protocol.md §8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.bus.manners import CrowdMessage
from parvis.bus.messages import SpaceMessage
from tests.contract.api_world import World, world

ASKED = {"question": "Shall we go on?", "choices": ["Yes", "No", "Later"]}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def opened(w: World, space: str, **more: Any) -> dict[str, Any]:
    answer = await (await w.person("ana")).post(f"/api/v1/spaces/{space}/polls", json={**ASKED, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def counted(w: World, poll: str, *counts: int, edge: str = "edge-1", life: str = "a") -> None:
    message = CrowdMessage(edge, life, 1, votes={poll: counts})
    await w.watch.hear(message.subject, message.encode())


async def polls(w: World, space: str) -> list[dict[str, Any]]:
    answer = await w.nobody().get(f"/api/v1/spaces/{space}/polls")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def wanted(w: World, space: str) -> SpaceMessage:
    return SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][-1])


async def test_a_poll_is_asked_counted_and_closed(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space)
    assert (poll["counts"], poll["state"], poll["closes_at"]) == ([0, 0, 0], "open", None)
    told = wanted(w, space).poll
    assert told is not None
    assert (told.id, told.choices, told.state) == (poll["id"], ("Yes", "No", "Later"), "open")
    await counted(w, poll["id"], 3, 1, 0)
    await counted(w, poll["id"], 10, 0, 2, edge="edge-2")
    await counted(w, poll["id"], 4, 1, 0)
    await counted(w, poll["id"], 4, 1, 0)
    assert (await polls(w, space))[0]["counts"] == [14, 1, 2]
    ana = await w.person("ana")
    closed = await ana.post(f"/api/v1/spaces/{space}/polls/{poll['id']}/close")
    assert (closed.json()["state"], closed.json()["votes"]) == ("closed", 17)
    again = await ana.post(f"/api/v1/spaces/{space}/polls/{poll['id']}/close")
    assert again.json() == closed.json()
    final = wanted(w, space).poll
    assert final is not None
    assert (final.state, final.counts) == ("closed", (14, 1, 2))


async def test_one_poll_at_a_time(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space)
    ana = await w.person("ana")
    assert code(await ana.post(f"/api/v1/spaces/{space}/polls", json=ASKED)) == (409, "poll-running")
    await ana.post(f"/api/v1/spaces/{space}/polls/{poll['id']}/close")
    w.clock.ahead_s += 0.01
    second = await opened(w, space)
    assert [one["id"] for one in await polls(w, space)] == [second["id"], poll["id"]]


async def test_its_time_closes_it_and_late_votes_still_count(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space, for_s=15)
    await counted(w, poll["id"], 1, 0, 0)
    w.clock.ahead_s += 16
    await w.watch.tick()
    closed = wanted(w, space).poll
    assert closed is not None
    assert (closed.state, closed.counts) == ("closed", (1, 0, 0))
    await counted(w, poll["id"], 1, 5, 0)
    w.clock.ahead_s += 2.5
    await w.watch.tick()
    final = wanted(w, space).poll
    assert final is not None
    assert final.counts == (1, 5, 0)
    w.clock.ahead_s += 10
    await w.watch.tick()
    await counted(w, poll["id"], 9, 9, 9)
    assert (await polls(w, space))[0]["counts"] == [1, 5, 0]


async def test_the_end_of_the_space_closes_it(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space)
    await counted(w, poll["id"], 0, 0, 7)
    ana = await w.person("ana")
    await ana.post(f"/api/v1/spaces/{space}/end")
    await w.watch.tick()
    [shown] = await polls(w, space)
    assert (shown["state"], shown["counts"]) == ("closed", [0, 0, 7])


async def test_votes_survive_a_restart_and_count_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        poll = await opened(w, space)
        await counted(w, poll["id"], 2, 0, 0)
        await counted(w, poll["id"], 1, 1, 0, edge="edge-2")
        w.clock.ahead_s += 3
        await w.watch.tick()
    async with world(tmp_path) as w:
        assert (await polls(w, space))[0]["counts"] == [3, 1, 0]
        await counted(w, poll["id"], 2, 1, 0)  # the same edge goes on
        await counted(w, poll["id"], 1, 0, 0, edge="edge-2", life="b")  # this one was started anew
        assert (await polls(w, space))[0]["counts"] == [4, 2, 0]


async def test_what_edges_say_wrongly_changes_nothing(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space)
    await counted(w, poll["id"], 1, 0)
    await counted(w, "feedfeedfeedfeed", 1, 0, 0)
    for payload in (b"", b"[]", b'{"edge":"e","life":"x","sequence":1,"reactions":{},"votes":{"p":[-1]}}'):
        await w.watch.hear("crowd.edge-1", payload)
    assert (await polls(w, space))[0]["counts"] == [0, 0, 0]


async def test_bad_polls_are_refused(w: World) -> None:
    space = await w.space("ana")
    ana = await w.person("ana")
    for change in (
        {"choices": ["one"]},
        {"choices": [str(n) for n in range(7)]},
        {"choices": ["same", "same"]},
        {"choices": ["", "b"]},
        {"question": " "},
        {"for_s": 14},
        {"for_s": 3601},
    ):
        answer = await ana.post(f"/api/v1/spaces/{space}/polls", json={**ASKED, **change})
        assert code(answer) == (422, "input-invalid")
    unknown = await ana.post(f"/api/v1/spaces/{space}/polls/nothing/close")
    assert code(unknown) == (404, "poll-unknown")
