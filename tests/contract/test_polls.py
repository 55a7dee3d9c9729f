"""Polls over the API, with votes as edges send them (docs/protocol.md §8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.bus.messages import SpaceMessage
from parvis.bus.votes import CountedMessage, Votes, VotesMessage
from tests.contract.api_world import World, world

pytestmark = pytest.mark.usefixtures("any_database")

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


class Edge:
    """Takes votes in their order, as an edge does, and tells them."""

    def __init__(self, w: World, poll: str, name: str = "edge-1", life: str = "a") -> None:
        self.w, self.poll, self.name, self.life = w, poll, name, life
        self.log: list[tuple[int, int]] = []

    async def votes(self, *votes: tuple[int, int], told_from: int | None = None) -> None:
        """Voters and their choices."""
        offset = len(self.log) if told_from is None else told_from
        self.log += votes
        voters, choices = zip(*self.log[offset:], strict=True)
        told = Votes(offset, len(self.log), voters, bytes(choices))
        message = VotesMessage(self.name, self.life, {self.poll: told})
        await self.w.watch.hear(message.subject, message.encode())

    async def counts(self, *counts: int) -> None:
        """So many for each choice in all, of people who vote here only."""
        had = [sum(choice == one for _, choice in self.log) for one in range(len(counts))]
        first = hash((self.name, self.life)) % 2**60 + len(self.log)
        new = [choice for choice, count in enumerate(counts) for _ in range(count - had[choice])]
        await self.votes(*((first + number, choice) for number, choice in enumerate(new)))


def said(w: World, poll: str) -> CountedMessage:
    return CountedMessage.decode(w.bus.exchange.retained[f"counted.{poll}"][-1])


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
    one, two = Edge(w, poll["id"]), Edge(w, poll["id"], "edge-2")
    await one.counts(3, 1, 0)
    await two.counts(10, 0, 2)
    await one.counts(4, 1, 0)
    await one.votes(told_from=2)
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
    edge = Edge(w, poll["id"])
    await edge.counts(1, 0, 0)
    w.clock.ahead_s += 16
    await w.watch.tick()
    closed = wanted(w, space).poll
    assert closed is not None
    assert (closed.state, closed.counts) == ("closed", (1, 0, 0))
    await edge.counts(1, 5, 0)
    w.clock.ahead_s += 2.5
    await w.watch.tick()
    final = wanted(w, space).poll
    assert final is not None
    assert final.counts == (1, 5, 0)
    w.clock.ahead_s += 10
    await w.watch.tick()
    assert f"counted.{poll['id']}" not in w.bus.exchange.retained
    await edge.counts(9, 9, 9)
    assert (await polls(w, space))[0]["counts"] == [1, 5, 0]


async def test_the_end_of_the_space_closes_it(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space)
    await Edge(w, poll["id"]).counts(0, 0, 7)
    ana = await w.person("ana")
    await ana.post(f"/api/v1/spaces/{space}/end")
    await w.watch.tick()
    [shown] = await polls(w, space)
    assert (shown["state"], shown["counts"]) == ("closed", [0, 0, 7])


async def test_a_voter_counts_once_in_a_space_however_many_edges_took_the_vote(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space)
    one, two = Edge(w, poll["id"]), Edge(w, poll["id"], "edge-2")
    await one.votes((7, 0), (8, 1))
    await two.votes((7, 1), (9, 1), (8, 0))
    assert (await polls(w, space))[0]["counts"] == [1, 2, 0], "the first choice stands"
    w.clock.ahead_s += 1
    await w.watch.tick()
    told = said(w, poll["id"])
    assert (told.counts, told.taken) == ((1, 2, 0), {"edge-1:a": 2, "edge-2:a": 3})


async def test_lost_and_doubled_messages_change_nothing(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space)
    edge = Edge(w, poll["id"])
    await edge.votes((1, 0))
    edge.log += [(2, 0), (3, 1)]  # a message that was lost
    await edge.votes((4, 2))
    assert (await polls(w, space))[0]["counts"] == [1, 0, 0]
    await edge.votes(told_from=1)
    await edge.votes(told_from=0)
    assert (await polls(w, space))[0]["counts"] == [2, 1, 1]


async def test_votes_survive_a_restart_and_count_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        poll = await opened(w, space)
        edges = [Edge(w, poll["id"], name) for name in ("edge-1", "edge-2", "edge-3")]
        await edges[0].votes((1, 0), (2, 0))
        await edges[1].votes((1, 1), (3, 1))
        await edges[2].votes((4, 2))
        before = said(w, poll["id"]).life
        w.clock.ahead_s += 3
        await w.watch.tick()
    async with world(tmp_path) as w:
        assert (await polls(w, space))[0]["counts"] == [2, 1, 1]
        told = said(w, poll["id"])
        assert (told.counts, told.taken) == ((2, 1, 1), {})
        assert told.life != before, "edges see that nothing is known of their voters"
        for edge in edges[1::-1]:
            edge.w = w
            await edge.votes(told_from=0)
        assert (await polls(w, space))[0]["counts"] == [1, 2, 1], "the other edge was first now"
        await edges[0].votes((3, 0), (5, 0))
        assert (await polls(w, space))[0]["counts"] == [2, 2, 1], "who is gone is not forgotten"


async def test_what_edges_say_wrongly_changes_nothing(w: World) -> None:
    space = await w.space("ana")
    poll = await opened(w, space)
    await Edge(w, poll["id"]).votes((1, 3))
    await Edge(w, "feedfeedfeedfeed").votes((1, 0))
    votes = '{"edge":"e","life":"x","votes":{"%s":%s}}'
    for payload in (
        "",
        "[]",
        votes % (poll["id"], '[0,1,"AAAA","AA=="]'),
        votes % (poll["id"], '[2,1,"","AA=="]'),
        votes % (poll["id"], "[]"),
    ):
        await w.watch.hear("votes.edge-1", payload.encode())
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
