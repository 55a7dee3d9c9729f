"""Badges at a real edge: who is banned is let go at once, others stay; a few are told, joins are counted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.bus.audience import AudienceMessage
from parvis.bus.local_reader import LocalReader
from parvis.bus.manners import BanMessage
from parvis.bus.messages import EdgeMessage
from parvis.spaces import badge
from parvis.spaces.badge import Badge
from parvis.spaces.pass_text import load_or_make_keys
from tests.unit.edge.world import Listener, World, wait_for

LIVE = "/live/abc"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    try:
        yield made
    finally:
        made.close()


def text(
    world: World, account: str, *, space: str = "abc", seen: bool = False, lasts_s: float = 600.0
) -> str:
    made = Badge(account, space, seen, int(time.time() + lasts_s))
    return badge.sign(made, load_or_make_keys(world.settings.data))


def begin(world: World) -> None:
    world.stage.begin()
    world.stage.parts(12)
    world.until(f"{LIVE}/stream.mp4", 200)


def listen(world: World, shown: str = "", path: str = "stream.mp4") -> Listener:
    headers = {"X_Parvis_Badge": shown} if shown else {}
    return Listener(world.connect(), f"{LIVE}/{path}", **headers)


def lost(listener: Listener, world: World) -> None:
    with pytest.raises((EOFError, ConnectionResetError)):
        listener.read_until(world.stage.sequence + 1_000)


def test_a_ban_ends_the_streams_of_who_showed_who_they_are_and_no_others(world: World) -> None:
    with world.edge():
        begin(world)
        banned = [listen(world, text(world, "zoe")) for _ in range(2)]
        kept = [listen(world), listen(world, text(world, "ana")), listen(world, text(world, "zoe")[:-4])]
        world.stage.say(BanMessage("abc", ("zoe",)))  # type: ignore[arg-type]
        for listener in banned:
            lost(listener, world)
        refused = world.get(f"{LIVE}/stream.mp4", X_Parvis_Badge=text(world, "zoe"))
        assert (refused.status, json.loads(refused.body)["code"]) == (403, "banned")
        for listener in kept:
            listener.read_until(world.stage.parts(3))
        world.stage.say(BanMessage("abc"))  # type: ignore[arg-type]
        wait_for(
            lambda: world.get(f"{LIVE}/stream.mp4", "HEAD", X_Parvis_Badge=text(world, "zoe")).status == 200,
            "the ban is lifted",
        )


def test_those_who_may_be_seen_are_told_until_they_leave(world: World) -> None:
    told: list[AudienceMessage] = []
    reader = LocalReader(world.run_dir, "audience.")

    def said(*accounts: str) -> bool:
        told.extend(AudienceMessage.decode(payload) for _, payload in reader.drain())
        if not told:
            return False
        present = told[-1].present.get("abc")
        return (sorted(present.sample) if present is not None else []) == sorted(accounts)

    with world.edge():
        begin(world)
        seen = listen(world, text(world, "ana", seen=True))
        again = listen(world, text(world, "ana", seen=True))
        for hidden in ("", text(world, "zoe"), text(world, "kim", space="other", seen=True)):
            listen(world, hidden)
        listen(world, text(world, "tess", seen=True, lasts_s=-1))
        wait_for(lambda: said("ana"), "one is seen")
        assert told[-1].present["abc"].count == 1
        seen.client.socket.close()
        another = listen(world, text(world, "zoe", seen=True))
        wait_for(lambda: said("ana", "zoe"), "her other stream counts")
        again.client.socket.close()
        another.client.socket.close()
        wait_for(lambda: said(), "nobody is seen")
    reader.close()


def test_who_begins_to_listen_is_counted_once_however_often_they_reconnect(world: World) -> None:
    reader = LocalReader(world.run_dir, "edge.")
    last: list[EdgeMessage] = []

    def joined(count: int) -> bool:
        last.extend(EdgeMessage.decode(payload) for _, payload in reader.drain())
        return bool(last) and last[-1].joined.get("abc", 0) == count

    with world.edge():
        begin(world)
        listen(world)
        listen(world, path="stream.aac")
        listen(world, path=f"stream.mp4?from={world.stage.sequence}")
        listen(world, path="events")
        wait_for(lambda: joined(2), "two have begun")
        assert last[-1].life
        listen(world)
        wait_for(lambda: joined(3), "one more has")
    reader.close()
