from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parvis.edge.bursts import Framing
from parvis.edge.cohorts import EVENTS, Cohort, Cohorts, Key
from parvis.media.events import Event


@dataclass
class Numbers:
    """A source whose burst is the list of its numbers."""

    newest: int = 99
    oldest: int = 0
    over: bool = False
    said: list[int] = field(default_factory=list)

    def burst(self, first: int, count: int, framing: Framing, event: Event | None = None) -> bytes:
        return b"".join(b"<%d>" % number for number in range(first, first + count))


KEY = Key("abc", "opus", Framing.CHUNKED)


def cohort_of(cohorts: Cohorts, *fds: int, key: Key = KEY) -> Cohort:
    cohort = cohorts.get(key, Numbers())
    for fd in fds:
        cohorts.add(cohort, fd)
    return cohort


def test_a_newcomer_stands_at_the_newest() -> None:
    assert cohort_of(Cohorts()).position == 99


def test_who_leaves_is_replaced_by_the_last() -> None:
    cohorts = Cohorts()
    cohort = cohort_of(cohorts, 5, 6, 7, 8)
    assert cohorts.remove(6) is cohort
    assert list(cohort.fds) == [5, 8, 7]
    assert cohorts.of(6) is None
    assert cohorts.remove(6) is None
    cohorts.remove(8)
    assert list(cohort.fds) == [5, 7]


def test_nobody_changes_place_below_the_end_of_a_burst() -> None:
    cohorts = Cohorts()
    cohort = cohort_of(cohorts, 5, 6, 7)
    cohort.begin(b"burst", 100, 0.0)
    cohorts.add(cohort, 8)
    cohorts.add(cohort, 9)
    cohorts.remove(6)
    cohorts.remove(8)
    assert list(cohort.fds) == [5, -1, 7, 9]
    assert (cohort.end, len(cohort)) == (3, 3)
    cohorts.settle(cohort)
    assert list(cohort.fds) == [5, 9, 7]
    assert not cohort.writing


def test_holes_at_the_end_close_too() -> None:
    cohorts = Cohorts()
    cohort = cohort_of(cohorts, 5, 6, 7)
    cohort.begin(b"burst", 100, 0.0)
    for fd in (7, 5, 6):
        cohorts.remove(fd)
    cohorts.settle(cohort)
    assert list(cohort.fds) == []


def test_a_stretched_cohort_stands_at_its_own_boundary() -> None:
    for phase in range(8):
        cohort = cohort_of(Cohorts(), key=KEY._replace(stretch=8, phase=phase))
        assert (cohort.position + 1) % 8 == phase
        assert 99 - 8 < cohort.position <= 99


def test_newcomers_spread_over_the_latest_phases() -> None:
    cohorts, source = Cohorts(), Numbers()
    for fd in range(144):
        cohorts.add(cohorts.choose("abc", "opus", Framing.CHUNKED, 8, source), fd)
    assert [(cohort.position, len(cohort)) for cohort in cohorts] == [(99, 48), (98, 48), (97, 48)]


def test_a_choice_does_not_outlive_its_cohort() -> None:
    cohorts, source = Cohorts(), Numbers()
    first = cohorts.choose("abc", "opus", Framing.CHUNKED, 8, source)
    cohorts.discard(first)
    assert cohorts.choose("abc", "opus", Framing.CHUNKED, 8, source) is not first


def test_who_comes_back_stands_at_the_newest() -> None:
    cohorts, source = Cohorts(), Numbers()
    for fd in range(30):
        cohorts.add(cohorts.choose("abc", "opus", Framing.CHUNKED, 8, source, spread=False), fd)
    assert [(cohort.position, len(cohort)) for cohort in cohorts] == [(99, 30)]


def test_an_empty_cohort_stands_where_it_is_needed() -> None:
    cohorts, source = Cohorts(), Numbers()
    cohort = cohort_of(cohorts, 5, 6)
    source.newest = 110
    assert cohorts.restretch(cohort, 4, 2) == 2
    (stretched,) = [other for other in cohorts if other.key.stretch == 4]
    assert stretched.position == 99


