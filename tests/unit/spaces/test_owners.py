"""Whatever happens in whatever order: a Space has one host, and somebody to act for it if somebody could."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parvis.errors import ParvisError
from parvis.spaces import succession, upkeep
from parvis.spaces.permissions import Act, Standing, may
from parvis.spaces.seat import Person, Role
from parvis.spaces.seen import UNSEEN, Seen
from parvis.spaces.space import MAX_CO_HOSTS, Space
from parvis.spaces.terms import Terms
from tests.unit.spaces.makers import ANA, NOW_MS, new_space, person

PEOPLE = (ANA, *(person(f"p{n}") for n in range(4)))
WHO = st.sampled_from(PEOPLE)
SUCCESSORS = ("p3", "p2")
GRACE_S = 10


class Owners(RuleBasedStateMachine):
    """A Space on air, the stage that reports of it, and control that looks after each thing that happens."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOW_MS
        self.connected: set[str] = {"ana"}
        self.reported = True
        self.away_since_ms: dict[str, int] = {}
        """Our own count: since when the stage has said of a host that it is not there."""
        self.suspensions = 0
        terms = Terms(grace_s=GRACE_S, successors=SUCCESSORS, keep_open_s=0)
        self.space = replace(new_space(), terms=terms).start(NOW_MS)
        for who, role in zip(PEOPLE[1:], (Role.CO_HOST, Role.SPEAKER, Role.SPEAKER), strict=False):
            self.space = self.space.seat_person(who, role, NOW_MS)
            self.connected.add(who.handle)
        self.look()

    # What happens.

    @rule(who=WHO)
    def connects(self, who: Person) -> None:
        self.connected.add(who.handle)
        self.look()

    @rule(who=WHO)
    def drops(self, who: Person) -> None:
        self.connected.discard(who.handle)
        self.look()

    @rule()
    def the_host_drops(self) -> None:
        self.connected.discard(self.space.host.person.handle)
        self.look()

    @rule(seconds=st.sampled_from([0.5, 3, GRACE_S - 0.001, GRACE_S, 60]))
    def time_passes(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)
        self.look()

    @rule(who=WHO, role=st.sampled_from([Role.SPEAKER, Role.CO_HOST]))
    def sits_down(self, who: Person, role: Role) -> None:
        if any(s.person == who and s.suspended for s in self.space.taken):
            return  # who is suspended can't ask
        self.try_to(lambda: self.space.seat_person(who, role, self.now_ms))

    @rule(who=WHO, role=st.sampled_from([Role.SPEAKER, Role.CO_HOST]))
    def is_given_a_role(self, who: Person, role: Role) -> None:
        self.try_to(lambda: self.space.give_role(self.space.seat_named(who.handle), role))

    @rule(who=WHO, removed=st.booleans())
    def leaves(self, who: Person, removed: bool) -> None:
        self.try_to(
            lambda: self.space.unseat(self.space.seat_named(who.handle), self.now_ms, removed=removed)
        )

    @rule(successor=WHO)
    @precondition(lambda self: not self.space.host.suspended)
    def the_host_leaves_to(self, successor: Person) -> None:
        self.try_to(lambda: succession.leave_to(self.space, successor.handle, self.seen, self.now_ms))

    @rule(who=WHO, suspended=st.booleans())
    def is_suspended_or_not_any_more(self, who: Person, suspended: bool) -> None:
        self.suspensions += suspended
        seats = tuple(replace(s, suspended=suspended) if s.person == who else s for s in self.space.seats)
        if suspended:
            self.connected.discard(who.handle)
        self.space = replace(self.space, seats=seats).told_again().checked_acting()
        self.look()

    @rule(who=WHO)
    @precondition(lambda self: self.space.host.suspended)
    def rescues(self, who: Person) -> None:
        if may(self.space.standing_of(who.account_id), Act.RESCUE):
            mine = self.space.seat_named(who.handle)
            self.try_to(lambda: self.space.pass_on(mine, self.now_ms, removed=True))

    @rule(reported=st.sampled_from([False, True, True, True]))
    def the_stage_is_away_or_back(self, reported: bool) -> None:
        self.reported = reported
        self.look()

    # What control does.

    @property
    def seen(self) -> Seen:
        if not self.reported:
            return UNSEEN
        seated = {seat.person.handle for seat in self.space.on_stage}
        return Seen(frozenset(self.connected & seated), reported=True, on_air=True)

    def try_to(self, act: Callable[[], Space]) -> None:
        """What the rules refuse does not happen."""
        try:
            changed = act()
        except ParvisError:
            return
        self.space = changed
        self.look()

    def look(self) -> None:
        seen = self.seen
        self.space = upkeep.step(self.space, seen, self.now_ms)
        assert upkeep.step(self.space, seen, self.now_ms) is self.space, "the same again changes nothing"
        host = self.space.host.person.handle
        if seen.reported and host not in seen.connected:
            since_ms = self.away_since_ms.get(host, self.now_ms)
            self.away_since_ms = {host: since_ms}
        elif seen.reported:
            self.away_since_ms = {}

    # What must hold.

    @invariant()
    def there_is_one_host(self) -> None:
        assert [seat.role for seat in self.space.taken].count(Role.HOST) == 1
        standings = [self.space.standing_of(one.account_id) for one in PEOPLE]
        assert standings.count(Standing.HOST) == (0 if self.space.host.suspended else 1)
        assert standings.count(Standing.ACTING_HOST) <= 1
        assert [seat.role for seat in self.space.taken].count(Role.CO_HOST) <= MAX_CO_HOSTS

    @invariant()
    def who_acts_is_on_stage_and_not_the_host(self) -> None:
        if self.space.acting_id is not None:
            assert self.space.acting in self.space.on_stage
            assert self.space.acting != self.space.host

    @invariant()
    def the_host_who_is_there_needs_nobody(self) -> None:
        if succession.is_connected(self.space.host, self.seen):
            assert self.space.acting_id is None

    @invariant()
    def nobody_acts_for_a_host_who_has_just_gone(self) -> None:
        since_ms = self.away_since_ms.get(self.space.host.person.handle)
        young = since_ms is not None and self.now_ms - since_ms < GRACE_S * 1000
        if self.reported and young and not self.suspensions:
            assert self.space.acting_id is None

    @invariant()
    def somebody_acts_if_somebody_could(self) -> None:
        """Said without the code under test: seats and connections only."""
        host = self.space.host
        since_ms = self.away_since_ms.get(host.person.handle)
        overdue = host.suspended or (since_ms is not None and self.now_ms - since_ms >= GRACE_S * 1000)
        could = [
            seat
            for seat in self.space.on_stage
            if seat.role is Role.CO_HOST or (seat.role is Role.SPEAKER and seat.person.handle in SUCCESSORS)
            if seat.person.handle in self.connected
        ]
        if self.reported and overdue and could:
            assert self.space.acting is not None


TestOwners = Owners.TestCase
TestOwners.settings = settings(max_examples=200, stateful_step_count=30, deadline=None, database=None)
