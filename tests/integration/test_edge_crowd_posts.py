"""Reactions and votes over real sockets, and what leaves the edge for them on a real bus."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.bus.local_reader import LocalReader
from parvis.bus.manners import CrowdMessage
from parvis.bus.messages import PollState
from parvis.bus.votes import VotesMessage
from tests.unit.edge.world import Client, World, wait_for

POLL = PollState("feedfeed", "Well?", ("Yes", "No"), (0, 0), "open")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    try:
        world.stage.begin(poll=POLL)
        world.stage.parts(3)
        with world.edge(voters_per_address=3):
            world.until("/live/abc/stream.mp4", 200)
            yield world
    finally:
        world.close()


def post(client: Client, target: str, body: bytes) -> int:
    head = f"POST {target} HTTP/1.1\r\nHost: edge.test\r\nContent-Type: text/plain\r\n"
    client.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return client.response().status


def test_reactions_and_votes_on_one_connection_reach_the_bus_as_sums(live: World) -> None:
    reader = LocalReader(live.run_dir, "crowd.", "votes.", replay=True)
    reactions: Counter[str] = Counter()
    votes: dict[int, int] = {}

    def heard() -> bool:
        for subject, payload in reader.drain():
            if subject.startswith("votes."):
                told = VotesMessage.decode(payload).votes[POLL.id]
                votes.update(zip(told.voters, told.choices, strict=True))
            else:
                reactions.update(CrowdMessage.decode(payload).reactions.get("abc", {}))
        return reactions.total() >= 12 and sorted(votes.values()) == [0, 0, 1]

    try:
        heard()
        with live.connect() as client:
            for number in range(12):
                emoji = "👏" if number % 3 else "🔥"
                assert post(client, "/live/abc/reactions", json.dumps({"emoji": emoji}).encode()) == 204
            target = f"/live/abc/polls/{POLL.id}/votes"
            for choice, voter in ((0, "a"), (0, "b"), (1, "c"), (1, "c")):
                assert (
                    post(client, target, json.dumps({"choice": choice, "voter": voter * 20}).encode()) == 204
                )
            assert post(client, target, json.dumps({"choice": 1, "voter": "d" * 20}).encode()) == 429
            assert post(client, "/live/abc/reactions", b'{"emoji":"x"}') == 400
        wait_for(heard, "the bus tells what was counted")
        assert reactions == {"👏": 8, "🔥": 4}
        figures = live.get("/metrics").body.decode()
        assert 'parvis_edge_reactions_total{edge="edge-1"} 12' in figures
        assert 'parvis_edge_votes_total{edge="edge-1"} 3' in figures
    finally:
        reader.close()


def test_bodies_that_are_too_long_or_have_no_length_end_the_connection(live: World) -> None:
    for request, status in (
        (b"POST /live/abc/reactions HTTP/1.1\r\nHost: x\r\nContent-Length: 65\r\n\r\n" + b"x" * 65, 413),
        (b"POST /live/abc/reactions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    ):
        with live.connect() as client:
            client.send(request)
            assert client.response().status == status
            assert client.rest() == b""


def test_methods_are_told(live: World) -> None:
    refused = live.get("/live/abc/reactions")
    assert (refused.status, refused.headers["allow"]) == (405, "POST, OPTIONS")
    preflight = live.get("/live/abc/reactions", "OPTIONS", origin="http://elsewhere.example")
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert preflight.headers["access-control-allow-origin"] == "*"
