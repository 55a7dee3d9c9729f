"""Which parts are new."""

from __future__ import annotations

from parvis.archive.epochs import Epochs


def filled(*parts: tuple[int, int]) -> Epochs:
    epochs = Epochs()
    for sequence, epoch in parts:
        epochs.add(sequence, epoch)
    return epochs


def test_duplicates_are_not_wanted() -> None:
    assert not filled((7, 1)).wants(7, 1)
    assert filled((7, 1)).wants(8, 1)


def test_a_replaced_stage_is_not_heard_where_the_new_one_speaks() -> None:
    epochs = filled((7, 1), (8, 2))
    assert not epochs.wants(8, 1)
    assert not epochs.wants(9, 1)
    assert epochs.wants(6, 1), "from before: it fills a hole"


def test_a_higher_epoch_speaks_over_what_is_there() -> None:
    assert filled((7, 1), (8, 1)).wants(8, 2)


def test_what_was_given_up_may_come_again() -> None:
    epochs = filled((6, 0), (7, 0), (8, 0))
    epochs.drop(7, 0)
    assert epochs.wants(7, 0)
    assert epochs.all().ranges() == [(6, 6), (8, 8)]
