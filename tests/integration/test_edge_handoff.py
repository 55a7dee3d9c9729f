"""An audience goes over into another Space: every part in its turn, on the connection that it has."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from parvis.bus.messages import Handoff, PartMessage
from parvis.clock import part_start_s
from parvis.edge.view import rfc3339
from parvis.media.rendition import Rendition
from tests.unit.edge.world import (
    Listener,
    World,
    part_message,
    program_message,
    space_message,
    wait_for,
)

SOUND = {"abc": b"\xf8from abc", "xyz": b"\xf8from xyz", "uvw": b"\xf8from uvw"}


class Stages:
    """Programs of several Spaces, part by part, each with a sound of its own."""

    def __init__(self, world: World, *spaces: str) -> None:
        self.world = world
        self.spaces = list(spaces)
        self.revision = 1
        for space in spaces:
            world.stage.begin(space, title=f"The room {space}")

    def parts(self, count: int) -> int:
        """So many parts of each; the last sequence."""
        for _ in range(count):
            self.world.stage.sequence += 1
            for space in self.spaces:
                self.world.stage.say_part(*(self.part(space, rendition) for rendition in Rendition))
        return self.world.stage.sequence

    def part(self, space: str, rendition: Rendition) -> PartMessage:
        return part_message(self.world.stage.sequence, rendition, unit=SOUND[space], space=space)

    def hand_off(
        self, space: str, to: str, ahead: int, *, url: str = "", only_from: str = "", state: str = "live"
    ) -> int:
        """Says that the audience goes `ahead` parts after the newest; the first part there."""
        start = self.world.stage.sequence + ahead
        self.revision += 1
        handoff = Handoff(
            f"h{self.revision}",
            to,
            url,
            f"The room {to}",
            "More room",
            "ana",
            rfc3339(part_start_s(start) + 0.001),
            only_from,
        )
        self.world.stage.say(
            space_message(
                space, revision=self.revision, state=state, handoffs=(handoff,), title=f"The room {space}"
            )
        )
        return start


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def heard(listener: Listener) -> list[tuple[int, bytes]]:
    """Sequence and sound of each part."""
    return [(part.sequence, bytes(part.access_units[0])) for part in listener.parts]


def told(listener: Listener) -> list[tuple[int, dict[str, object]]]:
    """The handoffs that were told, with the part on which they came."""
    return [
        (part.sequence, dict(event.fields()))
        for part in listener.parts
        for event in part.events
        if event.type == "handoff"
    ]


def expected(sequences: Sequence[int], *seams: tuple[int, str]) -> list[tuple[int, bytes]]:
    """What is heard when `seams` are (from which part, which Space)."""
    return [
        (sequence, SOUND[[space for start, space in seams if start <= sequence][-1]])
        for sequence in sequences
    ]


@pytest.mark.parametrize("stretch", [1, 3, 8])
def test_every_listener_goes_over_at_the_part_that_was_announced(world: World, stretch: int) -> None:
    with world.edge(min_stretch=stretch), ExitStack() as stack:
        stages = Stages(world, "abc", "xyz")
        stages.parts(2 * stretch + 4)
        world.until("/live/xyz/stream.mp4", 200)
        world.until("/live/abc/stream.mp4", 200)
        audience = []
        for number in range(12):
            codec = "aac" if number % 3 == 0 else "opus"
            client = stack.enter_context(world.connect())
            audience.append(Listener(client, f"/live/abc/stream.mp4?codec={codec}"))
            stages.parts(1)
        start = stages.hand_off("abc", "xyz", ahead=stretch + 5)
        last = stages.parts(4 * stretch + 12)
        for listener in audience:
            listener.read_until(last - stretch)
            sequences = listener.sequences
            assert sequences == list(range(sequences[0], sequences[-1] + 1)), "no gap, no repeat"
            assert heard(listener) == expected(sequences, (0, "abc"), (start, "xyz"))
            [(at, event)] = told(listener)
            assert at == start
            assert event == {
                "type": "handoff",
                "from": "abc",
                "to": "xyz",
                "url": f"http://127.0.0.1:{world.port}/s/xyz",
                "title": "The room xyz",
                "reason": "More room",
                "by": "ana",
            }


def test_who_comes_later_is_sent_on(world: World) -> None:
    with world.edge():
        stages = Stages(world, "abc", "xyz")
        stages.parts(5)
        world.until("/live/xyz/stream.mp4", 200)
        world.until("/live/abc/stream.mp4", 200)
        stages.hand_off("abc", "xyz", ahead=3)
        reply = world.until("/live/abc/stream.mp4?codec=aac", 307)
        assert reply.headers["location"] == "/live/xyz/stream.mp4?codec=aac&via=abc"
        assert reply.headers["access-control-allow-origin"] == "*"
        assert world.get("/live/abc/events").headers["location"] == "/live/xyz/events?via=abc"
        page = world.get("/s/abc")
        assert (page.status, page.headers["location"]) == (302, "/s/xyz")
        handed_to = json.loads(world.get("/live/abc/space.json").body)["handed_to"]
        assert (handed_to["id"], handed_to["title"], handed_to["reason"]) == (
            "xyz",
            "The room xyz",
            "More room",
        )
        assert json.loads(world.get("/live/xyz/space.json").body)["handed_to"] is None


def test_a_space_that_ends_before_the_seam_leaves_nobody_behind(world: World) -> None:
    with world.edge(), world.connect() as client:
        stages = Stages(world, "abc", "xyz")
        stages.parts(5)
        world.until("/live/xyz/stream.mp4", 200)
        listener = Listener(client)
        stages.hand_off("abc", "xyz", ahead=20)
        stages.parts(3)
        final = world.stage.sequence
        world.stage.say(program_message(final - 7, last_sequence=final, space="abc"))
        stages.spaces.remove("abc")
        last = stages.parts(6)
        listener.read_until(last)
        assert heard(listener) == expected(listener.sequences, (0, "abc"), (final + 1, "xyz"))
        assert listener.sequences == list(range(listener.sequences[0], last + 1))
        world.stage.say(space_message("abc", revision=9, state="ended", handoffs=()))


def test_a_return_takes_those_who_came_and_only_those(world: World) -> None:
    with world.edge(), ExitStack() as stack:
        stages = Stages(world, "abc", "xyz", "uvw")
        stages.parts(5)
        for space in stages.spaces:
            world.until(f"/live/{space}/stream.mp4", 200)
        guest = Listener(stack.enter_context(world.connect()))
        local = Listener(stack.enter_context(world.connect()), "/live/xyz/stream.mp4")
        over = stages.hand_off("abc", "xyz", ahead=3)
        stages.parts(8)
        late = Listener(stack.enter_context(world.connect()), "/live/xyz/stream.mp4?via=abc")
        further = stages.hand_off("xyz", "uvw", ahead=3)
        last = stages.parts(8)
        for listener in (guest, local, late):
            listener.read_until(last)
        back = stages.hand_off("uvw", "xyz", ahead=3, only_from="xyz")
        stages.parts(8)
        home = stages.hand_off("xyz", "abc", ahead=3, only_from="abc")
        last = stages.parts(8)
        for listener in (guest, local, late):
            listener.read_until(last)
        first = [(0, "abc"), (over, "xyz")]
        middle = [(further, "uvw"), (back, "xyz")]
        assert heard(guest) == expected(guest.sequences, *first, *middle, (home, "abc"))
        assert heard(local) == expected(local.sequences, (0, "xyz"), *middle)
        assert heard(late) == expected(late.sequences, (0, "xyz"), *middle, (home, "abc"))
        assert [at for at, _ in told(guest)] == [over, further, back, home]


def test_another_parvis_is_told_and_led_to(world: World) -> None:
    with world.edge(), world.connect() as client:
        stages = Stages(world, "abc")
        stages.parts(5)
        world.until("/live/abc/stream.mp4", 200)
        listener = Listener(client)
        start = stages.hand_off("abc", "", ahead=3, url="https://other.example/s/k3v9")
        last = stages.parts(8)
        listener.read_until(last)
        assert heard(listener) == expected(listener.sequences, (0, "abc")), "its own sound goes on meanwhile"
        [(at, event)] = told(listener)
        assert (at, event["url"], event["to"]) == (start, "https://other.example/s/k3v9", "")
        wait_for(lambda: time.time() > part_start_s(start) + 0.5, "it is time")
        reply = world.until("/live/abc/stream.mp4", 307)
        assert reply.headers["location"] == "https://other.example/live/k3v9/stream.mp4?via=abc"
        assert world.get("/s/abc").headers["location"] == "https://other.example/s/k3v9"


def test_those_who_follow_events_are_told_too(world: World) -> None:
    with world.edge(), world.connect() as client:
        stages = Stages(world, "abc", "xyz")
        stages.parts(5)
        world.until("/live/xyz/stream.mp4", 200)
        client.request("/live/abc/events")
        assert client.head().status == 200
        stages.hand_off("abc", "xyz", ahead=3)
        text = b""
        while b"event: handoff" not in text:
            text += client.chunk()


def test_a_full_socket_goes_over_as_well(world: World) -> None:
    with world.edge(), ExitStack() as stack:
        stages = Stages(world, "abc", "xyz")
        stages.parts(5)
        world.until("/live/xyz/stream.mp4", 200)
        slow = Listener(stack.enter_context(world.connect(receive_buffer_bytes=2048)))
        for _ in range(60):
            stages.world.stage.sequence += 1
            stages.world.stage.say_part(
                *(
                    part_message(
                        stages.world.stage.sequence, Rendition.OPUS, unit=SOUND[space] * 400, space=space
                    )
                    for space in stages.spaces
                )
            )
        start = stages.hand_off("abc", "xyz", ahead=3)
        last = stages.parts(20)
        slow.read_until(last)
        assert heard(slow)[-1] == (last, SOUND["xyz"])
        assert all(sound != SOUND["abc"] for sequence, sound in heard(slow) if sequence > start)
        assert slow.sequences == sorted(set(slow.sequences))
