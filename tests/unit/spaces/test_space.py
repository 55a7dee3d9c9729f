"""The life of a Space and its seats."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.errors import Conflict, NotFound, ParvisError
from parvis.spaces.seat import Role
from parvis.spaces.space import MAX_CO_HOSTS, Space, State
from tests.unit.spaces.makers import ANA, NOW_MS, new_space, person

LATER_MS = NOW_MS + 1_000
STEPS: dict[str, Callable[[Space], Space]] = {
    "start": lambda space: space.start(LATER_MS),
    "hold": lambda space: space.hold(LATER_MS),
    "resume": lambda space: space.resume(),
    "end": lambda space: space.end(LATER_MS, 5),
}
IN_STATE: dict[State, Space] = {
    State.SCHEDULED: new_space(),
    State.LIVE: new_space().start(NOW_MS),
    State.HELD: new_space().start(NOW_MS).hold(NOW_MS),
    State.ENDED: new_space().start(NOW_MS).end(NOW_MS, 0),
}
LIFE = """
    scheduled  start   live
    scheduled  hold    scheduled
    scheduled  resume  scheduled
    scheduled  end     ended
    live       start   live
    live       hold    held
    live       resume  live
    live       end     ended
    held       start   held
    held       hold    held
    held       resume  live
    held       end     ended
    ended      start   space-ended
    ended      hold    ended
    ended      resume  ended
    ended      end     ended
"""


@pytest.mark.parametrize("line", LIFE.strip().splitlines(), ids=lambda line: " ".join(line.split()))
def test_life(line: str) -> None:
    before, step, after = line.split()
    space = IN_STATE[State(before)]
    if after not in set(State):
        with pytest.raises(Conflict, match=after):
            STEPS[step](space)
        return
    changed = STEPS[step](space)
    assert changed.state.value == after
    assert changed.revision - space.revision == (0 if before == after else 1)


def test_the_times_of_a_life() -> None:
    live = new_space().start(NOW_MS + 1)
    ended = live.hold(NOW_MS + 2).resume().end(NOW_MS + 2, 7)
    assert (ended.started_at_ms, ended.ended_at_ms, ended.peak_listeners) == (NOW_MS + 1, NOW_MS + 2, 7)
    assert ended.end(NOW_MS + 3, 9) is ended
    called_off = new_space().end(NOW_MS, 0)
    assert (called_off.started_at_ms, called_off.state) == (None, State.ENDED)


def test_editing_what_is_the_same_is_no_change() -> None:
    space = new_space()
    assert space.edit(title="Budget night", language=None) is space
    assert space.reschedule(None) is space
    edited = space.edit(title="Night", description="long")
    assert (edited.title, edited.description, edited.language, edited.revision) == ("Night", "long", "en", 2)


def test_a_time_is_announced_before_and_not_after() -> None:
    assert new_space().reschedule(LATER_MS).starts_at_ms == LATER_MS
    for state in (State.LIVE, State.HELD):
        with pytest.raises(Conflict, match="space-begun"):
            IN_STATE[state].reschedule(LATER_MS)


def test_seats_are_limited_by_role() -> None:
    space = new_space(max_speakers=1).seat_person(person("ben"), Role.SPEAKER, NOW_MS)
    with pytest.raises(Conflict, match="All 1 seats for speakers"):
        space.seat_person(person("cleo"), Role.SPEAKER, NOW_MS)
    for handle in ("cleo", "dan"):
        space = space.seat_person(person(handle), Role.CO_HOST, NOW_MS)
    with pytest.raises(Conflict, match="All 2 seats for co-hosts"):
        space.give_role(space.seat_named("ben"), Role.CO_HOST)
    with pytest.raises(Conflict, match="stage-full"):
        space.give_role(space.seat_named("cleo"), Role.SPEAKER)


def test_a_seat_twice_is_one_seat() -> None:
    space = new_space().seat_person(person("ben"), Role.SPEAKER, NOW_MS)
    assert space.seat_person(person("ben"), Role.SPEAKER, LATER_MS) is space
    raised = space.seat_person(person("ben"), Role.CO_HOST, LATER_MS)
    assert raised.seat_named("ben").role is Role.CO_HOST
    assert raised.seat_person(person("ben"), Role.SPEAKER, LATER_MS) is raised
    assert raised.seat_person(ANA, Role.CO_HOST, LATER_MS) is raised, "the host stays host"


def test_who_leaves_is_history_and_comes_back_as_muted_as_before() -> None:
    space = new_space().seat_person(person("ben"), Role.SPEAKER, NOW_MS)
    space = space.with_seat(space.seat_named("ben").mute_by_host().mute_own())
    gone = space.unseat(space.seat_named("ben"), LATER_MS, removed=True)
    assert [seat.person.handle for seat in gone.on_stage] == ["ana"]
    assert [(s.person.handle, s.left_at_ms, s.removed) for s in gone.seats] == [
        ("ana", None, False),
        ("ben", LATER_MS, True),
    ]
    with pytest.raises(NotFound, match="seat-unknown"):
        gone.seat_named("ben")
    back = gone.seat_person(person("ben"), Role.SPEAKER, LATER_MS + 1).seat_named("ben")
    assert (back.muted_by_host, back.muted_by_self, back.removed, back.left_at_ms) == (
        True,
        False,
        False,
        None,
    )


ACTS = st.tuples(
    st.sampled_from(["seat", "role", "unseat", "mute", "unmute", "start", "hold", "resume", "end"]),
    st.sampled_from([ANA, *(person(f"p{n}") for n in range(8))]),
    st.sampled_from(list(Role)),
)


def act(space: Space, what: str, who: object, role: Role) -> Space:
    """One act of somebody; what can't be is refused."""
    assert isinstance(who, type(ANA))
    if what == "seat":
        return space.seat_person(who, role if role is not Role.HOST else Role.SPEAKER, NOW_MS)
    if what in STEPS:
        return STEPS[what](space)
    seat = space.seat_named(who.handle)
    if what == "role":
        return space.give_role(seat, role)
    if what == "unseat":
        return space.unseat(seat, NOW_MS, removed=True)
    return space.with_seat(seat.mute_by_host() if what == "mute" else seat.unmute_by_host())


@given(st.lists(ACTS, max_size=40))
def test_whatever_happens_the_rules_hold(acts: list[tuple[str, object, Role]]) -> None:
    space = new_space(max_speakers=3)
    for what, who, role in acts:
        try:
            changed = act(space, what, who, role)
        except ParvisError:
            continue
        assert (changed is space) == (changed.revision == space.revision)
        assert changed.revision - space.revision in (0, 1)
        assert not (space.state is State.ENDED and changed.state is not State.ENDED)
        space = changed
        roles = [seat.role for seat in space.on_stage]
        assert space.host.person == ANA
        assert roles.count(Role.HOST) == 1
        assert roles.count(Role.CO_HOST) <= MAX_CO_HOSTS
        assert roles.count(Role.SPEAKER) <= 3
        people = [seat.person.account_id for seat in space.seats]
        assert len(people) == len(set(people))
