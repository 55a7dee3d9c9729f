"""Votes of one poll at one edge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from parvis.bus.messages import PollState
from parvis.bus.votes import CountedMessage
from parvis.bus.votes import Votes as Told
from parvis.edge import votes as module
from parvis.edge.votes import AGAIN_S, KEPT_S, Votes
from parvis.errors import Overloaded, UserError
from tests.unit.edge.world import space_message

POLL = PollState("feed", "Well?", ("Yes", "No"), (0, 0), "open")
ASKED = space_message(poll=POLL)


def vote(votes: Votes, voter: str, choice: int = 0, address: int = 1, now_s: float = 0.0) -> bool:
    body = json.dumps({"choice": choice, "voter": voter}).encode()
    return votes.vote(ASKED, "feed", address, body, now_s=now_s, wall_s=0.0)


def told(votes: Votes, now_s: float) -> list[tuple[int, int, int]]:
    """Offset, number and total of what is told of the poll."""
    return [(one.offset, len(one.voters), one.total) for one in votes.to_tell(now_s).values()]


def test_votes_are_told_in_order_until_control_has_taken_them() -> None:
    votes = Votes(0)
    assert vote(votes, "a" * 16)
    assert not vote(votes, "a" * 16, choice=1)
    assert vote(votes, "b" * 16, choice=1)
    [first] = votes.to_tell(0.0).values()
    assert (first.offset, first.total, list(first.choices)) == (0, 2, [0, 1])
    assert told(votes, 0.3) == [], "it is on its way"
    assert vote(votes, "c" * 16, now_s=0.5)
    assert told(votes, 0.6) == [(2, 1, 3)]
    votes.hear(CountedMessage("feed", "one", (1, 1), {"edge-1:x": 2}), "edge-1:x", 1.0)
    assert told(votes, 1.0) == [(2, 1, 3)], "a control that we did not know is told what it has not taken"
    assert told(votes, 2.0) == []
    assert told(votes, 1.0 + AGAIN_S) == [(2, 1, 3)], "lost, and told again"
    votes.hear(CountedMessage("feed", "one", (2, 1), {"edge-1:x": 3}), "edge-1:x", 4.0)
    assert told(votes, 9.0) == []
    votes.hear(CountedMessage("feed", "two", (2, 1)), "edge-1:x", 10.0)
    assert told(votes, 10.0) == [(0, 3, 3)], "control was started anew, and knows nobody"


def test_much_is_told_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VOTES_PER_MESSAGE", 2)
    votes = Votes(0)
    for letter in "abcde":
        assert vote(votes, letter * 16)
    assert [told(votes, part / 3) for part in range(4)] == [[(0, 2, 5)], [(2, 2, 5)], [(4, 1, 5)], []]


def test_a_badge_votes_as_its_account_from_wherever_it_is_and_no_name_does() -> None:
    votes, other = Votes(1, b"shared"), Votes(1, b"shared")
    body = b'{"choice":1,"voter":"aaaaaaaaaaaaaaaa"}'
    for edge, voter in ((votes, "a"), (other, "b")):
        named = body.replace(b"a", voter.encode())
        assert edge.vote(ASKED, "feed", 1, named, now_s=0, wall_s=0, account_id="z")
        assert vote(edge, "c" * 16), "who showed a badge takes nobody's place"
    [here], [there] = votes.to_tell(0.0).values(), other.to_tell(0.0).values()
    assert list(here.voters) == list(there.voters)
    [elsewhere] = told_by(Votes(1, b"other")).values()
    assert here.voters[1] != elsewhere.voters[0], "without the key a hash says nothing"


def told_by(votes: Votes) -> Mapping[str, Told]:
    assert vote(votes, "c" * 16)
    return votes.to_tell(0.0)


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
    for number in range(5):
        told_of = CountedMessage(f"p{number}", "one", (1, 0), {"e": 1})
        votes.hear(told_of, "e", 10.0)
    assert votes.to_tell(KEPT_S + 10) == {}
    late = message, "p4", 1, b'{"choice":0,"voter":"aaaaaaaaaaaaaaaa"}'
    assert votes.vote(*late, now_s=500.0, wall_s=0.0), "it has forgotten who voted, control has not"
