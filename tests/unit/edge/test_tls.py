"""Handshakes over socket pairs, step by step: who is begun, who waits, who goes."""

from __future__ import annotations

import os
import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.clock import ManualClock
from parvis.edge import tls
from parvis.edge.tls import Handshakes, Secure
from tests.certificates import Authority


class Hall:
    """The entrance of an edge: what it passes on, what it closes."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder)
        issued = authority.issue()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.certificate, issued.key)
        self.trust = authority.client()
        self.clock = ManualClock()
        self.epoll = select.epoll()
        self.transport = Secure()
        self.done: list[int] = []
        self.refused: list[int] = []
        self.closed: list[int] = []
        self.peers: list[socket.socket] = []
        self.handshakes = Handshakes(
            self.epoll,
            self.clock,
            context,
            self.transport,
            timeout_s=10.0,
            done=lambda fd, *_: self.done.append(fd),
            refuse=lambda fd, *_: self.refused.append(fd),
            on_close=self.closed.append,
        )

    def arrive(self, *, crowded: bool = False) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        fd = ours.detach()
        self.handshakes.take(fd, loopback=True, crowded=crowded)
        self.peers.append(theirs)
        return fd, theirs

    def client(self, peer: socket.socket) -> ssl.SSLSocket:
        self.peers.remove(peer)
        line = self.trust.wrap_socket(peer, server_hostname="edge.test", do_handshake_on_connect=False)
        self.peers.append(line)
        return line

    def turn(self, *, busy: bool = False) -> None:
        self.handshakes.allow(busy=busy)
        for fd, mask in self.epoll.poll(0):
            self.handshakes.on_event(fd, mask)

    def close(self) -> None:
        self.handshakes.close_all()
        for fd in self.done + self.refused:
            self.transport.close(fd)
        for peer in self.peers:
            peer.close()
        self.epoll.close()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    hall.close()


def go_on(line: ssl.SSLSocket) -> bool:
    """The client's next step; whether it is done."""
    try:
        line.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def test_hands_are_shaken_and_bytes_go_through(hall: Hall) -> None:
    fd, peer = hall.arrive()
    hall.turn()
    assert len(hall.handshakes) == 1, "it has not said a word"
    line = hall.client(peer)
    while not go_on(line):
        hall.turn()
    hall.turn()
    assert (hall.done, len(hall.handshakes), hall.handshakes.counts.done) == ([fd], 0, 1)
    with pytest.raises(BlockingIOError):
        hall.transport.read(fd, 10)
    line.send(b"question")
    assert hall.transport.read(fd, 1) == b"question", "a whole record, whatever is asked for"
    assert hall.transport.write(fd, memoryview(b"answer")) == 6
    assert line.recv(10) == b"answer"
    hall.transport.shut(fd)
    assert line.recv(10) == b"", "a close_notify"
    line.send(b"more")
    assert hall.transport.read(fd, 100), "read and forgotten, as it comes"


def test_what_is_written_to_a_full_socket_is_offered_again(hall: Hall) -> None:
    fd, peer = hall.arrive()
    line = hall.client(peer)
    while not go_on(line):
        hall.turn()
    hall.turn()
    data = os.urandom(2_000_000)
    with pytest.raises(BlockingIOError):
        hall.transport.write(fd, data)
    got = b""
    written = 0
    while len(got) < len(data):
        try:
            got += line.recv(65536)
        except ssl.SSLWantReadError:
            try:
                written = hall.transport.write(fd, memoryview(data))
            except BlockingIOError:
                continue
    assert (got, written) == (data, len(data))


def test_who_speaks_plainly_is_passed_on_with_every_byte(hall: Hall) -> None:
    fd, peer = hall.arrive()
    peer.send(b"GET / HTTP/1.1\r\n")
    hall.turn()
    assert hall.refused == [fd]
    assert hall.transport.read(fd, 100) == b"GET / HTTP/1.1\r\n"
    assert hall.transport.write(fd, b"no") == 2
    assert peer.recv(10) == b"no"


@pytest.mark.parametrize("said", [b"\x00", b"\x80\x2e", b"\x16\x03\x01\x00\x05rubbish"])
def test_who_makes_no_sense_is_closed(hall: Hall, said: bytes) -> None:
    fd, peer = hall.arrive()
    peer.send(said)
    while len(hall.handshakes):
        hall.turn()
    assert (hall.closed, hall.handshakes.counts.failed) == ([fd], 1)


def test_who_hangs_up_is_closed(hall: Hall) -> None:
    fd, peer = hall.arrive()
    peer.close()
    hall.turn()
    assert hall.closed == [fd]


def test_who_takes_too_long_is_closed_sooner_where_it_is_crowded(hall: Hall) -> None:
    calm, _ = hall.arrive()
    crowded, _ = hall.arrive(crowded=True)
    hall.clock.advance(tls.CROWDED_S)
    hall.handshakes.sweep()
    assert hall.closed == [crowded]
    hall.clock.advance(10.0 - tls.CROWDED_S)
    hall.handshakes.sweep()
    assert hall.closed == [crowded, calm]
    assert hall.handshakes.counts.late == 2


def test_a_turn_takes_few_steps_and_fewer_when_bursts_are_due(hall: Hall) -> None:
    lines = [hall.client(hall.arrive()[1]) for _ in range(tls.STEPS_PER_TURN + tls.STEPS_PER_BUSY_TURN + 1)]
    for line in lines:
        assert not go_on(line)
    answered = 0
    for busy, steps in ((True, tls.STEPS_PER_BUSY_TURN), (False, tls.STEPS_PER_TURN)):
        hall.turn(busy=busy)
        assert hall.handshakes.behind
        answered += steps
        assert sum(bool(select.select([line], [], [], 0)[0]) for line in lines) == answered
    hall.turn()
    assert not hall.handshakes.behind


def test_no_more_are_begun_than_there_is_time_for(hall: Hall) -> None:
    now_s = hall.clock.monotonic_s()
    hall.handshakes.adapt(0.0)
    hall.clock.advance(60.0)
    begun = 0
    while hall.handshakes.room(hall.clock.monotonic_s()):
        hall.arrive()
        begun += 1
    assert begun == tls.LEAST_PER_S * tls.BURST_S
    hall.clock.advance(1.5 / tls.LEAST_PER_S)
    assert hall.handshakes.room(hall.clock.monotonic_s())
    hall.handshakes.adapt(0.5)
    gauges = hall.handshakes.gauges()
    assert gauges["parvis_edge_handshakes_per_s"] == pytest.approx(0.5 / tls.FIRST_COST_S)
    assert gauges["parvis_edge_handshakes"] == begun
    assert now_s < hall.clock.monotonic_s()


def test_when_all_places_are_taken_the_slowest_goes(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "LIMIT", 3)
    fds = [hall.arrive()[0] for _ in range(3)]
    assert not hall.handshakes.room(hall.clock.monotonic_s()), "nobody has had a second"
    hall.clock.advance(tls.PATIENT_S)
    assert hall.handshakes.room(hall.clock.monotonic_s())
    assert (hall.closed, len(hall.handshakes)) == (fds[:1], 2)
