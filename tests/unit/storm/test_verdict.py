from __future__ import annotations

import pytest

from parvis.storm.counts import Counts
from parvis.storm.plan import Limits
from parvis.storm.verdict import judge

STRICT = Limits()


def counts(**changed: int) -> Counts:
    """A hundred listeners of whom ten are hampered, and nothing went wrong."""
    good = Counts(arrived=100, admitted=100, hampered=10, parts=5_000)
    for name, value in changed.items():
        setattr(good, name, value)
    return good


def test_nothing_wrong_is_good() -> None:
    assert judge(counts(), STRICT).passed


def test_being_refused_and_being_hampered_is_not_judged() -> None:
    assert judge(
        counts(refused=50, gave_up=5, cut=9, hampered_stalls=9, hampered_missing_parts=99), STRICT
    ).passed


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("stalled_listeners", 1, "1 of 90 steady listeners stalled"),
        ("gapped_listeners", 2, "2 of 90 steady listeners missed parts"),
        ("dropped_listeners", 3, "3 of 90 steady listeners were dropped"),
        ("malformed", 1, "broke the protocol"),
        ("rejected", 1, "rejected"),
        ("admitted", 0, "nobody was admitted"),
        ("parts", 0, "nobody heard anything"),
    ],
)
def test_each_fault_alone_is_enough(name: str, value: int, said: str) -> None:
    verdict = judge(counts(**{name: value}), STRICT)
    assert not verdict.passed
    assert said in " ".join(verdict.reasons)


def test_limits_are_shares_of_the_steady() -> None:
    limits = Limits(stalled_share=0.1, gap_share=0.1, dropped_share=0.1)
    at_limit = counts(stalled_listeners=9, gapped_listeners=9, dropped_listeners=9)
    assert judge(at_limit, limits).passed
    assert len(judge(counts(stalled_listeners=10, gapped_listeners=10), limits).reasons) == 2


def test_a_worker_that_is_missed_is_a_fault_of_the_storm() -> None:
    assert not judge(counts(), STRICT, missed_workers=1).passed
