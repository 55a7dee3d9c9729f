import json
import select
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from parvis.clock import ManualClock
from parvis.edge.addresses import Addresses
from parvis.edge.admission import Admission
from parvis.edge.answers import Answer
from parvis.edge.appointments import Appointments
from parvis.edge.door import Door
from parvis.edge.fanout import Fanout
from parvis.edge.http import Request
from parvis.edge.routes import Join
from parvis.edge.strain import Concession
from parvis.edge.waiting import Hold
from parvis.errors import Overloaded
from tests.unit.edge.test_routes import LAST, NOW_S, front

FD = 7
__all__ = ["front"]


class Square:
    """A door with room for one newcomer a second, and ten requests."""

    def __init__(self, front: object) -> None:
        self.epoll = select.epoll()
        self.clock = ManualClock(NOW_S)
        self.fanout = Fanout(self.epoll, self.clock, 30.0)
        self.addresses = Addresses(2)
        self.addresses.enter(FD, "192.0.2.1")
        admission = Admission(
            Appointments(bytes(32), 1),
            self.clock.monotonic_s(),
            capacity=10,
            joins_per_s=1,
            requests_per_s=10,
        )
        self.door = Door(front, self.fanout, admission, self.addresses, self.clock, 10)  # type: ignore[arg-type]

    def ask(self, *path: str, method: str = "GET", **query: str) -> Answer | Join | Hold:
        return self.door.respond(FD, Request(method, path, query))

    def listen(self, **query: str) -> Answer | Join | Hold:
        return self.ask("live", "abc", "stream.mp4", **query)


@pytest.fixture
def square(front: object) -> Iterator[Square]:
    square = Square(front)
    yield square
    square.epoll.close()


def test_a_newcomer_is_let_in_and_the_next_gets_an_appointment(square: Square) -> None:
    assert isinstance(square.listen(), Join)
    answer = square.listen()
    assert isinstance(answer, Answer)
    problem = json.loads(answer.body)
    assert answer.status == problem["status"] == 503
    assert set(problem) == {"type", "title", "status", "detail", "code", "appointment", "at", "ahead"}
    assert (problem["code"], problem["ahead"]) == ("not-admitted", 0)
    assert datetime.fromisoformat(problem["at"]).timestamp() == NOW_S + 1
    assert dict(answer.headers)["Retry-After"] == "1"
    assert square.door.counts.not_admitted == 1


def test_the_header_counts_before_the_query(square: Square) -> None:
    square.listen()
    answer = square.listen()
    assert isinstance(answer, Answer)
    held = json.loads(answer.body)["appointment"]
    square.clock.advance(1)
    query = {"appointment": "rubbish"}
    request = Request("GET", ("live", "abc", "stream.mp4"), query, {b"x-parvis-appointment": held})
    assert isinstance(square.door.respond(FD, request), Join)


def test_requests_that_end_have_their_own_bucket(square: Square) -> None:
    for _ in range(10):
        square.ask("live", "abc", "space.json")
    with pytest.raises(Overloaded, match="not-admitted"):
        square.ask("live", "abc", "stream.mp4", method="HEAD")
    assert isinstance(square.listen(), Join)
    assert isinstance(square.ask("healthz"), Answer)


def test_an_address_over_its_limit_is_refused_all_but_health(square: Square) -> None:
    for fd in (8, 9):
        square.addresses.enter(fd, "192.0.2.1")
    with pytest.raises(Overloaded, match="your address") as refusal:
        square.listen()
    assert 10 <= refusal.value.retry_after_s <= 30
    assert isinstance(square.ask("healthz"), Answer)


def test_an_edge_that_ends_lets_nobody_in(square: Square) -> None:
    square.door.closing = True
    with pytest.raises(Overloaded, match="about to end"):
        square.listen()
    assert isinstance(square.ask("live", "abc", "space.json"), Answer)


@pytest.mark.parametrize(
    ("query", "stretch"),
    [
        ({}, 32),
        ({"stretch": "4"}, 32),
        ({"from": str(LAST)}, 2),
        ({"from": str(LAST), "stretch": "1"}, 2),
        ({"from": str(LAST), "stretch": "8"}, 8),
        ({"from": str(LAST), "stretch": "11"}, 8),
        ({"from": str(LAST), "stretch": "32"}, 16),
        ({"from": str(LAST), "stretch": "99"}, 2),
        ({"from": str(LAST), "stretch": "-4"}, 2),
        ({"from": str(LAST + 500), "stretch": "4"}, 32),
    ],
)
def test_newcomers_take_the_longer_delay_and_who_comes_back_what_it_had(
    square: Square, query: dict[str, str], stretch: int
) -> None:
    square.door.ladder = (1, 2, 4, 8, 16, 32)
    square.door.concession = replace(Concession(), newcomers=32, floor=2, ceiling=16)
    join = square.listen(**query)
    assert isinstance(join, Join)
    assert square.door.stretch(join) == stretch
