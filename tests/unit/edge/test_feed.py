import random

import pytest

from parvis.bus.messages import RING_PARTS, ProgramRendition
from parvis.clock import part_start_s
from parvis.edge.bursts import Framing
from parvis.edge.feed import Feed
from parvis.edge.ring import HELD_PARTS, Put
from parvis.edge.standin import GRACE_S, stand_in
from parvis.media.init import init_segment
from parvis.media.rendition import Rendition
from tests.unit.edge.world import SILENCE, program_message

FIRST = 5_625_000_000
PROGRAM = ProgramRendition(Rendition.OPUS, init_segment(Rendition.OPUS), SILENCE[Rendition.OPUS])


def begun(first: int = FIRST, last: int | None = None) -> Feed:
    feed = Feed(Rendition.OPUS)
    feed.begin(program_message(first, last), PROGRAM)
    return feed


def end_of(sequence: int) -> float:
    return part_start_s(sequence + 1)


def deadline_of(sequence: int) -> float:
    return end_of(sequence) + GRACE_S + 0.001


def body(sequence: int) -> bytes:
    return b"<%d>" % sequence


def offer(feed: Feed, *sequences: int, last: bool = False) -> None:
    for sequence in sequences:
        feed.offer(sequence, body(sequence), end_of(sequence), last=last)
        feed.advance(end_of(sequence))


def sent(feed: Feed, first: int, last: int) -> list[bytes]:
    return [feed.burst(sequence, 1, Framing.RAW) for sequence in range(first, last + 1)]


def test_parts_go_out_in_order() -> None:
    feed = begun()
    assert not feed.running
    offer(feed, FIRST, FIRST + 1)
    assert feed.running
    assert (feed.oldest, feed.newest) == (FIRST, FIRST + 1)
    assert feed.burst(FIRST, 2, Framing.RAW) == body(FIRST) + body(FIRST + 1)


def test_without_a_program_nobody_can_join() -> None:
    feed = Feed(Rendition.OPUS)
    offer(feed, FIRST)
    assert not feed.running
    feed.begin(program_message(FIRST), PROGRAM)
    assert feed.running


def test_a_missing_part_holds_up_those_behind_it_until_it_comes() -> None:
    feed = begun()
    offer(feed, FIRST, FIRST + 2)
    assert feed.newest == FIRST
    offer(feed, FIRST + 1)
    assert feed.newest == FIRST + 2
    assert feed.counts.stand_ins == 0


def test_a_missing_part_is_filled_at_its_deadline() -> None:
    feed = begun()
    offer(feed, FIRST, FIRST + 2)
    assert not feed.advance(end_of(FIRST + 1) + GRACE_S - 0.01)
    assert feed.advance(deadline_of(FIRST + 1))
    assert sent(feed, FIRST, FIRST + 2) == [body(FIRST), stand_in(PROGRAM, FIRST + 1), body(FIRST + 2)]
    assert feed.offer(FIRST + 1, body(FIRST + 1), deadline_of(FIRST + 1)) is Put.LATE
    assert (feed.counts.stand_ins, feed.counts.late) == (1, 1)


def test_dead_air_is_filled_part_by_part() -> None:
    feed = begun()
    offer(feed, FIRST)
    for sequence in range(FIRST + 1, FIRST + 10):
        assert feed.advance(deadline_of(sequence))
        assert feed.newest == sequence
    assert feed.counts.stand_ins == 9


def test_a_program_whose_first_part_never_comes_begins_with_silence() -> None:
    feed = begun()
    assert not feed.advance(end_of(FIRST))
    assert feed.advance(deadline_of(FIRST))
    assert feed.newest == FIRST


def test_a_program_that_was_long_away_begins_now() -> None:
    feed = begun()
    assert feed.advance(deadline_of(FIRST + 1000))
    assert feed.newest == FIRST + 1000
    assert feed.counts.stand_ins == 1


def test_more_than_a_ring_missing_is_jumped() -> None:
    feed = begun()
    offer(feed, FIRST)
    assert feed.advance(deadline_of(FIRST + 500))
    assert feed.newest == FIRST + 500
    assert feed.counts.stand_ins == 1
    assert feed.counts.jumped == 499


def test_a_jump_in_what_comes_is_followed() -> None:
    feed = begun()
    offer(feed, FIRST)
    feed.offer(FIRST + 5000, body(FIRST + 5000), end_of(FIRST + 5000))
    feed.advance(end_of(FIRST + 5000))
    assert (feed.oldest, feed.newest) == (FIRST + 5000, FIRST + 5000)


def test_the_last_part_ends_it() -> None:
    feed = begun()
    offer(feed, FIRST)
    offer(feed, FIRST + 1, last=True)
    assert feed.over
    assert not feed.running
    assert not feed.advance(deadline_of(FIRST + 50)), "no silence after the end"


def test_an_announced_end_that_never_comes_is_filled_up_to() -> None:
    feed = begun()
    offer(feed, FIRST)
    feed.begin(program_message(FIRST, last_sequence=FIRST + 2), PROGRAM)
    assert not feed.over
    feed.advance(deadline_of(FIRST + 9))
    assert feed.over
    assert feed.newest == FIRST + 2


