"""Reactions, votes and recent talk at one edge, without sockets."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from parvis.edge.reactions import (
    ADDRESSES_MAX,
    BURST_S,
    EMOJI,
    LOOKED_AT_PER_PART,
    SAMPLE,
    AddressBuckets,
    Reactions,
)
from parvis.edge.talk import KEPT_MESSAGES, RecentTalk
from parvis.errors import Overloaded, UserError
from parvis.media.events import Event


def body(emoji: str) -> bytes:
    return json.dumps({"emoji": emoji}, ensure_ascii=False).encode()


def test_all_eight_are_counted_by_space() -> None:
    reactions = Reactions(0.0)
    for emoji in EMOJI:
        assert len(body(emoji)) <= 64
        reactions.react("abc", 1, body(emoji), 0.0)
    reactions.react("xyz", 1, json.dumps({"emoji": "👏"}).encode(), 0.0)
    reactions.react("abc", 1, body("❤"), 0.0)
    assert reactions.take() == {"abc": {**dict.fromkeys(EMOJI, 1), "❤️": 2}, "xyz": {"👏": 1}}
    assert reactions.take() == {}


@pytest.mark.parametrize(
    "wrong", [b"", b"[]", b"{}", b'{"emoji":1}', b'{"emoji":"x","y":1}', b"\xff", b"[" * 64]
)
def test_what_is_no_such_body_is_refused(wrong: bytes) -> None:
    with pytest.raises(UserError, match="body-invalid"):
        Reactions(0.0).react("abc", 1, wrong, 0.0)


@pytest.mark.parametrize("emoji", ["💩", "", "x", "👏👏"])
def test_other_emoji_are_refused(emoji: str) -> None:
    with pytest.raises(UserError, match="emoji-unknown"):
        Reactions(0.0).react("abc", 1, body(emoji), 0.0)


def test_beyond_the_budget_a_sample_stands_for_all() -> None:
    random.seed(7)
    reactions, sent = Reactions(0.0), LOOKED_AT_PER_PART + 100_000
    for number in range(sent):
        reactions.react("abc", number, body("👏" if number % 4 else "🔥"), 0.0)
    counted = Counter(reactions.take()["abc"])
    assert counted.total() == pytest.approx(sent, rel=0.05)
    assert counted["🔥"] == pytest.approx(sent / 4, rel=0.1)
    assert reactions.counts.taken == sent
    assert reactions.counts.unseen == pytest.approx(100_000 * (1 - 1 / SAMPLE), rel=0.02)
    reactions.react("abc", 1, body("👏"), 0.4)
    assert reactions.take() == {"abc": {"👏": 1}}, "the next part has a budget of its own"


def test_an_address_is_no_crowd() -> None:
    reactions = Reactions(10.0)
    for _ in range(round(10 * BURST_S)):
        reactions.react("abc", 1, body("👏"), 0.0)
    with pytest.raises(Overloaded, match="too-many-requests") as refused:
        reactions.react("abc", 1, body("👏"), 0.0)
    assert refused.value.retry_after_s >= 0.1
    reactions.react("abc", 2, body("👏"), 0.0)
    reactions.react("abc", 1, body("👏"), 0.11)
    assert reactions.counts.refused == 1


def test_addresses_are_forgotten() -> None:
    buckets = AddressBuckets(10.0)
    for address in range(1, ADDRESSES_MAX + 2):
        buckets.take(address, 1, address * 1e-3)
    assert len(buckets) <= BURST_S / 1e-3 + 1
    for address in range(1, ADDRESSES_MAX + 2):
        buckets.take(address, 1, 1_000.0)
    assert len(buckets) <= ADDRESSES_MAX


def test_recent_talk_keeps_the_last_that_still_stand() -> None:
    talk = RecentTalk()
    assert not talk.hear([Event.of("levels", levels={})])
    for number in range(1, KEPT_MESSAGES + 11):
        assert talk.hear([Event.of("chat", id=str(number), by="zoe" if number % 2 else "tom", text="x")])
    assert [one["id"] for one in talk.messages()] == [str(n) for n in range(11, KEPT_MESSAGES + 11)]
    talk.hear([Event.of("chat-gone", id="12", by="tom")])
    talk.hear([Event.of("chat-gone", id=None, by="zoe")])
    kept = [one["id"] for one in talk.messages()]
    assert kept == [str(n) for n in range(14, KEPT_MESSAGES + 11, 2)]
    talk.hear(
        [Event.of("chat-back", id="12", by="tom", text="x"), Event.of("chat", id="14", by="tom", text="x")]
    )
    assert [one["id"] for one in talk.messages()] == ["12", *kept]
