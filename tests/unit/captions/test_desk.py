"""Turns among Spaces, and what is left out of those that fall behind."""

from __future__ import annotations

import numpy as np

from parvis.captions.desk import MOST_WAITING_MS, Desk
from parvis.captions.ear import RATE_HZ
from parvis.captions.utterances import Utterance


def utterance(start_ms: int, seconds: float = 5.0) -> Utterance:
    return Utterance(start_ms, np.zeros(int(seconds * RATE_HZ), np.float32))


def test_spaces_take_turns_whatever_they_have_waiting() -> None:
    desk = Desk()
    for number in range(3):
        desk.put("talker", utterance(number))
    desk.put("quiet", utterance(9))
    order = [found[0] for found in iter(desk.take, None)]
    assert order == ["talker", "quiet", "talker", "talker"]
    assert desk.take() is None


def test_the_oldest_sound_is_left_out_and_the_next_says_so() -> None:
    desk = Desk()
    skipped = [desk.put("a", utterance(number)) for number in range(5)]
    assert skipped == [0, 0, 0, 5_000, 5_000]
    assert (desk.waiting_ms, desk.skipped_ms) == (MOST_WAITING_MS, 10_000)
    taken = [found[1] for found in iter(desk.take, None)]
    assert [(one.start_ms, one.skipped) for one in taken] == [(2, True), (3, False), (4, False)]


def test_one_that_is_too_long_alone_is_kept() -> None:
    desk = Desk()
    assert desk.put("a", utterance(0, 20)) == 0
    assert desk.take() is not None


def test_a_space_that_is_dropped_has_nothing_waiting() -> None:
    desk = Desk()
    desk.put("a", utterance(0))
    desk.drop("a")
    assert desk.take() is None