def test_a_cohort_whose_laggards_are_away_does_not_go_back() -> None:
    """They would get again what they have got."""
    cohorts, source = Cohorts(), Numbers()
    cohort = cohort_of(cohorts, 5)
    source.newest = 103
    target = cohorts.get(KEY._replace(stretch=4, phase=0), source)
    target.laggards = 1
    assert cohorts.restretch(cohort, 4, 1) == 0


def test_restretch_keeps_the_place_in_the_program() -> None:
    cohorts = Cohorts()
    cohort = cohort_of(cohorts, *range(10))
    assert cohorts.restretch(cohort, 4, 3) == 3
    (stretched,) = [other for other in cohorts if other.key.stretch == 4]
    assert stretched.key.phase == (cohort.position + 1) % 4
    assert stretched.position == cohort.position
    assert (len(cohort), sorted(stretched.fds)) == (7, [7, 8, 9])
    assert cohorts.restretch(stretched, 1, 99) == 3
    assert len(cohort) == 10


def test_restretch_waits_for_a_boundary() -> None:
    cohorts = Cohorts()
    source = Numbers()
    calm = cohorts.get(KEY, source)
    stretched = cohorts.get(KEY._replace(stretch=4, phase=1), source)
    cohorts.add(stretched, 5)
    cohorts.add(calm, 6)
    assert stretched.position != calm.position
    assert cohorts.restretch(stretched, 1, 99) == 0
    calm.begin(b"burst", stretched.position, 0.0)
    assert cohorts.restretch(stretched, 1, 99) == 0, "not while it writes"


def test_listeners_are_counted_by_space_without_those_who_only_follow_events() -> None:
    cohorts = Cohorts()
    cohort_of(cohorts, 1, 2)
    cohort_of(cohorts, 3, key=KEY._replace(source="aac"))
    cohort_of(cohorts, 4, key=KEY._replace(source=EVENTS))
    cohort_of(cohorts, 5, key=KEY._replace(space="xyz"))
    assert cohorts.listeners() == {"abc": 3, "xyz": 1}


def test_a_discarded_cohort_is_made_anew() -> None:
    cohorts = Cohorts()
    cohort = cohort_of(cohorts)
    assert cohorts.fed_by("abc", "opus") == [cohort]
    cohorts.discard(cohort)
    assert cohorts.fed_by("abc", "opus") == []
    assert cohorts.get(KEY, Numbers()) is not cohort


class Membership(RuleBasedStateMachine):
    """However people come and go, each who is there gets each burst once, from the next after they came."""

    def __init__(self) -> None:
        super().__init__()
        self.cohorts = Cohorts()
        self.cohort = self.cohorts.get(KEY, Numbers())
        self.got: dict[int, list[int]] = {}
        self.due: dict[int, list[int]] = {}
        self.burst = 0

    @rule(fd=st.integers(0, 12))
    def come_or_go(self, fd: int) -> None:
        if fd in self.got:
            assert self.cohorts.remove(fd) is self.cohort
            del self.got[fd], self.due[fd]
        else:
            self.cohorts.add(self.cohort, fd)
            self.got[fd], self.due[fd] = [], []

    @precondition(lambda self: not self.cohort.writing)
    @rule()
    def begin(self) -> None:
        self.burst += 1
        self.cohort.begin(b"%d" % self.burst, 99 + self.burst, 0.0)
        for due in self.due.values():
            due.append(self.burst)

    @precondition(lambda self: self.cohort.writing)
    @rule(limit=st.integers(1, 5))
    def write(self, limit: int) -> None:
        cohort = self.cohort
        for fd in cohort.fds[cohort.cursor : min(cohort.cursor + limit, cohort.end)]:
            cohort.cursor += 1
            if fd >= 0:
                self.got[fd].append(self.burst)
        if cohort.cursor >= cohort.end:
            self.cohorts.settle(cohort)
            assert self.got == self.due

    @invariant()
    def everybody_is_found(self) -> None:
        assert sorted(fd for fd in self.cohort.fds if fd >= 0) == sorted(self.got)
        assert len(self.cohort) == len(self.got)
        assert all(self.cohorts.of(fd) is self.cohort for fd in self.got)


TestMembership = Membership.TestCase
TestMembership.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
