"""What listeners get from a real edge over real sockets."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.clock import SystemClock, sequence_at
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.reader import InitSegment, Part, PartReader
from parvis.media.rendition import Rendition
from tests.unit.edge.world import (
    SILENCE,
    Client,
    Listener,
    World,
    program_message,
    space_message,
    wait_for,
)

STREAM = "/live/abc/stream.mp4"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def live(world: World) -> Iterator[World]:
    """An edge with a Space of ten parts."""
    world.stage.begin()
    world.stage.parts(10)
    with world.edge():
        wait_for(lambda: world.get("/live/abc/space.json").body != b"", "the Space is known")
        wait_for(lambda: newest(world) == world.stage.sequence, "the edge has all parts")
        yield world


def newest(world: World, target: str = STREAM) -> int:
    """The newest part that the edge has, or -1."""
    response = world.get(f"{target}?from=999999999999999", "HEAD")
    return int(response.headers.get("x-parvis-sequence", -1))


def gauge(world: World, name: str) -> float:
    """A figure of the edge, without its prefix."""
    for line in world.get("/metrics").body.decode().splitlines():
        if line.startswith(f"parvis_edge_{name}{{"):
            return float(line.rpartition(" ")[2])
    raise AssertionError(name)


@pytest.mark.parametrize("rendition", Rendition)
def test_a_newcomer_gets_init_and_three_whole_parts_then_each_next(live: World, rendition: Rendition) -> None:
    last = live.stage.sequence
    with live.connect() as client:
        listener = Listener(client, f"{STREAM}?codec={rendition}")
        assert listener.response.headers["content-type"] == "audio/mp4"
        assert listener.response.headers["transfer-encoding"] == "chunked"
        assert listener.response.headers["x-parvis-sequence"] == str(last - 2)
        listener.read_until(last)
        assert listener.items[0] == InitSegment(rendition, init_segment(rendition))
        assert listener.sequences == [last - 2, last - 1, last]
        live.stage.parts(5)
        listener.read_until(last + 5)
        assert listener.sequences == list(range(last - 2, last + 6))


def test_from_starts_there_or_at_the_nearest(live: World) -> None:
    last = live.stage.sequence
    for asked, first in ((last - 5, last - 5), (1, last - 9), (last, last), (last + 500, last)):
        with live.connect() as client:
            listener = Listener(client, f"{STREAM}?from={asked}")
            assert listener.response.headers["x-parvis-sequence"] == str(first)
            listener.read_until(last)
            assert listener.sequences == list(range(first, last + 1))


def test_http_1_0_gets_the_bare_bytes_until_close(live: World) -> None:
    last = live.stage.sequence
    with live.connect() as client:
        client.request(STREAM, version="1.0")
        head = client.head()
        assert "transfer-encoding" not in head.headers
        live.stage.part(last=True)
        live.stage.say(space_message(state="ended", revision=2))
        items = PartReader().feed(client.rest())
    assert [item.sequence for item in items if isinstance(item, Part)] == list(range(last - 2, last + 2))


def test_a_range_gets_the_same_endless_200(live: World) -> None:
    for wanted in ("bytes=0-", "bytes=100-200"):
        with live.connect() as client:
            client.request(STREAM, Range=wanted)
            head = client.head()
            assert head.status == 200
            assert "content-range" not in head.headers
            assert client.chunk() == init_segment(Rendition.OPUS)


def test_the_last_part_ends_it_with_the_last_chunk(live: World) -> None:
    with live.connect() as client:
        listener = Listener(client)
        last = live.stage.part([Event.of("state", state="ended", title="x", reason=None)], last=True)
        while listener.read():
            pass
        assert listener.sequences[-1] == last
        assert client.rest() == b"", "the edge shuts its half"
    live.stage.say(space_message(state="ended", revision=2))
    assert live.until(STREAM, 410).status == 410


def test_a_space_that_ends_without_a_last_part_ends_too(live: World) -> None:
    with live.connect() as client:
        listener = Listener(client)
        live.stage.say(space_message(state="ended", revision=2))
        while listener.read():
            pass
        assert listener.sequences[2] == live.stage.sequence


def test_an_announced_last_sequence_ends_it(live: World) -> None:
    with live.connect() as client:
        listener = Listener(client)
        first = live.stage.sequence - 9
        live.stage.say(program_message(first, last_sequence=live.stage.sequence + 1))
        last = live.stage.part()
        while listener.read():
            pass
        assert listener.sequences[-1] == last


def test_dead_air_is_filled_and_the_program_goes_on(world: World) -> None:
    world.stage.sequence -= 10
    world.stage.begin()
    stopped_at = world.stage.parts(9)
    with world.edge(SystemClock()):
        world.until(STREAM, 200)
        with world.connect() as client:
            listener = Listener(client, f"{STREAM}?from={stopped_at}")
            listener.read_until(stopped_at + 3)
            silent = listener.parts[1:]
            assert all(set(part.access_units) == {SILENCE[Rendition.OPUS]} for part in silent)
            world.stage.sequence = max(listener.sequences[-1], sequence_at(SystemClock().program_s()))
            listener.read_until(world.stage.part())
            assert listener.sequences == list(range(stopped_at, world.stage.sequence + 1)), (
                "no hole, none twice"
            )
            assert set(listener.parts[-1].access_units) == {b"\xf8sound"}
        assert gauge(world, "stand_ins_total") >= 3


def test_a_slow_reader_skips_whole_parts_and_gets_only_whole_ones(live: World) -> None:
    loud = os.urandom(4000)
    with live.connect(receive_buffer_bytes=2048) as client, live.connect() as quick:
        slow = Listener(client)
        fast = Listener(quick)
        for _ in range(60):
            last = live.stage.part(unit=loud)
            fast.read_until(last)
        wait_for(lambda: gauge(live, "laggards") == 1, "the slow reader lags")
        reader = threading.Thread(target=slow.read_until, args=(last + 1,))
        reader.start()
        wait_for(lambda: gauge(live, "laggards") == 0, "the slow reader has caught up")
        live.stage.part()
        reader.join(20)
        assert not reader.is_alive()
        sequences = slow.sequences
        assert sequences == sorted(set(sequences)), "in order, none twice"
        skipped = sequences[-1] - sequences[0] + 1 - len(sequences)
        assert skipped > 0
        assert gauge(live, "skipped_parts_total") == skipped
        assert fast.sequences == list(range(fast.sequences[0], last + 1)), "nobody else is held up"


def test_a_reader_that_takes_nothing_is_let_go(world: World) -> None:
    world.stage.begin()
    world.stage.parts(3)
    with world.edge(laggard_timeout_s=0.3):
        world.until(STREAM, 200)
        with world.connect(receive_buffer_bytes=2048) as client:
            Listener(client)
            for _ in range(20):
                world.stage.part(unit=os.urandom(4000))
            wait_for(lambda: gauge(world, "let_go_total") == 1, "it is let go")
            assert gauge(world, "listeners") == 0


def test_a_listener_that_leaves_is_forgotten(live: World) -> None:
    with live.connect() as client:
        Listener(client)
        wait_for(lambda: gauge(live, "listeners") == 1, "it listens")
    wait_for(lambda: gauge(live, "listeners") == 0, "it has left")
    client = live.connect()
    Listener(client)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.socket.close()  # resets
    wait_for(lambda: gauge(live, "listeners") == 0, "it was reset")


def test_a_forked_copy_of_a_socket_does_not_come_back_to_haunt(
    live: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """Closing does not take a socket from an epoll while another process holds a copy of it."""
    with live.connect() as client:
        Listener(client)
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(theirs)
            client.socket.close()
            os.read(ours, 1)
            os._exit(0)
        os.close(ours)
    wait_for(lambda: gauge(live, "listeners") == 0, "it has left")
    for _ in range(20):
        assert live.get("/healthz").status == 200
    os.close(theirs)
    os.waitpid(child, 0)
    assert "connection failed" not in capfd.readouterr().out


def test_a_listener_that_talks_a_little_goes_on_and_one_that_talks_too_much_is_let_go(live: World) -> None:
    with live.connect() as client:
        listener = Listener(client)
        client.send(b"x" * 1000)
        listener.read_until(live.stage.part())
        client.send(b"x" * 5000)
        wait_for(lambda: gauge(live, "let_go_total") == 1, "it is let go")


@pytest.mark.alone
def test_two_thousand_listeners_get_every_part_once_in_order(live: World) -> None:
    count, parts = 2000, 12
    last = live.stage.sequence
    request = f"GET {STREAM} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    poll = select.epoll()
    received: dict[int, bytearray] = {}
    clients: dict[int, Client] = {}
    try:
        for _ in range(count):
            client = live.connect()
            client.send(request)
            fd = client.socket.fileno()
            clients[fd], received[fd] = client, bytearray()
            poll.register(fd, select.EPOLLIN)
        wait_for(lambda: gauge(live, "listeners") == count, "all listen", patience_s=60)
        for number in range(parts):
            live.stage.part(last=number == parts - 1)
        waiting = set(clients)
        while waiting:
            events = poll.poll(20)
            assert events, f"{len(waiting)} wait for ever"
            for fd, _ in events:
                data = os.read(fd, 65536)
                received[fd] += data
                if not data:
                    poll.unregister(fd)
                    waiting.discard(fd)
    finally:
        for client in clients.values():
            client.socket.close()
    first = bytes(next(iter(received.values())))
    bodies = {bytes(body) for body in received.values()}
    for body in bodies:
        head, _, chunks = body.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert unchunk(chunks) == list(range(last - 2, last + parts + 1))
    assert first in bodies
    assert gauge(live, "skipped_parts_total") == 0


def unchunk(data: bytes) -> list[int]:
    """The sequences in a chunked body that is whole."""
    reader = PartReader()
    sequences: list[int] = []
    while True:
        size, _, data = data.partition(b"\r\n")
        chunk, data = data[: int(size, 16)], data[int(size, 16) :]
        assert data.startswith(b"\r\n")
        data = data[2:]
        if not chunk:
            assert data == b""
            return sequences
        sequences += [item.sequence for item in reader.feed(chunk) if isinstance(item, Part)]


def test_events_are_followed(live: World) -> None:
    live.stage.part([Event.of("counts", listeners=7)])
    wait_for(lambda: b'"listeners":7' in live.get("/live/abc/space.json").body, "the count is known")
    with live.connect() as client:
        client.request("/live/abc/events")
        head = client.head()
        assert head.headers["content-type"].startswith("text/event-stream")
        known = client.chunk()
        assert known.startswith(b"event: state\ndata: ")
        assert (
            b'event: counts\nid: %d\ndata: {"type":"counts","listeners":7}\n\n' % live.stage.sequence in known
        )
        level = Event.of("levels", levels={"ana": 60}, active="ana")
        sequence = live.stage.part([level])
        assert client.chunk() == b"event: levels\nid: %d\ndata: %b\n\n" % (sequence, level.body)
        ended = Event.of("state", state="ended", title="x", reason=None)
        live.stage.part([ended], last=True)
        assert b'"state":"ended"' in client.chunk()
        live.stage.say(space_message(state="ended", revision=2))
        assert client.chunk() == b"", "the events end with the Space"
        assert client.rest() == b""


def test_a_space_that_is_scheduled_tells_when_it_begins(world: World) -> None:
    world.stage.say(space_message(state="scheduled"))
    with world.edge():
        world.until("/live/abc/events", 200)
        with world.connect() as client:
            client.request("/live/abc/events")
            client.head()
            assert b'"state":"scheduled"' in client.chunk()
            world.stage.say(space_message(state="live", revision=2))
            assert b'"state":"live"' in client.chunk()


def test_edge_processes_share_the_port_and_one_that_is_killed_takes_nobody_else_along(world: World) -> None:
    world.stage.begin()
    world.stage.parts(5)
    with world.edge_process("edge-1") as doomed, world.edge_process("edge-2"):
        for name in ("edge-1", "edge-2"):
            wait_for(lambda name=name: world.answers(name), f"{name} answers")  # type: ignore[misc]
        clients = [world.connect() for _ in range(16)]
        listeners = [Listener(client) for client in clients]
        doomed.kill()
        last = world.stage.parts(3)
        left = [listener for listener in listeners if not ended(listener, last)]
        assert 0 < len(left) < len(listeners), "the kernel spreads them over both"
        for listener in left:
            assert listener.sequences == list(range(listener.sequences[0], last + 1))
        for client in clients:
            client.socket.close()
        with world.connect() as client:
            again = Listener(client, f"{STREAM}?from={last - 1}")
            again.read_until(last)
            assert again.sequences == [last - 1, last], "who comes back goes on where it was"


def ended(listener: Listener, last: int) -> bool:
    """Whether its edge has gone before it had that part."""
    try:
        listener.read_until(last)
    except (EOFError, ConnectionResetError):
        return True
    return False


def test_an_edge_that_comes_late_has_the_ring_and_sound_does_not_wait_for_control(world: World) -> None:
    world.stage.sequence -= 40
    world.stage.say(program_message(world.stage.sequence + 1))
    first = world.stage.sequence + 1
    state = Event.of("state", state="live", title="Without control", reason=None)
    world.stage.part([state])
    world.stage.parts(39)
    with world.edge():
        world.until(STREAM, 200)
        with world.connect() as client:
            listener = Listener(client, f"{STREAM}?from=0")
            listener.read_until(world.stage.sequence)
            assert listener.sequences == list(range(first, world.stage.sequence + 1))
        assert b"Without control" in world.get("/live/abc/space.json").body
