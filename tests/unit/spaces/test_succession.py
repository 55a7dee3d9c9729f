"""Who acts as host while the host is away, and who may be host after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parvis.errors import Conflict
from parvis.spaces import succession
from parvis.spaces.permissions import Standing
from parvis.spaces.seat import Role
from parvis.spaces.seen import UNSEEN, Seen
from parvis.spaces.space import Space
from parvis.spaces.terms import Terms
from tests.unit.spaces.makers import NOW_MS, new_space, person

GRACE_MS = 10_000


def space(*, successors: tuple[str, ...] = ("dan", "eve")) -> Space:
    """On air: Ana is host, Ben and Cleo are co-hosts, Eve, Dan and Fay speakers, seated in this order."""
    made = replace(new_space(), terms=Terms(successors=successors)).start(NOW_MS)
    for n, handle in enumerate(("eve", "ben", "dan", "cleo", "fay")):
        role = Role.CO_HOST if handle in ("ben", "cleo") else Role.SPEAKER
        made = made.seat_person(person(handle), role, NOW_MS + n)
    return made


def seen(*handles: str) -> Seen:
    return Seen(frozenset(handles), reported=True, on_air=True)


def after_grace(made: Space, *handles: str) -> Space:
    """Ana goes, her grace passes, and these are connected."""
    away = succession.step(made, seen(*handles), NOW_MS)
    return succession.step(away, seen(*handles), NOW_MS + GRACE_MS)


def acting(made: Space) -> str | None:
    return made.acting.person.handle if made.acting is not None else None


@pytest.mark.parametrize(
    ("connected", "expected"),
    [
        (("fay", "dan", "eve", "cleo", "ben"), "ben"),
        (("fay", "dan", "eve", "cleo"), "cleo"),
        (("fay", "dan", "eve"), "eve"),
        (("fay", "dan"), "dan"),
        (("fay",), None),
        ((), None),
    ],
)
def test_the_first_co_host_else_the_longest_standing_successor(
    connected: tuple[str, ...], expected: str | None
) -> None:
    assert acting(after_grace(space(), *connected)) == expected


def test_seats_of_the_same_moment_go_by_the_hosts_order() -> None:
    made = replace(new_space(), terms=Terms(successors=("eve", "dan"))).start(NOW_MS)
    for handle in ("dan", "eve"):
        made = made.seat_person(person(handle), Role.SPEAKER, NOW_MS)
    assert acting(after_grace(made, "dan", "eve")) == "eve"


def test_nobody_acts_before_the_grace_is_over() -> None:
    away = succession.step(space(), seen("ben"), NOW_MS)
    assert away.host_away_since_ms == NOW_MS
    assert succession.step(away, seen("ben"), NOW_MS + GRACE_MS - 1) is away
    assert succession.coming(away, seen("ben")) == succession.Coming(
        away.seat_named("ben"), NOW_MS + GRACE_MS
    )
    back = succession.step(away, seen("ana", "ben"), NOW_MS + GRACE_MS)
    assert (acting(back), back.host_away_since_ms) == (None, None)
    assert succession.coming(back, seen("ana", "ben")) is None


def test_who_comes_back_is_host_again_at_once() -> None:
    acted = after_grace(space(), "ben")
    assert acted.standing_of("a-ben") is Standing.ACTING_HOST
    assert acted.standing_of("a-ana") is Standing.HOST
    back = succession.step(acted, seen("ana", "ben"), NOW_MS + GRACE_MS + 1)
    assert (acting(back), back.standing_of("a-ben")) == (None, Standing.CO_HOST)
    assert back.host.person.handle == "ana"


def test_the_first_candidate_who_connects_acts_at_once() -> None:
    alone = after_grace(space())
    assert acting(alone) is None
    later = succession.step(alone, seen("dan"), NOW_MS + 2 * GRACE_MS)
    assert acting(later) == "dan"
    stays = succession.step(later, seen("dan", "ben"), NOW_MS + 3 * GRACE_MS)
    assert acting(stays) == "dan", "who acts well is not replaced"


def test_an_acting_host_has_its_own_grace() -> None:
    acted = after_grace(space(), "ben")
    gone_ms = NOW_MS + 2 * GRACE_MS
    gone = succession.step(acted, seen("cleo"), gone_ms)
    assert (acting(gone), gone.acting_away_since_ms) == ("ben", gone_ms)
    followed = succession.step(gone, seen("cleo"), gone_ms + GRACE_MS)
    assert (acting(followed), followed.acting_away_since_ms) == ("cleo", None)
    back = succession.step(gone, seen("ben", "cleo"), gone_ms + GRACE_MS)
    assert (acting(back), back.acting_away_since_ms) == ("ben", None)


def test_an_acting_host_who_leaves_is_followed_at_once() -> None:
    acted = after_grace(space(), "ben", "cleo")
    left = acted.unseat(acted.seat_named("ben"), NOW_MS + GRACE_MS + 1, removed=False)
    assert acting(left) is None
    assert acting(succession.step(left, seen("cleo"), NOW_MS + GRACE_MS + 1)) == "cleo"


def test_a_suspended_host_is_overdue_at_once_even_if_it_is_connected() -> None:
    made = space()
    suspended = made.with_seat(replace(made.host, suspended=True))
    assert acting(succession.step(suspended, seen("ana", "ben"), NOW_MS)) == "ben"
    assert suspended.standing_of("a-ana") is None


def test_a_suspended_co_host_does_not_act() -> None:
    made = space()
    made = made.with_seat(replace(made.seat_named("ben"), suspended=True))
    assert acting(after_grace(made, "ben", "cleo")) == "cleo"


def test_while_no_stage_reports_nobody_is_away() -> None:
    made = space()
    assert succession.step(made, UNSEEN, NOW_MS) is made
    assert succession.step(made, UNSEEN, NOW_MS + 10 * GRACE_MS) is made


def test_only_on_air() -> None:
    scheduled = new_space().seat_person(person("ben"), Role.CO_HOST, NOW_MS)
    assert succession.step(scheduled, seen("ben"), NOW_MS + 10 * GRACE_MS) is scheduled
    ended = after_grace(space(), "ben").end(NOW_MS + 2 * GRACE_MS, 0)
    assert (acting(ended), ended.host_away_since_ms) == (None, None)


def test_the_same_again_changes_nothing() -> None:
    acted = after_grace(space(), "ben")
    assert succession.step(acted, seen("ben"), NOW_MS + 5 * GRACE_MS) is acted


def test_a_host_who_leaves_names_who_follows() -> None:
    made = space()
    left = succession.leave_to(made, "fay", seen("ana", "fay"), NOW_MS + 1)
    assert left.host.person.handle == "fay"
    assert [seat.person.handle for seat in left.on_stage] == ["eve", "ben", "dan", "cleo", "fay"]
    assert left.standing_of("a-fay") is Standing.HOST
    for nobody in (None, "ana", "zoe", "ben"):
        with pytest.raises(Conflict, match="successor-needed") as refused:
            succession.leave_to(made, nobody, seen("ana", "fay", "cleo"), NOW_MS + 1)
        handles = [c["handle"] for c in refused.value.more["candidates"]]  # type: ignore[attr-defined]
        assert handles == ["cleo", "fay"], "on air only who is connected, co-hosts first"


def test_before_it_begins_nobody_need_be_connected() -> None:
    scheduled = new_space().seat_person(person("ben"), Role.SPEAKER, NOW_MS)
    assert succession.leave_to(scheduled, "ben", UNSEEN, NOW_MS).host.person.handle == "ben"
    with pytest.raises(Conflict, match="Nobody is there"):
        succession.leave_to(new_space(), None, UNSEEN, NOW_MS)
