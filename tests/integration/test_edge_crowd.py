"""More people than there is room for, and people who mean no good: limits hold, nobody else hears it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from parvis.edge.addresses import TOLD_BEYOND
from tests.unit.edge.world import Client, Listener, Response, World, wait_for

STREAM = "/live/abc/stream.mp4"
MALLORY = "127.0.0.66"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.stage.begin()
    world.stage.parts(10)
    yield world
    world.close()


def gauge(world: World, name: str) -> float:
    """A figure of the edge, without its prefix."""
    for line in world.get("/metrics", source="127.0.0.250").body.decode().splitlines():
        if line.startswith(f"parvis_edge_{name}{{"):
            return float(line.rpartition(" ")[2])
    raise AssertionError(name)


def ask(world: World, target: str = STREAM, *, source: str = "127.0.0.1", **headers: str) -> Response:
    """Status, and the problem if it is one: a stream is hung up on at once."""
    with world.connect(source=source) as client:
        client.request(target, **headers)
        response = client.head()
        if response.status != 200:
            response.body = client.rest()
        return response


def problem(response: Response) -> dict[str, Any]:
    assert response.status == 503, response.status
    fields: dict[str, Any] = json.loads(response.body)
    assert fields["code"] == "not-admitted"
    return fields


def refused(
    world: World, target: str = STREAM, *, source: str = "127.0.0.1", **headers: str
) -> dict[str, Any]:
    """The problem of somebody for whom there is no room."""
    return problem(ask(world, target, source=source, **headers))


def admitted(world: World, appointment: str, source: str = "127.0.0.1") -> bool:
    return ask(world, source=source, X_Parvis_Appointment=appointment).status == 200


def fill(world: World) -> None:
    """Somebody comes, and the door's bucket of one is empty."""
    assert ask(world).status == 200


def test_who_keeps_an_appointment_is_let_in_once(world: World) -> None:
    with world.edge(joins_per_s=1.0):
        world.until(STREAM, 200)
        fill(world)
        first, second = refused(world), refused(world)
        assert (first["ahead"], second["ahead"]) == (0, 1)
        assert first["at"] < second["at"]
        again = refused(world, X_Parvis_Appointment=second["appointment"])
        assert (again["appointment"], again["at"]) == (second["appointment"], second["at"]), (
            "early: same place"
        )
        wait_for(lambda: admitted(world, first["appointment"]), "its time comes")
        replayed = refused(world, X_Parvis_Appointment=first["appointment"])
        assert replayed["appointment"] != first["appointment"]
        assert replayed["at"] > second["at"], "at the end of the line"
        wait_for(lambda: admitted(world, second["appointment"]), "its time comes")
        assert gauge(world, "appointments_kept_total") == 2


def test_an_appointment_may_stand_in_the_query(world: World) -> None:
    with world.edge(joins_per_s=1.0):
        world.until(STREAM, 200)
        fill(world)
        held = refused(world)["appointment"]
        target = f"{STREAM}?codec=aac&appointment={held}"
        wait_for(lambda: ask(world, target).status == 200, "its time comes")


def test_an_appointment_is_good_at_another_edge_with_the_key_and_for_nobody_else(world: World) -> None:
    with world.edge(joins_per_s=1.0):
        world.until(STREAM, 200)
        fill(world)
        ours, theirs = refused(world), refused(world)
    with world.edge(joins_per_s=1.0, name="edge-2"):
        world.until(STREAM, 200)
        fill(world)
        refused(world)  # there is a line here, too
        stolen = refused(world, source=MALLORY, X_Parvis_Appointment=theirs["appointment"])
        assert stolen["appointment"] != theirs["appointment"]
        wait_for(lambda: admitted(world, ours["appointment"]), "its time comes")
    with world.edge(joins_per_s=1.0, appointment_key="11" * 32):
        world.until(STREAM, 200)
        fill(world)
        assert (
            refused(world, X_Parvis_Appointment=theirs["appointment"])["appointment"] != theirs["appointment"]
        )
        assert gauge(world, "appointments_void_total") == 1


def test_an_appointment_of_another_space_is_void(world: World) -> None:
    world.stage.begin("xyz")
    world.stage.part(space="xyz")
    with world.edge(joins_per_s=1.0):
        world.until("/live/xyz/stream.mp4", 200)
        fill(world)
        held = refused(world)["appointment"]
        other = refused(world, "/live/xyz/stream.mp4", X_Parvis_Appointment=held)
        assert other["appointment"] != held


def test_who_comes_back_does_not_stand_in_line(world: World) -> None:
    last = world.stage.sequence
    with world.edge(joins_per_s=1.0):
        world.until(STREAM, 200)
        fill(world)
        refused(world)
        assert ask(world, f"{STREAM}?from={last - 2}").status == 200
        assert ask(world, f"{STREAM}?from={last + 1}").status == 200
        for newcomer in (0, last - 9, last + 500):
            assert ask(world, f"{STREAM}?from={newcomer}").status == 503, "it has heard nothing before"
        assert gauge(world, "resumed_total") == 2


def test_refused_connections_are_closed_and_pages_are_not_refused(world: World) -> None:
    (world.pages / "assets").mkdir(parents=True)
    (world.pages / "assets" / "a.js").write_text("1")
    (world.pages / "hall.html").write_text(
        "<html><!--parvis:head--><!--parvis:body--><!--parvis:space--></html>"
    )
    with world.edge(joins_per_s=1.0, max_connections=1, spare_connections=8), world.connect() as client:
        world.until(STREAM, 200)
        listener = Listener(client)
        for _ in range(40):
            assert ask(world).status == 503
            assert world.get("/assets/a.js").status == 200
        listener.read_until(world.stage.part())
        assert listener.sequences == list(range(listener.sequences[0], world.stage.sequence + 1))


