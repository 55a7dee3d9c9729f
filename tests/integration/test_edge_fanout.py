"""Bursts into real sockets, turn by turn: stretch, strain, laggards, the end."""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from parvis.clock import ManualClock
from parvis.edge.bursts import FINAL, Framing, frame
from parvis.edge.cohorts import Cohort, Key
from parvis.edge.fanout import JUNK_LIMIT_BYTES, LINGER_S, QUIET, Fanout
from parvis.edge.shared import NONE, SHARED_FROM_LISTENERS
from parvis.media.events import Event

LAGGARD_TIMEOUT_S = 30.0
KEY = Key("abc", "opus", Framing.RAW)


@dataclass
class Numbers:
    """A source of numbered parts of any size."""

    newest: int = 99
    oldest: int = 90
    over: bool = False
    size: int = 6

    def burst(self, first: int, count: int, framing: Framing, event: Event | None = None) -> bytes:
        return frame((self.part(number) for number in range(first, first + count)), framing)

    def part(self, number: int) -> bytes:
        return b"<%d>" % number + b"." * (self.size - len(b"<%d>" % number))


class Square:
    """A fan-out, its source, and the other ends of its sockets."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.clock = ManualClock()
        self.fanout = Fanout(self.epoll, self.clock, LAGGARD_TIMEOUT_S)
        self.source = Numbers()
        self.peers: list[socket.socket] = []

    def cohort(self, **changes: object) -> Cohort:
        return self.fanout.cohorts.get(KEY._replace(**changes), self.source)  # type: ignore[arg-type]

    def join(self, cohort: Cohort, first: bytes = b"H", *, narrow: bool = False) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(5)
        if narrow:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        self.epoll.register(ours.fileno(), QUIET)
        self.fanout.join(ours.detach(), cohort, first)
        self.peers.append(theirs)
        return theirs

    def advance(self, parts: int = 1, *, write: int = 1000) -> None:
        self.source.newest += parts
        self.fanout.wake("abc", "opus")
        self.fanout.write(write)

    def events(self) -> None:
        while events := self.epoll.poll(0):
            for fd, mask in events:
                self.fanout.on_event(fd, mask)
            if all(mask == select.EPOLLOUT for _, mask in events):
                return

    def drain(self, peer: socket.socket) -> bytes:
        """Reads until nobody lags."""
        got = taken(peer)
        while self.fanout.laggards:
            self.events()
            got += taken(peer)
        return got

    def close(self) -> None:
        self.fanout.close_all()
        for peer in self.peers:
            peer.close()
        self.epoll.close()


@pytest.fixture
def square() -> Iterator[Square]:
    square = Square()
    yield square
    square.close()


def taken(peer: socket.socket) -> bytes:
    """All that waits in a socket now."""
    peer.setblocking(False)
    data = b""
    try:
        while more := peer.recv(65536):
            data += more
    except BlockingIOError:
        pass
    return data


def test_everybody_gets_each_part_once(square: Square) -> None:
    cohort = square.cohort()
    peers = [square.join(cohort) for _ in range(5)]
    square.advance()
    square.advance()
    assert [taken(peer) for peer in peers] == [b"H<100>.<101>."] * 5
    assert square.fanout.counts.bursts == 10
    assert square.fanout.listeners() == {"abc": 5}


def test_who_joins_while_a_burst_is_written_does_not_get_it_twice(square: Square) -> None:
    cohort = square.cohort()
    early = [square.join(cohort) for _ in range(3)]
    square.advance(write=1)
    late = square.join(cohort, b"H<100>.")
    square.fanout.write(1000)
    square.advance()
    assert [taken(peer) for peer in [*early, late]] == [b"H<100>.<101>."] * 4


def test_what_is_late_goes_out_in_one_burst(square: Square) -> None:
    peer = square.join(square.cohort())
    square.advance(5)
    assert taken(peer) == b"H<100>.<101>.<102>.<103>.<104>."
    assert square.fanout.counts.bursts == 1


def test_a_stretched_cohort_waits_for_its_boundary(square: Square) -> None:
    cohort = square.cohort(stretch=4, phase=2)
    assert cohort.position == 97
    peer = square.join(cohort)
    square.advance()
    assert taken(peer) == b"H"
    square.advance()
    assert taken(peer) == b"<98>..<99>..<100>.<101>."


def test_restretched_listeners_miss_nothing(square: Square) -> None:
    cohort = square.cohort()
    peers = [square.join(cohort) for _ in range(8)]
    for _ in range(4):
        square.advance()
        square.fanout.cohorts.restretch(cohort, 4, 2)
    square.advance(4)
    for _ in range(4):
        for stretched in [other for other in square.fanout.cohorts if other.key.stretch == 4]:
            square.fanout.cohorts.restretch(stretched, 1, 100)
        square.advance()
    assert len(cohort) == 8
    expected = b"H" + b"".join(square.source.part(number) for number in range(100, 112))
    assert [taken(peer) for peer in peers] == [expected] * 8


@pytest.mark.parametrize("size", [10_000, 100])
def test_a_full_socket_gets_whole_parts_and_skips_the_rest(square: Square, size: int) -> None:
    """A large part is cut by the full socket, of a small one nothing goes in: neither is heard in half."""
    square.source.size = size
    cohort = square.cohort()
    peer, other = square.join(cohort, narrow=True), square.join(cohort)
    others = b""
    for _ in range(50):
        square.source.oldest += 1
        square.advance()
        others += taken(other)
    assert square.fanout.laggards == 1
    assert square.fanout.listeners() == {"abc": 2}
    got = square.drain(peer)
    square.advance()
    got += square.drain(peer)
    numbers = [int(piece.partition(b">")[0]) for piece in got.split(b"<")[1:]]
    assert got == b"H" + b"".join(map(square.source.part, numbers))
    assert numbers == sorted(set(numbers))
    assert numbers[-2:] == [149, 150]
    assert square.fanout.counts.skipped_parts == 51 - len(numbers) > 0
    assert others + taken(other) == b"H" + b"".join(map(square.source.part, range(100, 151)))


def test_a_join_that_does_not_fit_is_finished_first(square: Square) -> None:
    peer = square.join(square.cohort(), b"J" * 50_000, narrow=True)
    assert square.fanout.laggards == 1
    square.advance()
    got = square.drain(peer)
    assert got == b"J" * 50_000 + b"<100>."


def test_a_laggard_is_let_go_when_it_takes_nothing(square: Square) -> None:
    square.source.size = 50_000
    peer = square.join(square.cohort(), narrow=True)
    square.advance()
    square.clock.advance(LAGGARD_TIMEOUT_S - 1)
    square.fanout.sweep()
    taken(peer)
    square.events()
    square.clock.advance(LAGGARD_TIMEOUT_S - 1)
    square.fanout.sweep()
    assert square.fanout.size == 1, "it has taken something since"
    square.clock.advance(1)
    square.fanout.sweep()
    assert (square.fanout.size, square.fanout.counts.let_go) == (0, 1)


def test_a_feed_that_jumps_takes_its_cohort_along(square: Square) -> None:
    peer = square.join(square.cohort())
    square.source.newest, square.source.oldest = 500, 500
    square.fanout.wake("abc", "opus")
    square.fanout.write(10)
    assert taken(peer) == b"H<500>."
    assert square.fanout.counts.skipped_parts == 400


@pytest.mark.parametrize("framing", Framing)
def test_the_end_is_the_last_part_the_last_chunk_and_a_shut_half(square: Square, framing: Framing) -> None:
    cohort = square.cohort(framing=framing)
    peer = square.join(cohort)
    square.source.over = True
    square.advance()
    assert taken(peer) == b"H" + frame([b"<100>."], framing) + FINAL[framing]
    assert peer.recv(1) == b""
    assert square.fanout.size == 1
    peer.close()
    square.events()
    assert square.fanout.size == 0
    assert list(square.fanout.cohorts) == []


def test_a_stretched_cohort_gets_the_rest_at_the_end(square: Square) -> None:
    peer = square.join(square.cohort(stretch=4, phase=0))
    square.source.over = True
    square.advance(2)
    assert taken(peer) == b"H<100>.<101>."
    assert peer.recv(1) == b""


def test_a_laggard_gets_the_end_too(square: Square) -> None:
    square.source.size = 20_000
    cohort = square.cohort(framing=Framing.CHUNKED)
    peer = square.join(cohort, narrow=True)
    for _ in range(5):
        square.advance()
    square.source.over = True
    square.advance()
    assert square.fanout.laggards == 1
    got = square.drain(peer)
    assert got.endswith(frame([square.source.part(105)], Framing.CHUNKED) + FINAL[Framing.CHUNKED])
    assert peer.recv(1) == b""


def test_who_stays_after_the_end_is_closed(square: Square) -> None:
    square.join(square.cohort())
    square.source.over = True
    square.advance()
    square.clock.advance(LINGER_S)
    square.fanout.sweep()
    assert square.fanout.size == 0


def test_what_listeners_say_is_ignored_up_to_a_limit(square: Square) -> None:
    peer = square.join(square.cohort())
    peer.sendall(b"x" * JUNK_LIMIT_BYTES)
    square.events()
    square.advance()
    assert taken(peer) == b"H<100>."
    peer.sendall(b"x")
    square.events()
    assert square.fanout.size == 0
    assert square.fanout.counts.let_go == 1


def test_who_leaves_is_closed_even_during_a_burst(square: Square) -> None:
    cohort = square.cohort()
    peers = [square.join(cohort) for _ in range(4)]
    square.advance(write=2)
    peers[0].close()
    peers[3].close()
    square.events()
    square.fanout.write(100)
    square.advance()
    assert [taken(peer) for peer in peers[1:3]] == [b"H<100>.<101>."] * 2
    assert (square.fanout.size, len(cohort)) == (2, 2)


def test_a_socket_that_breaks_during_a_write_is_closed(square: Square) -> None:
    cohort = square.cohort()
    broken, whole = square.join(cohort), square.join(cohort)
    broken.close()
    square.advance()
    assert square.fanout.size == 1
    assert taken(whole) == b"H<100>."
    gone = square.join(cohort)
    assert taken(gone) == b"H"


def test_a_laggard_that_breaks_as_it_speaks_is_closed_once(square: Square) -> None:
    square.source.size = 50_000
    peer, other = square.join(square.cohort(), narrow=True), square.join(square.cohort())
    square.advance()
    taken(peer)
    peer.send(b"x")
    peer.shutdown(socket.SHUT_RD)
    square.events()
    assert (square.fanout.size, square.fanout.laggards) == (1, 0)
    assert taken(other).startswith(b"H<100>")


def test_only_what_was_joined_is_closed(square: Square) -> None:
    with pytest.raises(KeyError):
        square.fanout.close(square.epoll.fileno())
    assert not square.epoll.closed


def test_a_long_burst_to_many_is_the_same_as_if_each_were_written(square: Square) -> None:
    square.source.size = 3_000
    cohort = square.cohort(stretch=8, phase=0)
    cohort.position = 103
    square.source.newest = 103
    ends = [tcp_pair() for _ in range(SHARED_FROM_LISTENERS)]
    for ours, theirs in ends:
        square.epoll.register(ours.fileno(), QUIET)
        square.fanout.join(ours.detach(), cohort, b"H")
        square.peers.append(theirs)
    narrow = square.join(cohort, narrow=True)
    descriptors = open_descriptors()
    square.advance(8, write=10)
    assert cohort.shared != NONE, "a burst of 24 kB to so many is shared"
    square.advance(0)
    expected = b"H" + b"".join(square.source.part(number) for number in range(104, 112))
    assert {got_all(theirs, len(expected)) for _, theirs in ends} == {expected}
    assert square.drain(narrow) == expected, "what a full socket did not take comes later"
    assert open_descriptors() == descriptors
    assert square.fanout.listeners() == {"abc": SHARED_FROM_LISTENERS + 1}


def test_without_a_descriptor_for_it_a_long_burst_is_written(
    square: Square, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "memfd_create", no_descriptor)
    square.source.size = 3_000
    cohort = square.cohort(stretch=8, phase=4)
    peers = [square.join(cohort) for _ in range(SHARED_FROM_LISTENERS)]
    square.advance(8)
    assert {len(square.drain(peer)) for peer in peers} == {1 + 8 * 3_000}


def no_descriptor(name: str, flags: int) -> int:
    raise OSError(errno.EMFILE, name, flags)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Ours, which does not block, and theirs."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        theirs = socket.create_connection(door.getsockname(), timeout=5)
        ours, _ = door.accept()
    ours.setblocking(False)
    return ours, theirs


def got_all(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += peer.recv(size - len(data))
    return data
