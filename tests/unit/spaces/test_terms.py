"""Settings that are refused."""

from __future__ import annotations

import pytest

from parvis.errors import UserError
from parvis.spaces.terms import Terms, check_terms


def test_what_is_said_by_nobody_is_allowed() -> None:
    assert check_terms(Terms()) == Terms()
    widest = Terms(grace_s=600, keep_open_s=604_800, postpone_s=86_400, successors=("ben", "cleo"))
    assert check_terms(widest) == widest


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms(grace_s=-1), "grace_s"),
        (Terms(grace_s=601), "grace_s"),
        (Terms(keep_open_s=-1), "keep_open_s"),
        (Terms(keep_open_s=604_801), "keep_open_s"),
        (Terms(postpone_s=59), "postpone_s"),
        (Terms(postpone_s=86_401), "postpone_s"),
        (Terms(successors=("ben", "ben")), "successors"),
        (Terms(successors=("Ben",)), "successors"),
        (Terms(successors=tuple(f"p{n}x" for n in range(21))), "successors"),
    ],
)
def test_what_is_refused(terms: Terms, field: str) -> None:
    with pytest.raises(UserError, match=f"{field}: "):
        check_terms(terms)