@pytest.mark.parametrize("stretch", [4, 19])
def test_a_pinned_stretch_is_said_and_kept(world: World, stretch: int) -> None:
    world.stage.parts(30)
    with world.edge(min_stretch=stretch, max_stretch=stretch), world.connect() as client:
        world.until(STREAM, 200)
        listener = Listener(client)
        first = int(listener.response.headers["x-parvis-sequence"])
        assert listener.response.headers["x-parvis-stretch"] == str(stretch)
        at_once = stretch + 2
        listener.read_until(first + at_once - 1)
        assert len(listener.parts) == at_once, "enough to play until its next burst"
        for _ in range(2):
            before = len(listener.parts)
            while len(listener.parts) == before:
                world.stage.parts(stretch)
                assert listener.read()
            assert len(listener.parts) - before == stretch
        assert listener.sequences == list(range(first, listener.sequences[-1] + 1))


def test_one_address_cannot_take_all_the_room(world: World) -> None:
    limit, attempts = 8, 1500
    with world.edge(per_address=limit), world.connect() as client, ExitStack() as stack:
        world.until(STREAM, 200)
        honest = Listener(client)
        taken = [stack.enter_context(world.connect(source=MALLORY)) for _ in range(limit)]
        for each in taken:
            Listener(each)
        for number in range(attempts):
            flood = stack.enter_context(world.connect(source=MALLORY))
            flood.socket.sendall(b"G")
            if number % 10 == 0:
                world.stage.part()
        wait_for(lambda: gauge(world, "connections") <= limit + TOLD_BEYOND + 2, "the flood is let go")
        assert gauge(world, "over_address_total") >= attempts - TOLD_BEYOND
        assert closed(flood)
        with world.connect(source="127.0.0.77") as other:
            Listener(other).read_until(world.stage.part())
        honest.read_until(world.stage.sequence)
        assert honest.sequences == list(range(honest.sequences[0], world.stage.sequence + 1)), "no gap"


def test_who_is_over_its_limit_is_told_so(world: World) -> None:
    with world.edge(per_address=2), ExitStack() as stack:
        world.until(STREAM, 200)
        clients = [stack.enter_context(world.connect(source=MALLORY)) for _ in range(2)]
        for client in clients:
            Listener(client)
        said = refused(world, source=MALLORY)
        assert "your address" in said["detail"]
        assert "appointment" not in said
        clients[0].socket.close()
        wait_for(lambda: ask(world, source=MALLORY).status == 200, "it has a place again")


def closed(client: Client) -> bool:
    """Whether the other side has let it go."""
    try:
        return client.socket.recv(1) == b""
    except ConnectionResetError:
        return True


def test_half_open_connections_run_out_and_hold_nobody_up(world: World) -> None:
    with (
        world.edge(max_connections=50, spare_connections=50, request_timeout_s=1.0),
        world.connect() as client,
        ExitStack() as stack,
    ):
        world.until(STREAM, 200)
        honest = Listener(client)
        for number in range(400):
            slow = socket.create_connection(("127.0.0.1", world.port))
            stack.callback(slow.close)
            slow.sendall(b"GET / HT" if number % 2 else b"\r\n")
            if number % 20 == 0:
                world.stage.part()
        wait_for(lambda: ask(world).status == 200, "there is room for who asks properly")
        honest.read_until(world.stage.part())
        assert honest.sequences == list(range(honest.sequences[0], world.stage.sequence + 1)), "no gap"


def test_readers_of_one_byte_hold_nobody_up(world: World) -> None:
    with world.edge(), world.connect() as client, ExitStack() as stack:
        world.until(STREAM, 200)
        honest = Listener(client)
        slow = [stack.enter_context(world.connect(receive_buffer_bytes=2048)) for _ in range(60)]
        for each in slow:
            each.request(STREAM)
        wait_for(lambda: gauge(world, "listeners") == 61, "all listen")
        for _ in range(60):
            last = world.stage.part(unit=b"x" * 4000)
            honest.read_until(last)
            for each in slow:
                each.socket.recv(1)
        wait_for(lambda: gauge(world, "laggards") == 60, "they lag")
        assert honest.sequences == list(range(honest.sequences[0], last + 1)), "no gap"


def test_a_storm_of_head_and_reloads_takes_no_join(world: World) -> None:
    with world.edge(requests_per_s=20.0, joins_per_s=100.0), world.connect() as client:
        world.until(STREAM, 200)
        honest = Listener(client)
        statuses = []
        for number in range(300):
            target, method = ((STREAM, "HEAD"), ("/live/abc/space.json", "GET"))[number % 2]
            response = world.get(target, method, source=MALLORY)
            statuses.append(response.status)
            if response.status == 503:
                assert "retry-after" in response.headers
        assert statuses.count(503) > 100
        assert statuses.count(200) >= 10
        with world.connect() as other:
            Listener(other).read_until(world.stage.part())
        honest.read_until(world.stage.sequence)
        assert honest.sequences == list(range(honest.sequences[0], world.stage.sequence + 1)), "no gap"
        assert world.get("/healthz").status == 200
