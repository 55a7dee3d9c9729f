"""Requests that wait, on real descriptors and a clock that is moved by hand."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator

import pytest

from parvis.clock import ManualClock
from parvis.edge.answers import Answer
from parvis.edge.transport import Plain
from parvis.edge.waiting import Hold, How, Waiting
from parvis.errors import NotFound
from parvis.media.playlist import BLOCKED_AT_MOST_S

OPEN, LAST = How(True, False, False), How(False, False, False)


class Desk:
    """A room of waiting requests, and what became of them."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.clock = ManualClock()
        self.ready: set[str] = set()
        self.built: list[str] = []
        self.told: list[int] = []
        self.closed: list[int] = []
        self.answers: dict[int, tuple[bytes, How]] = {}
        self.peers: dict[int, socket.socket] = {}
        self.waiting = Waiting(
            self.epoll,
            self.clock,
            Plain(),
            dress=lambda answer: answer,
            answer=self.take_back,
            on_close=self.closed.append,
        )

    def take_back(self, fd: int, data: bytes, how: How) -> None:
        self.answers[fd] = data, how

    def hold(self, name: str, how: How = OPEN) -> int:
        """Somebody waits for what has that name."""
        ours, theirs = socket.socketpair()
        fd = ours.detach()
        self.peers[fd] = theirs
        self.epoll.register(fd, select.EPOLLIN)
        hold = Hold(name, lambda: name in self.ready, lambda: self.build(name), self.told.append)
        self.waiting.hold(fd, hold, how)
        return fd

    def build(self, name: str) -> Answer:
        self.built.append(name)
        if name == "gone":
            raise NotFound("segment-unknown", "Gone.")
        return Answer(200, (), name.encode())

    def come(self, name: str, limit: int = 100) -> None:
        self.ready.add(name)
        self.waiting.look()
        self.waiting.write(limit)

    def close(self) -> None:
        self.waiting.close_all()
        for fd, peer in self.peers.items():
            peer.close()
            if fd not in self.closed:
                os.close(fd)
        self.epoll.close()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def test_all_who_wait_for_the_same_get_what_was_built_once(desk: Desk) -> None:
    fds = [desk.hold("a") for _ in range(5)]
    other = desk.hold("b")
    desk.come("a")
    assert desk.built == ["a"]
    assert list(desk.answers) == fds
    assert len({id(data) for data, _ in desk.answers.values()}) == 1
    assert desk.answers[fds[0]][0].endswith(b"\r\n\r\na")
    assert (other in desk.waiting, len(desk.waiting), sum(desk.told)) == (True, 1, 5)


def test_answers_go_out_in_slices(desk: Desk) -> None:
    for _ in range(5):
        desk.hold("a")
    desk.come("a", limit=2)
    assert (len(desk.answers), desk.waiting.busy) == (2, True)
    desk.waiting.write(100)
    assert (len(desk.answers), desk.waiting.busy) == (5, False)


def test_a_connection_goes_on_as_it_was(desk: Desk) -> None:
    kept, last = desk.hold("a", OPEN), desk.hold("a", LAST)
    desk.come("a")
    assert b"Connection: keep-alive" in desk.answers[kept][0]
    assert b"Connection: close" in desk.answers[last][0]
    assert desk.answers[last][1] == LAST


def test_what_turns_out_to_be_gone_is_said(desk: Desk) -> None:
    fd = desk.hold("gone")
    desk.come("gone")
    assert desk.answers[fd][0].startswith(b"HTTP/1.1 404 ")


def test_nobody_waits_too_long(desk: Desk) -> None:
    first = desk.hold("a")
    desk.clock.advance(1.0)
    second = desk.hold("a")
    desk.clock.advance(BLOCKED_AT_MOST_S - 1.0)
    desk.waiting.sweep()
    assert list(desk.answers) == [first]
    assert desk.answers[first][0].startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1\r\n" in desk.answers[first][0]
    desk.come("a")
    assert desk.answers[second][0].startswith(b"HTTP/1.1 200 ")
    assert desk.told == [1]


def test_who_hangs_up_gets_nothing_and_neither_does_its_number(desk: Desk) -> None:
    gone = desk.hold("a")
    desk.peers[gone].close()
    [(fd, mask)] = desk.epoll.poll(1.0)
    desk.waiting.on_event(fd, mask)
    assert (fd, desk.closed, len(desk.waiting)) == (gone, [gone], 0)
    again = desk.hold("a")
    desk.come("a")
    assert list(desk.answers) == [again]
    assert sum(desk.told) == 1


def test_what_is_said_meanwhile_stays_with_the_kernel(desk: Desk) -> None:
    fd = desk.hold("a")
    desk.peers[fd].send(b"GET / HTTP/1.1\r\n")
    assert desk.epoll.poll(0) == []
