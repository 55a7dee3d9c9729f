"""The life of a handoff, where it may lead, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from parvis.errors import Conflict, NotFound, UserError
from parvis.spaces import handoff as rules
from parvis.spaces.handoff import Handoff, HandoffCode, HandoffState
from parvis.spaces.space import Space, State
from tests.unit.spaces.makers import NOW_MS, new_space

A = new_space().start(NOW_MS)
B = replace(A, id="bbbbbbbbbb", title="Second room")
HANDOFF = Handoff("h1", A.id, B.id, "", B.title, "Better sound there.", "ana", NOW_MS)


def states(space: Space) -> list[HandoffState]:
    return [handoff.state for handoff in space.handoffs]


@pytest.mark.parametrize(
    ("now_ms", "at_ms"),
    [
        (NOW_MS, NOW_MS + 1_000),
        (NOW_MS + 1, NOW_MS + 2_000),
        (NOW_MS + 999, NOW_MS + 2_000),
        (NOW_MS + 1_000, NOW_MS + 2_000),
    ],
)
def test_it_is_carried_out_at_a_whole_second(now_ms: int, at_ms: int) -> None:
    made = rules.make(A, HANDOFF, now_ms)
    assert made.handoffs[0].at_ms == at_ms
    assert made.ends_at_ms == at_ms + 30_000
    assert rules.make(A, replace(HANDOFF, end=False), now_ms).ends_at_ms is None
    assert made.revision == A.revision + 1


def test_the_last_for_everybody_is_in_force() -> None:
    assert rules.in_force(A) is None
    some = rules.make(A, replace(HANDOFF, only_from="ccccccccccc"), NOW_MS)
    assert rules.in_force(some) is None
    all_of_them = rules.make(some, replace(HANDOFF, id="h2"), NOW_MS)
    elsewhere = rules.make(all_of_them, replace(HANDOFF, id="h3", to_id=None, url="https://x/s/1"), NOW_MS)
    assert [getattr(rules.in_force(s), "id", None) for s in (all_of_them, elsewhere)] == ["h2", "h3"]


def test_accepted_declined_expired() -> None:
    asked = rules.ask(A, HANDOFF)
    assert states(asked) == [HandoffState.ASKED]
    accepted = rules.decide(asked, "h1", B.id, "ben", NOW_MS + 59_999, accept=True)
    assert (states(accepted), accepted.handoffs[0].decided_by) == ([HandoffState.MADE], "ben")
    declined = rules.decide(asked, "h1", B.id, "ben", NOW_MS, accept=False)
    assert (states(declined), rules.in_force(declined)) == ([HandoffState.DECLINED], None)
    assert rules.expire(asked, NOW_MS + 59_999) is asked
    assert states(rules.expire(asked, NOW_MS + 60_000)) == [HandoffState.EXPIRED]
    for over in (accepted, declined, rules.expire(asked, NOW_MS + 60_000)):
        with pytest.raises(Conflict, match="handoff-over"):
            rules.decide(over, "h1", B.id, "ben", NOW_MS + 1, accept=True)
    with pytest.raises(Conflict, match="handoff-over"):
        rules.decide(asked, "h1", B.id, "ben", NOW_MS + 60_000, accept=True)


def test_only_who_was_asked_answers() -> None:
    asked = rules.ask(A, HANDOFF)
    for handoff_id, to_id in (("h1", "ccccccccccc"), ("h2", B.id)):
        with pytest.raises(NotFound, match="handoff-unknown"):
            rules.decide(asked, handoff_id, to_id, "ben", NOW_MS, accept=True)


def test_another_handoff_and_the_end_withdraw_what_was_asked() -> None:
    asked = rules.ask(A, HANDOFF)
    twice = rules.ask(asked, replace(HANDOFF, id="h2"))
    assert states(twice) == [HandoffState.WITHDRAWN, HandoffState.ASKED]
    made = rules.make(twice, replace(HANDOFF, id="h3"), NOW_MS)
    assert states(made) == [HandoffState.WITHDRAWN, HandoffState.WITHDRAWN, HandoffState.MADE]
    assert states(asked.end(NOW_MS, 0)) == [HandoffState.WITHDRAWN]
    assert states(made.end(NOW_MS, 0))[-1] is HandoffState.MADE, "where it led is kept for ever"


@pytest.mark.parametrize(
    ("to", "leads_to", "only_from", "code"),
    [
        (A, (), "", "handoff-loop"),
        (replace(B, state=State.ENDED), (), "", "space-ended"),
        (replace(B, state=State.SCHEDULED), (), "", "space-not-live"),
        (B, (A.id,), "", "handoff-loop"),
        (B, ("ccccccccccc", A.id), "ccccccccccc", "handoff-loop"),
        (B, ("ccccccccccc",), "", None),
        (replace(B, state=State.HELD), (), "", None),
        (B, (A.id,), B.id, None),
    ],
)
def test_where_an_audience_can_not_go(
    to: Space, leads_to: Sequence[str], only_from: str, code: str | None
) -> None:
    wish = replace(HANDOFF, to_id=to.id, only_from=only_from)
    if code is None:
        rules.check_target(A, to, wish, leads_to)
        return
    with pytest.raises(Conflict, match=code):
        rules.check_target(A, to, wish, leads_to)


def test_a_return_ends_what_led_away() -> None:
    away = rules.make(A, HANDOFF, NOW_MS)
    back = rules.take_back(away)
    assert (states(back), rules.in_force(back), back.ends_at_ms) == ([HandoffState.RETURNED], None, None)
    assert rules.take_back(A) is A


def test_a_space_that_is_over_hands_nothing_off() -> None:
    over = A.end(NOW_MS, 0)
    with pytest.raises(Conflict, match="space-ended"):
        rules.make(over, HANDOFF, NOW_MS)
    with pytest.raises(Conflict, match="space-ended"):
        rules.ask(over, HANDOFF)


@pytest.mark.parametrize(
    "url", ["https://radio.example/s/k3v9", "https://radio.example:8443/s/0123456789", "https://[::1]/s/a"]
)
def test_links_of_another_parvis(url: str) -> None:
    assert rules.check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://radio.example/s/k3v9",
        "https://radio.example/",
        "https://radio.example/s/",
        "https://radio.example/s/a/b",
        "https://radio.example/s/a?x=1",
        "https://radio.example/s/a#x",
        "https://ana:secret@radio.example/s/a",
        "https:///s/a",
        "https://radio.example:99999/s/a",
        "https://radio.example/s/..",
        "javascript:alert(1)",
        "https://[/s/a",
        "https://radio.example/s/a\n",
        "https://radio.example/s/" + "a" * 500,
    ],
)
def test_what_is_no_such_link(url: str) -> None:
    with pytest.raises(UserError, match="url: "):
        rules.check_url(url)


def test_a_code_is_good_once_for_its_space_for_its_time() -> None:
    code = HandoffCode("c", B.id, "hash", "a-ben", NOW_MS, NOW_MS + 60_000)
    assert code.is_good(B.id, NOW_MS + 59_999)
    assert not code.is_good(B.id, NOW_MS + 60_000)
    assert not code.is_good(A.id, NOW_MS)
    assert not replace(code, used_at_ms=NOW_MS).is_good(B.id, NOW_MS)
