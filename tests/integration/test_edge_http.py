"""How an edge behaves as an HTTP server: all of docs/protocol.md §2 that is not sound, and rude clients."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import EdgeMessage, ProcessMessage
from parvis.errors import UserError
from tests.unit.edge.world import Client, Listener, Response, World, space_message, wait_for

STREAM = "/live/abc/stream.mp4"
HALL = '<html lang="en"><head><!--parvis:head--></head><!--parvis:body--><!--parvis:space--></html>'
SCRIPT = b"let a = 1;" * 20_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    (world.pages / "assets").mkdir(parents=True)
    (world.pages / "hall.html").write_text(HALL)
    (world.pages / "assets" / "hall-1a2b.js").write_bytes(SCRIPT)
    (world.pages / "assets" / "hall-1a2b.js.br").write_bytes(b"brotli")
    world.stage.begin()
    world.stage.parts(5)
    yield world
    world.close()


@pytest.fixture
def live(world: World) -> Iterator[World]:
    with world.edge(header_limit_bytes=2048):
        world.until(STREAM, 200)
        yield world


def code_of(response: Response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    problem = json.loads(response.body)
    assert problem["status"] == response.status
    assert set(problem) >= {"type", "title", "status", "detail", "code"}
    return str(problem["code"])


def raw(world: World, data: bytes) -> Client:
    client = world.connect()
    client.send(data)
    return client


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/live/nope/stream.mp4", 404, "space-unknown"),
        ("/live/nope/events", 404, "space-unknown"),
        ("/live/nope/space.json", 404, "space-unknown"),
        ("/live/abc/stream.mp4?codec=mp3", 400, "codec-unknown"),
        ("/live/abc/stream.mp4?from=x", 400, "sequence-invalid"),
        ("/live/later/stream.mp4", 409, "space-not-begun"),
        ("/live/over/stream.mp4", 410, "space-ended"),
        ("/live/over/events", 410, "space-ended"),
        ("/assets/nope.js", 404, "asset-unknown"),
        ("/nowhere", 404, "not-found"),
    ],
)
def test_refusals_are_problems(live: World, target: str, status: int, code: str) -> None:
    live.stage.say(space_message("later", state="scheduled"))
    live.stage.say(space_message("over", state="ended"))
    live.until(target, status)
    response = live.get(target)
    assert (response.status, code_of(response)) == (status, code)
    assert response.headers["access-control-allow-origin"] == "*"
    assert ("retry-after" in response.headers) == (status == 409)


def test_head_says_what_get_would(live: World) -> None:
    for target in ("/s/abc", "/assets/hall-1a2b.js", "/healthz", "/live/nope/space.json", STREAM):
        head = live.get(target, "HEAD")
        assert head.body == b""
        if target != STREAM:
            got = live.get(target)
            assert (head.status, head.headers["content-length"]) == (got.status, str(len(got.body)))
        else:
            assert head.headers["content-type"] == "audio/mp4"
            assert "content-length" not in head.headers


def test_options_and_cors(live: World) -> None:
    response = live.get(STREAM, "OPTIONS", Origin="https://elsewhere.example")
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-expose-headers"] == (
        "Retry-After, X-Parvis-Sequence, X-Parvis-Stretch"
    )
    assert "Range" in response.headers["access-control-allow-headers"]


def test_no_answer_sets_a_cookie(live: World) -> None:
    for target in ("/s/abc", "/healthz", "/live/abc/space.json", "/nowhere"):
        assert "set-cookie" not in live.get(target).headers


def test_the_hall_and_its_assets(live: World) -> None:
    hall = live.get("/s/abc", Accept_Language="fr")
    assert hall.status == 200
    assert hall.body.startswith(b'<html lang="fr"><head><title>Budget night')
    assert "script-src 'self'" in hall.headers["content-security-policy"]
    assert hall.headers["referrer-policy"] == "no-referrer"
    plain = live.get("/assets/hall-1a2b.js")
    assert plain.body == SCRIPT
    packed = live.get("/assets/hall-1a2b.js", Accept_Encoding="gzip, br")
    assert (packed.body, packed.headers["content-encoding"]) == (b"brotli", "br")
    again = live.get("/assets/hall-1a2b.js", If_None_Match=plain.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_the_root_leads_to_the_studio(live: World) -> None:
    response = live.get("/")
    assert (response.status, response.headers["location"]) == (302, "http://127.0.0.1:8081/")


def test_a_connection_is_kept_and_pipelined_requests_are_answered_in_order(live: World) -> None:
    targets = ["/healthz", "/live/abc/space.json", "/nowhere", "/assets/hall-1a2b.js"] * 5
    with live.connect() as client:
        client.send(b"".join(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for target in targets))
        statuses = [client.response().status for _ in targets]
        assert statuses == [200, 200, 404, 200] * 5
        client.request("/healthz", Connection="close")
        assert client.response().headers["connection"] == "close"
        assert client.rest() == b""


def test_a_stream_may_follow_other_requests_on_a_connection(live: World) -> None:
    with live.connect() as client:
        client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        client.request(STREAM)
        assert client.response().status == 200
        assert client.response().status == 404
        assert client.head().headers["content-type"] == "audio/mp4"
        assert client.chunk()


def test_http_1_0_is_closed_after_its_answer(live: World) -> None:
    with live.connect() as client:
        client.request("/healthz", version="1.0")
        assert client.response().headers["connection"] == "close"
        assert client.rest() == b""


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10, 400, "request-malformed"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "request-malformed"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 4000 + b"\r\n\r\n", 431, "header-too-large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000, 431, "header-too-large"),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n" + b"b" * 9000,
            413,
            "too-large",
        ),
        (b"POST /s/abc HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 405, "method-not-allowed"),
        (b"BREW /s/abc HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method-not-allowed"),
    ],
)
def test_rude_requests_are_answered_and_closed(live: World, data: bytes, status: int, code: str) -> None:
    with raw(live, data) as client:
        response = client.response()
        assert (response.status, code_of(response)) == (status, code)
        assert response.headers["connection"] == "close"
        assert client.rest() == b""
    assert live.get("/healthz").status == 200


def test_who_shuts_its_half_still_gets_its_answer(live: World) -> None:
    with raw(live, b"GET /assets/hall-1a2b.js HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        client.socket.shutdown(socket.SHUT_WR)
        assert client.response().body == SCRIPT
        assert client.rest() == b""


def test_slow_and_silent_requests_run_out_of_time(world: World) -> None:
    with world.edge(request_timeout_s=0.2), world.connect() as silent, raw(world, b"GET / HT") as slow:
        assert silent.rest() == b""
        response = slow.response()
        assert (response.status, code_of(response)) == (408, "request-timeout")
        assert slow.rest() == b""


def test_an_answer_that_is_not_taken_is_given_up(world: World) -> None:
    with world.edge(request_timeout_s=0.2), world.connect(receive_buffer_bytes=2048) as client:
        client.send(b"GET /assets/hall-1a2b.js HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        wait_for(lambda: connections(world) == 1, "only who asks is left")


def connections(world: World) -> int:
    body = world.get("/metrics").body.decode()
    return int(body.partition("parvis_edge_connections{")[2].partition("} ")[2].partition("\n")[0])


def test_newcomers_without_room_are_told_when_to_come_back(world: World) -> None:
    with world.edge(max_connections=2):
        world.until(STREAM, 200)
        wait_for(lambda: connections(world) == 1, "only who asks is left")
        with world.connect() as first, world.connect() as second:
            Listener(first)
            Listener(second)
            for ahead, target in enumerate((STREAM, STREAM, STREAM)):
                no_events = world.get("/live/abc/events")
                assert (no_events.status, code_of(no_events)) == (503, "not-admitted")
                assert "appointment" not in json.loads(no_events.body), "it books nothing"
                refusal = world.get(target)
                assert (refusal.status, code_of(refusal)) == (503, "not-admitted")
                problem = json.loads(refusal.body)
                assert problem["ahead"] == ahead
                assert len(problem["appointment"]) == 43
                at_s = datetime.fromisoformat(problem["at"]).timestamp()
                assert ahead <= int(refusal.headers["retry-after"]) <= ahead + 2
                assert at_s - time.time() <= ahead + 1.1
                assert refusal.headers["connection"] == "close"
            assert world.get("/healthz").status == 200, "health is told in any case"
            assert world.get("/s/abc").status == 200, "the page that waits needs no place"
            wait_for(lambda: connections(world) == 3, "whoever was told has gone")
        wait_for(lambda: world.get(STREAM, "HEAD").status == 200, "there is room again")


def test_a_port_that_others_hold_is_said_so(world: World) -> None:
    with (
        socket.create_server(("127.0.0.1", world.port)),
        pytest.raises(UserError, match="port-in-use"),
        world.edge(),
    ):
        pass


def test_an_address_that_is_not_ours_is_said_so(world: World) -> None:
    with pytest.raises(UserError, match="address-invalid"), world.edge(host="192.0.2.1"):
        pass


def test_an_edge_tells_the_bus_how_it_is(live: World) -> None:
    reader = LocalReader(live.run_dir, "edge.", "process.")
    latest: dict[str, bytes] = {}

    def told() -> bool:
        latest.update(reader.drain())
        if not {"edge.edge-1", "process.edge-1"} <= set(latest):
            return False
        health = ProcessMessage.decode(latest["process.edge-1"])
        assert (health.name, health.role, health.pid) == ("edge-1", "edge", os.getpid())
        listeners = EdgeMessage.decode(latest["edge.edge-1"]).listeners
        return listeners == {"abc": 1} and health.gauges["parvis_edge_listeners"] == 1

    try:
        with live.connect() as client:
            Listener(client)
            wait_for(told, "the listener is counted")
    finally:
        reader.close()


def test_no_descriptor_is_left_behind(live: World) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def one_round() -> None:
        with live.connect() as one, live.connect() as two, live.connect() as three, live.connect() as four:
            Listener(one)
            two.request("/live/abc/events")
            two.head()
            three.send(b"GET / HTTP")
            four.send(b"rubbish\r\n\r\n")
            four.response()
        live.get("/s/abc")

    one_round()
    wait_for(lambda: connections(live) == 1, "all have gone")
    before = count()
    for _ in range(50):
        one_round()
    wait_for(lambda: connections(live) == 1, "all have gone")
    wait_for(lambda: count() <= before, "every descriptor is closed")


def test_stopping_closes_everybody_without_a_last_chunk(world: World) -> None:
    with world.edge():
        world.until(STREAM, 200)
        client = world.connect()
        listener = Listener(client)
    with client, pytest.raises((EOFError, ConnectionResetError)):
        listener.read_until(world.stage.sequence + 99)
