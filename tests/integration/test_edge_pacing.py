"""Another stretch for a crowd that listens, with real parts and sockets: none is lost, none comes twice."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from parvis.clock import ManualClock
from parvis.edge.bursts import Framing
from parvis.edge.fanout import QUIET, Fanout
from parvis.edge.feed import Feed
from parvis.edge.pacing import lead_parts
from parvis.media.init import init_segment
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from tests.unit.edge.world import part_message, program_message

FIRST = 5_625_000_000


@dataclass
class Ear:
    """One listener: what it has heard, and in bursts of how many parts."""

    socket: socket.socket
    joined_at: int
    sequences: list[int] = field(default_factory=list)
    bursts: list[tuple[int, int]] = field(default_factory=list)
    """First part and size of each."""
    told: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.socket.setblocking(False)
        self.reader = PartReader()
        self.reader.feed(init_segment(Rendition.OPUS))

    def listen(self) -> None:
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        parts = [item for item in self.reader.feed(data) if isinstance(item, Part)]
        self.sequences += [part.sequence for part in parts]
        self.bursts.append((parts[0].sequence, len(parts)))
        self.told += [dict(event.fields()) for part in parts for event in part.events]


class Hall:
    """A feed, a fan-out and its listeners."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.fanout = Fanout(self.epoll, ManualClock(), 30.0)
        self.feed = Feed(Rendition.OPUS)
        message = program_message(FIRST)
        self.feed.begin(message, message.renditions[0])
        self.ears: list[Ear] = []
        self.part(FIRST)

    def part(self, sequence: int) -> None:
        self.feed.offer(sequence, part_message(sequence).body, 0.0)
        self.feed.advance(0.0)

    def join(self, stretch: int) -> Ear:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.epoll.register(ours.fileno(), QUIET)
        cohort = self.fanout.cohorts.choose("abc", "opus", Framing.RAW, stretch, self.feed)
        self.fanout.join(ours.detach(), cohort, b"")
        ear = Ear(theirs, cohort.position)
        self.ears.append(ear)
        return ear

    def advance(self, parts: int) -> None:
        for _ in range(parts):
            self.part(self.feed.newest + 1)
            self.fanout.wake("abc", "opus")
            while self.fanout.busy:
                self.fanout.write(3)
            for ear in self.ears:
                ear.listen()

    def close(self) -> None:
        self.fanout.close_all()
        for ear in self.ears:
            ear.socket.close()
        self.epoll.close()


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.close()


def test_all_are_told_then_moved_and_hear_every_part_once(hall: Hall) -> None:
    for _ in range(12):
        hall.join(1)
    hall.advance(3)
    hall.fanout.pacing.floor = 4
    hall.advance(lead_parts(1, 4) + 16)
    for ear in hall.ears:
        assert ear.sequences == list(range(ear.joined_at + 1, ear.sequences[-1] + 1))
        (told,) = ear.told
        from_sequence = told["from_sequence"]
        assert isinstance(from_sequence, int)
        assert (told["type"], told["stretch"]) == ("pace", 4)
        assert all(size == 1 for first, size in ear.bursts if first < from_sequence)
        settled = [size for first, size in ear.bursts if first >= from_sequence + 4]
        assert settled == [4] * len(settled) != []
    ends = {ear.bursts[-1][0] % 4 for ear in hall.ears}
    assert ends == {0, 1, 2, 3}, "spread over all phases"


def test_up_and_down_again_nobody_misses_a_part(hall: Hall) -> None:
    for stretch in (1, 1, 1, 2, 4, 8):
        hall.join(stretch)
    pacing = hall.fanout.pacing
    for floor, ceiling in ((4, 32), (16, 32), (1, 8), (1, 1), (2, 2), (1, 32), (1, 1)):
        pacing.floor, pacing.ceiling = floor, ceiling
        hall.advance(70)
        for _ in range(2):
            hall.join(max(1, floor))
    hall.advance(64)
    assert [len(cohort) for cohort in hall.fanout.cohorts if len(cohort)] == [len(hall.ears)]
    for ear in hall.ears:
        assert ear.sequences == list(range(ear.joined_at + 1, hall.feed.newest + 1))


def test_bursts_of_twenty_seconds_are_reached_and_left(hall: Hall) -> None:
    for _ in range(5):
        hall.join(32)
    pacing = hall.fanout.pacing
    pacing.floor = 64
    hall.advance(lead_parts(32, 64) + 3 * 64)
    assert {cohort.key.stretch for cohort in hall.fanout.cohorts if len(cohort)} == {64}
    hall.join(64)
    pacing.floor = pacing.ceiling = 1
    hall.advance(4 * 64)
    assert {cohort.key.stretch for cohort in hall.fanout.cohorts if len(cohort)} == {1}
    for ear in hall.ears:
        assert ear.sequences == list(range(ear.joined_at + 1, hall.feed.newest + 1))


def test_a_crowd_that_has_fallen_behind_moves_all_the_same(hall: Hall) -> None:
    """Strain is when it matters: parts come while the last burst is still being written."""
    for _ in range(40):
        hall.join(1)
    hall.fanout.pacing.floor = 8
    for _ in range(lead_parts(1, 8) + 60):
        hall.part(hall.feed.newest + 1)
        hall.fanout.wake("abc", "opus")
        hall.fanout.write(7)  # far less than are due
        for ear in hall.ears:
            ear.listen()
    hall.advance(16)
    assert {cohort.key.stretch for cohort in hall.fanout.cohorts if len(cohort)} == {8}
    assert hall.fanout.counts.skipped_parts == 0
    for ear in hall.ears:
        assert ear.sequences == list(range(ear.joined_at + 1, ear.sequences[-1] + 1))
