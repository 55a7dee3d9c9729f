"""Bursts that are counted, on real sockets: what a listener is owed it gets noted, and nothing else."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from parvis.clock import PART_MS
from parvis.media.events import Event
from parvis.storm.counts import Counts, Report
from parvis.storm.crowd import Crowd
from parvis.storm.curve import Curve
from parvis.storm.plan import Plan
from parvis.storm.skim import WHOLE_EVERY, begins_chunk
from parvis.storm.sockets import Dialler
from parvis.storm.target import Target
from tests.unit.storm.wires import FIRST, burst, join

LISTENERS = 24
STRETCH = 2
JOINED = 4
"""Parts that a newcomer gets."""
BEGIN = FIRST + JOINED


class Square:
    """A crowd that skims, and the other ends of its connections."""

    def __init__(self, stack: ExitStack) -> None:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        target = Target.of(f"http://127.0.0.1:{server.getsockname()[1]}/s/abc")
        self.now_s = FIRST * PART_MS / 1000
        self.report = Report()
        plan = Plan(LISTENERS, Curve.parse("burst"), skim=True)
        self.crowd = Crowd(
            plan,
            target,
            Dialler(target, ()),
            256,
            self.report,
            random.Random(1),
            lambda: self.now_s,
        )
        self.ends = []
        for _ in range(LISTENERS):
            self.crowd.arrive()
            self.ends.append(stack.enter_context(server.accept()[0]))
        self.send(join(FIRST, JOINED, STRETCH))

    @property
    def counts(self) -> Counts:
        return self.report.counts

    def send(self, data: bytes, share: slice = slice(None), *, passing: bool = True) -> None:
        """To everybody, or some, who read it. The time of a burst passes then."""
        ends = self.ends[share]
        for end in ends:
            end.sendall(data)
        wanted = self.counts.bytes + len(ends) * len(data)
        while self.counts.bytes < wanted:
            events = self.crowd.epoll.poll(5)
            assert events, "nothing comes any more"
            self.crowd.read(events)
        self.now_s += passing * STRETCH * PART_MS / 1000


@pytest.fixture
def square() -> Iterator[Square]:
    with ExitStack() as stack:
        built = Square(stack)
        yield built
        built.crowd.leave(LISTENERS)


def heard_all(square: Square, parts: int) -> None:
    counts = square.counts
    assert (counts.parts, counts.gaps, counts.repeats) == (LISTENERS * parts, 0, 0)
    assert (counts.stalls, counts.malformed, counts.dropped) == (0, 0, 0)


def test_what_is_counted_was_heard(square: Square) -> None:
    for number in range(2 * WHOLE_EVERY):
        square.send(burst(BEGIN + number * STRETCH, STRETCH))
    heard_all(square, JOINED + 2 * WHOLE_EVERY * STRETCH)
    assert square.counts.bursts == LISTENERS * 2 * WHOLE_EVERY


def test_a_burst_that_was_left_out_is_missed_by_everybody(square: Square) -> None:
    square.send(burst(BEGIN, STRETCH))
    for number in range(2, 2 + WHOLE_EVERY):  # all of the same size: only reading tells
        square.send(burst(BEGIN + number * STRETCH, STRETCH))
    counts = square.counts
    assert (counts.gaps, counts.missing_parts) == (LISTENERS, LISTENERS * STRETCH)
    assert (counts.gapped_listeners, counts.repeats, counts.malformed) == (LISTENERS, 0, 0)


def test_a_burst_that_only_others_got_is_missed_too(square: Square) -> None:
    square.send(burst(BEGIN, STRETCH))
    square.send(burst(BEGIN + STRETCH, STRETCH), slice(12))
    for number in range(2, 2 + WHOLE_EVERY):
        square.send(burst(BEGIN + number * STRETCH, STRETCH))
    counts = square.counts
    assert (counts.gaps, counts.missing_parts) == (12, 12 * STRETCH)
    assert (counts.repeats, counts.malformed) == (0, 0)


def test_a_burst_of_another_size_is_no_gap(square: Square) -> None:
    square.send(burst(BEGIN, STRETCH))
    first = BEGIN + STRETCH
    plain, longer = burst(first, STRETCH), burst(first, STRETCH, Event.of("count", listeners=1))
    square.send(plain, slice(12), passing=False)
    square.send(longer, slice(12, None))
    square.send(burst(first + STRETCH, STRETCH))
    heard_all(square, JOINED + 3 * STRETCH)


@pytest.mark.parametrize("cut", [3, 700, -2])
def test_a_burst_in_two_pieces_is_one(square: Square, cut: int) -> None:
    for number in range(3):
        data = burst(BEGIN + number * STRETCH, STRETCH)
        square.send(data[:cut], passing=False)
        square.send(data[cut:])
    heard_all(square, JOINED + 3 * STRETCH)


def test_several_bursts_at_once_are_several(square: Square) -> None:
    bursts = [burst(BEGIN + number * STRETCH, STRETCH) for number in range(4)]
    square.send(bursts[0])
    for data in bursts[1:]:  # one listener tells what these are
        square.send(data, slice(1), passing=False)
    square.send(b"".join(bursts[1:]), slice(1, None))
    heard_all(square, JOINED + 4 * STRETCH)


def test_the_end_is_heard(square: Square) -> None:
    square.send(burst(BEGIN, STRETCH))
    square.send(b"0\r\n\r\n")
    assert (square.counts.ended, square.counts.connected, square.counts.malformed) == (LISTENERS, 0, 0)


def test_who_is_cut_off_is_dropped(square: Square) -> None:
    square.send(burst(BEGIN, STRETCH))
    for end in square.ends:
        end.close()
    while square.counts.connected:
        square.crowd.read(square.crowd.epoll.poll(5))
    assert square.counts.dropped == LISTENERS


def test_what_begins_a_chunk() -> None:
    data = burst(FIRST)
    assert begins_chunk(data)
    assert begins_chunk(b"0\r\n\r\n")
    assert not any(begins_chunk(data, offset) for offset in range(4, len(data)))
