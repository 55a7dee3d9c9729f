"""What a Space is to those outside it: topics, covers, being called off, and in which list it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parvis.errors import Conflict, UserError
from parvis.spaces.listings import Phase, entry_of
from parvis.spaces.space import CANCELLED, State
from parvis.spaces.visibility import Listing, Visibility, check_listing, check_topics, is_cover
from tests.unit.spaces.makers import NOW_MS, new_space


def test_topics_are_few_short_and_different() -> None:
    assert check_topics(["Économie", " Tax "]) == ("Économie", "Tax")
    assert check_topics(["E\u0301conomie"]) == ("Économie",)
    for bad in (
        ["x"] * 2,
        ["Tax", "TAX"],
        ["a", "b", "c", "d", "e", "f"],
        [""],
        ["x" * 31],
        ["a\nb"],
        ["\u202e"],
    ):
        with pytest.raises(UserError, match="input-invalid"):
            check_topics(bad)
    listing = Listing(Visibility.MEMBERS, ("Tax ",), "0" * 64)
    assert check_listing(listing) == replace(listing, topics=("Tax",))


def test_a_cover_is_a_hash() -> None:
    assert is_cover("0123456789abcdef" * 4)
    for bad in ("", "0" * 63, "A" * 64, "../" + "0" * 61, "0" * 64 + "\n"):
        assert not is_cover(bad)


def test_what_has_not_begun_can_be_called_off_once_and_for_good() -> None:
    space = new_space()
    cancelled = space.cancel(NOW_MS + 5)
    assert (cancelled.state, cancelled.end_reason, cancelled.ended_at_ms) == (
        State.ENDED,
        CANCELLED,
        NOW_MS + 5,
    )
    assert cancelled.revision > space.revision
    assert cancelled.cancel(NOW_MS + 9) is cancelled
    assert space.end(NOW_MS, 0).end_reason == CANCELLED, "to end it is to call it off"
    live = space.start(NOW_MS)
    with pytest.raises(Conflict, match="space-begun"):
        live.cancel(NOW_MS)
    ended = live.end(NOW_MS, 3)
    assert ended.end_reason is None
    with pytest.raises(Conflict, match="space-ended"):
        ended.cancel(NOW_MS)
    with pytest.raises(Conflict, match="space-ended"):
        ended.list_as(Listing(Visibility.UNLISTED))


def test_in_which_list_a_space_stands() -> None:
    space = new_space()
    at_ms = NOW_MS + 60_000

    def phase(changed: object) -> tuple[Phase, int]:
        entry = entry_of(changed)  # type: ignore[arg-type]
        assert entry is not None
        return entry.phase, entry.at_ms

    assert phase(space)[0] is Phase.NONE
    assert phase(space.reschedule(at_ms)) == (Phase.UPCOMING, at_ms)
    live = space.start(at_ms)
    assert phase(live) == (Phase.LIVE, at_ms)
    assert phase(live.hold(at_ms + 1)) == (Phase.LIVE, at_ms)
    assert phase(live.end(at_ms + 2, 0)) == (Phase.PAST, at_ms + 2)
    assert phase(space.cancel(at_ms)) == (Phase.CANCELLED, at_ms)
    for hidden in (Visibility.UNLISTED, Visibility.MEMBERS):
        assert entry_of(space.list_as(Listing(hidden))) is None


def test_a_space_is_found_by_all_its_words() -> None:
    entry = entry_of(new_space().list_as(Listing(topics=("Économie",))).edit(description="Ask at the end"))
    assert entry is not None
    assert {"economie", "ask", "ana"} <= set(entry.words.split())
