"""Votes of one poll at one edge."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from parvis.bus.messages import PollState
from parvis.edge import votes as module
from parvis.edge.votes import TOLD_AFTER_S, Votes
from parvis.errors import Overloaded, UserError
from tests.unit.edge.world import space_message

POLL = PollState("feed", "Well?", ("Yes", "No"), (0, 0), "open")
ASKED = space_message(poll=POLL)


def vote(votes: Votes, voter: str, choice: int = 0, address: int = 1, now_s: float = 0.0) -> bool:
    body = json.dumps({"choice": choice, "voter": voter}).encode()
    return votes.vote(ASKED, "feed", address, body, now_s=now_s, wall_s=0.0)


def test_totals_go_on_being_told_and_then_not() -> None:
    votes = Votes(0)
    assert vote(votes, "a" * 16)
    assert not vote(votes, "a" * 16, choice=1)
    assert votes.totals(TOLD_AFTER_S) == {"feed": (1, 0)}
    assert votes.totals(TOLD_AFTER_S + 1) == {}
    assert vote(votes, "b" * 16, choice=1, now_s=TOLD_AFTER_S + 2)
    assert votes.totals(TOLD_AFTER_S + 2) == {"feed": (1, 1)}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"choice":0}',
        b'{"choice":2,"voter":"aaaaaaaaaaaaaaaa"}',
        b'{"choice":-1,"voter":"aaaaaaaaaaaaaaaa"}',
        b'{"choice":true,"voter":"aaaaaaaaaaaaaaaa"}',
        b'{"choice":0.0,"voter":"aaaaaaaaaaaaaaaa"}',
        b'{"choice":0,"voter":"short"}',
        b'{"choice":0,"voter":"aaaaaaaaaaaaaaa "}',
        b'{"choice":0,"voter":"aaaaaaaaaaaaaaaa","more":1}',
    ],
)
def test_what_is_no_vote_is_refused(body: bytes) -> None:
    votes = Votes(0)
    with pytest.raises(UserError, match="body-invalid"):
        votes.vote(ASKED, "feed", 1, body, now_s=0.0, wall_s=0.0)
    assert votes.counted == 0


def test_so_many_of_one_address_but_a_proxy_is_nobody() -> None:
    votes = Votes(2)
    for voter in "ab":
        assert vote(votes, voter * 16)
    with pytest.raises(Overloaded, match="too-many-requests"):
        vote(votes, "c" * 16)
    assert not vote(votes, "a" * 16), "who has voted is thanked again"
    for voter in "cde":
        assert vote(votes, voter * 16, address=0)
    assert votes.refused == 1


def test_so_many_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VOTERS_MAX", 2)
    votes = Votes(0)
    for voter in "ab":
        assert vote(votes, voter * 16)
    with pytest.raises(Overloaded, match="not-admitted"):
        vote(votes, "c" * 16)


def test_polls_of_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLLS_MAX", 2)
    votes = Votes(0)
    for number in range(5):
        message = space_message(poll=replace(POLL, id=f"p{number}"))
        body = b'{"choice":0,"voter":"aaaaaaaaaaaaaaaa"}'
        assert votes.vote(message, f"p{number}", 1, body, now_s=float(number), wall_s=0.0)
    assert votes.totals(TOLD_AFTER_S + 10) == {}
    assert votes.vote(message, "p4", 1, b'{"choice":0,"voter":"bbbbbbbbbbbbbbbb"}', now_s=500.0, wall_s=0.0)
    assert votes.totals(500.0) == {"p4": (2, 0)}