def test_finish_ends_it_where_it_stands() -> None:
    feed = begun()
    offer(feed, FIRST, FIRST + 1)
    feed.finish()
    assert feed.over
    assert feed.newest == FIRST + 1


def test_another_stage_takes_over_without_an_end() -> None:
    feed = begun()
    offer(feed, FIRST, FIRST + 1)
    feed.begin(program_message(FIRST + 5), PROGRAM)
    offer(feed, FIRST + 5)
    feed.advance(deadline_of(FIRST + 4))
    assert feed.newest == FIRST + 5
    assert feed.counts.stand_ins == 3


def test_a_second_program_begins_at_its_own_first_part() -> None:
    feed = begun()
    offer(feed, FIRST)
    offer(feed, FIRST + 1, last=True)
    feed.begin(program_message(FIRST + 40), PROGRAM)
    offer(feed, FIRST + 40)
    assert feed.running
    assert (feed.oldest, feed.newest) == (FIRST + 40, FIRST + 40)
    assert feed.counts.stand_ins == 0


def test_of_what_is_held_the_last_30_s_are_pushed() -> None:
    feed = begun()
    offer(feed, *range(FIRST, FIRST + HELD_PARTS))
    assert feed.oldest == feed.nearest(0) == feed.newest - RING_PARTS + 1
    assert feed.unbroken_from == FIRST
    offer(feed, FIRST + HELD_PARTS)
    assert feed.unbroken_from == FIRST + 1
    assert [feed.holds(FIRST), feed.holds(FIRST + 1), feed.holds(feed.newest + 1)] == [False, True, False]


def test_what_came_before_the_present_program_is_held_and_not_pushed() -> None:
    feed = begun()
    offer(feed, FIRST)
    offer(feed, FIRST + 1, last=True)
    feed.begin(program_message(FIRST + 40), PROGRAM)
    offer(feed, FIRST + 40)
    assert feed.nearest(0) == feed.oldest == feed.unbroken_from == FIRST + 40
    assert [feed.holds(FIRST + 1), feed.holds(FIRST + 2)] == [True, False]


def test_what_comes_after_a_jump_is_not_jumped_over() -> None:
    feed = begun()
    offer(feed, FIRST)
    for sequence in range(FIRST + 110, FIRST + 120):
        feed.offer(sequence, body(sequence), end_of(sequence))
    assert feed.advance(end_of(FIRST + 120))
    assert (feed.newest, feed.counts.jumped) == (FIRST + 119, 109)
    assert feed.oldest == FIRST + 110


def test_a_part_that_comes_late_mends_what_is_unbroken() -> None:
    feed = begun()
    offer(feed, FIRST + 2)
    assert feed.unbroken_from == FIRST + 2
    feed.offer(FIRST, body(FIRST), end_of(FIRST + 2))
    assert feed.unbroken_from == FIRST + 2
    feed.offer(FIRST + 1, body(FIRST + 1), end_of(FIRST + 2))
    assert feed.unbroken_from == FIRST


def test_an_older_program_is_ignored() -> None:
    feed = begun(FIRST + 10)
    feed.begin(program_message(FIRST, last_sequence=FIRST + 5), PROGRAM)
    offer(feed, FIRST + 10)
    assert feed.running


def test_the_end_of_an_older_program_is_ignored() -> None:
    feed = begun(FIRST + 10)
    offer(feed, FIRST + 10)
    feed.offer(FIRST + 5, body(FIRST + 5), end_of(FIRST + 10), last=True)
    assert feed.running


def test_nearest() -> None:
    feed = begun()
    offer(feed, *range(FIRST, FIRST + 10))
    assert feed.nearest(FIRST + 4) == FIRST + 4
    assert feed.nearest(0) == FIRST
    assert feed.nearest(FIRST + 99) == FIRST + 9


def test_a_hole_from_before_is_filled_for_who_asks_for_it() -> None:
    feed = begun()
    offer(feed, FIRST + 5)
    feed.offer(FIRST + 2, body(FIRST + 2), end_of(FIRST + 5))
    join = feed.join(lambda: b"H", feed.nearest(FIRST), feed.newest, Framing.RAW)
    filled = b"".join(stand_in(PROGRAM, sequence) for sequence in (FIRST + 3, FIRST + 4))
    assert join == b"H" + PROGRAM.init + body(FIRST + 2) + filled + body(FIRST + 5)


@pytest.mark.parametrize("seed", range(5))
def test_any_small_disorder_goes_out_in_order_and_whole(seed: int) -> None:
    feed, shuffled = begun(), random.Random(seed)
    sequences = sorted(range(FIRST, FIRST + 80), key=lambda sequence: sequence + shuffled.uniform(0, 3))
    feed.offer(FIRST, body(FIRST), end_of(FIRST))
    out: list[bytes] = []
    position = FIRST - 1
    for sequence in sequences * 2:
        feed.offer(sequence, body(sequence), end_of(sequence))
        feed.advance(end_of(min(sequence, FIRST + 79)))
        out += sent(feed, position + 1, feed.newest)
        position = feed.newest
    assert out == [body(sequence) for sequence in range(FIRST, FIRST + 80)]
