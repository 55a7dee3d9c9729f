"""The protocol of leases, its steps interleaved in every order that hypothesis thinks of.

Several stages run the real steps over real records in a folder, with a clock moved by hand. Any of them can
be stopped between any two steps, and between looking at its deadline and publishing; be killed, be started
again.
"""

from __future__ import annotations

import itertools
import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parvis.bus.leases import RENEWAL_S, TTL_S, Holder, Lease
from parvis.bus.leases_local import LinkRecords
from parvis.bus.leases_steps import LeaseSteps, Records, Steps
from parvis.clock import PART_MS, ManualClock
from tests.unit.bus.memory_records import MemoryRecords

SPACE = "k3v9"
EXAMPLES = 200
PART_S = PART_MS / 1000
STAGES = ("stage-1", "stage-2")
PLACES = ("before put_beat", "after put_beat", "after beat", "before add_claim", "after add_claim")
"""Where it hurts most to be stopped."""


class Life:
    """One life of a stage process, from its start to `kill -9`."""

    def __init__(self, name: str, records: Records, clock: ManualClock, token: Callable[[], str]) -> None:
        self.name = name
        self.steps = LeaseSteps(records, clock, "boot", token)
        self.lease: Lease | None = None
        self.first_sequence = 0
        self.about_to_publish: tuple[int, int] | None = None
        """Sequence and epoch of a part, between the look at the deadline and the publication."""
        self._clock = clock
        self._kind = ""
        self._running: Steps[Any] | None = None
        self._step: Callable[[], Any] | None = None
        self._given: Any = None
        self._step_name = ""

    @property
    def busy(self) -> bool:
        return self._running is not None

    @property
    def place(self) -> str:
        """Where it is: before a step, or after it and before it does anything with the result."""
        if not self.busy:
            return ""
        return f"{'after' if self._step is None else 'before'} {self._step_name}"

    @property
    def believes(self) -> bool:
        return self.lease is not None and self._clock.monotonic_s() < self.lease.deadline_s

    def begin(self, kind: str) -> None:
        assert not self.busy
        self._kind = kind
        if kind == "acquire":
            self._running = self.steps.acquire(SPACE, self.name)
        elif self.lease is not None:
            self._running = (self.steps.renew if kind == "renew" else self.steps.release)(self.lease)
            if kind == "release":  # who releases has stopped to publish
                self.lease = self.about_to_publish = None
        if self._running is not None:
            self._send(None)

    def go_on(self) -> None:
        """Carries out one step, or hands its result over: between the two, time may pass."""
        assert self.busy
        if self._step is not None:
            self._given, self._step = self._step(), None
        else:
            self._send(self._given)

    def _send(self, given: Any) -> None:
        assert self._running is not None
        try:
            self._step = step = self._running.send(given)
            assert isinstance(step, partial)
            self._step_name = step.func.__name__
        except StopIteration as end:
            self._running = None
            if self._kind == "acquire" and end.value is not None:
                self.first_sequence = math.ceil(self._clock.program_s() / PART_S)
            if self._kind in ("acquire", "renew"):
                self.lease = end.value

    def look_at_deadline(self) -> None:
        last = math.floor(self._clock.program_s() / PART_S) - 1  # the last part that is complete
        if self.lease is not None and self.believes and last >= self.first_sequence:
            self.about_to_publish = (last, self.lease.epoch)


class Ownership(RuleBasedStateMachine):
    """What holds at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="parvis-leases-"))
        self.clock = ManualClock()
        tokens = itertools.count()
        self.token = lambda: f"{next(tokens):x}"
        self.lives = {name: self.born(name) for name in STAGES}
        self.epochs: dict[int, Life] = {}
        self.published: dict[int, Life] = {}
        self.heard: list[tuple[int, int]] = []
        """Epoch and sequence of what a consumer that fences has accepted."""

    def born(self, name: str) -> Life:
        return Life(name, LinkRecords(self.folder), self.clock, self.token)

    stage = st.sampled_from(STAGES)
    kind = st.sampled_from(("acquire", "renew", "acquire", "renew", "release"))

    @rule(name=stage, kind=kind, place=st.sampled_from(PLACES))
    def go_on(self, name: str, kind: str, place: str) -> None:
        """Begins something and is stopped at a certain place, or goes on from where it was stopped."""
        life = self.lives[name]
        if life.busy:
            life.go_on()
        else:
            self.begin(life, kind)
        while life.busy and life.place != place:
            life.go_on()
        self.note(life)

    @rule(name=stage, kind=kind)
    def finish(self, name: str, kind: str) -> None:
        self.begin(self.lives[name], kind)
        self.run_to_the_end(self.lives[name])

    @rule(seconds=st.sampled_from((0.02, RENEWAL_S, TTL_S - RENEWAL_S, TTL_S)))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(name=stage)
    def speak(self, name: str) -> None:
        """Looks at the deadline; or publishes, however long after the look."""
        life = self.lives[name]
        if life.about_to_publish is None:
            life.look_at_deadline()
            return
        (sequence, epoch), life.about_to_publish = life.about_to_publish, None
        assert self.published.setdefault(sequence, life) is life, "two owners have published the same part"
        if not self.heard or epoch >= self.heard[-1][0]:
            self.heard.append((epoch, sequence))

    @precondition(lambda self: any(life.busy for life in self.lives.values()))
    @rule(name=stage)
    def kill(self, name: str) -> None:
        self.lives[name] = self.born(name)

    def teardown(self) -> None:
        """Those who are in the middle of something stay stopped; the others soon own what can be owned."""
        awake = [life for life in self.lives.values() if not life.busy] or [self.lives["stage-1"]]
        for _ in range(math.ceil(2 * TTL_S / 0.1)):
            self.clock.advance(0.1)
            for life in awake:
                self.run_to_the_end(life)
                self.begin(life, "renew" if life.believes else "acquire")
                self.run_to_the_end(life)
        assert [life for life in awake if life.believes], "nobody owns it"
        shutil.rmtree(self.folder)

    def begin(self, life: Life, kind: str) -> None:
        if not life.busy and (kind != "acquire" or not life.believes):
            life.begin(kind)
            self.note(life)

    def run_to_the_end(self, life: Life) -> None:
        while life.busy:
            life.go_on()
            self.note(life)

    def note(self, life: Life) -> None:
        if life.lease is not None:
            holder = self.epochs.setdefault(life.lease.epoch, life)
            assert holder is life, "an epoch has two owners"

    @invariant()
    def nobody_owns_what_another_owns(self) -> None:
        believers = [life for life in self.lives.values() if life.believes]
        assert len(believers) <= 1
        if believers and believers[0].lease is not None:
            assert believers[0].lease.epoch == max(self.epochs), "an owner of before is back"

    @invariant()
    def what_is_heard_does_not_go_back(self) -> None:
        assert self.heard == sorted(self.heard)


TestOwnership = pytest.mark.filterwarnings("ignore::DeprecationWarning")(Ownership.TestCase)
Ownership.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=50, deadline=None)


class World:
    """Steps carried out at once, one after the other."""

    def __init__(self, folder: Path, clock: ManualClock, boot: str = "boot", token: str = "1") -> None:
        self.records = LinkRecords(folder)
        self.steps = LeaseSteps(self.records, clock, boot, lambda: token)

    def do(self, steps: Steps[Any]) -> Any:
        given = None
        while True:
            try:
                given = steps.send(given)()
            except StopIteration as end:
                return end.value


def test_a_restart_of_the_machine_frees_everything(tmp_path: Path) -> None:
    before = World(tmp_path, ManualClock(1000.0))
    lease = before.do(before.steps.acquire(SPACE, "stage-1"))
    after = World(tmp_path, ManualClock(0.5), "another boot", "2")
    assert after.do(after.steps.last(SPACE)) == Holder("stage-1", lease.epoch, -math.inf)
    taken = after.do(after.steps.acquire(SPACE, "stage-2"))
    assert (taken.owner, taken.epoch) == ("stage-2", lease.epoch + 1)
    assert after.records.beats() == ["stage-2.2"]


def test_epochs_grow_even_if_all_claims_are_lost(tmp_path: Path) -> None:
    clock = ManualClock()
    first = World(tmp_path / "a", clock)
    lost = first.do(first.steps.acquire(SPACE, "stage-1"))
    clock.advance(60)
    second = World(tmp_path / "b", clock)
    assert second.do(second.steps.acquire(SPACE, "stage-1")).epoch > lost.epoch


def test_only_the_newest_claim_stays(tmp_path: Path) -> None:
    clock = ManualClock()
    for number in range(5):
        world = World(tmp_path, clock, token=str(number))
        lease = world.do(world.steps.acquire(SPACE, "stage-1"))
        assert world.records.epochs(SPACE) == [lease.epoch]
        clock.advance(TTL_S)


def test_an_attempt_that_failed_half_way_is_made_good(tmp_path: Path) -> None:
    world = World(tmp_path, ManualClock())
    attempt = world.steps.acquire(SPACE, "stage-1")
    given = None
    while not world.records.epochs(SPACE):
        given = attempt.send(given)()
    attempt.close()  # its claim stands, and it does not know
    lease = world.do(world.steps.acquire(SPACE, "stage-1"))
    assert lease.epoch == world.records.epochs(SPACE)[0]


def test_a_claim_that_cannot_be_written_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    world = World(tmp_path, clock)
    attempt = world.steps.acquire(SPACE, "stage-1")
    next(attempt)
    with pytest.raises(OSError, match="full"):
        attempt.throw(OSError("the disk is full"))
    assert world.do(world.steps.acquire(SPACE, "stage-1")) is not None
    assert world.records.beats() == ["stage-1.1"]


class Pair:
    """Two stages, the first of which owns the Space."""

    def __init__(self, records: Records) -> None:
        self.clock = ManualClock()
        tokens = itertools.count()
        self.first, self.second = (
            Life(name, records, self.clock, lambda: f"{next(tokens):x}") for name in STAGES
        )
        self.finish(self.first, "acquire")

    def stop(self, life: Life, kind: str, place: str) -> None:
        life.begin(kind)
        while life.place != place:
            life.go_on()

    def finish(self, life: Life, kind: str = "") -> None:
        if kind:
            life.begin(kind)
        while life.busy:
            life.go_on()


def test_an_end_that_is_read_and_then_put_off_is_not_believed(tmp_path: Path) -> None:
    """Rule 1: stopped after reading the first one's beat, until the end that stood there has passed."""
    pair = Pair(LinkRecords(tmp_path))
    pair.clock.advance(RENEWAL_S)
    pair.stop(pair.second, "acquire", "after claim")
    pair.second.go_on()  # to the beat
    pair.second.go_on()  # it is read
    assert pair.second.place == "after beat"
    pair.finish(pair.first, "renew")
    pair.clock.advance(TTL_S - RENEWAL_S)
    pair.finish(pair.second)
    assert pair.first.believes
    assert not pair.second.believes


def test_a_renewal_that_is_written_too_late_is_not_believed(tmp_path: Path) -> None:
    """Rule 2: stopped before writing, until the other has taken over."""
    pair = Pair(LinkRecords(tmp_path))
    pair.clock.advance(TTL_S - RENEWAL_S)
    pair.stop(pair.first, "renew", "before put_beat")
    pair.clock.advance(RENEWAL_S)
    pair.finish(pair.second, "acquire")
    assert pair.second.believes
    pair.finish(pair.first)
    assert not pair.first.believes


def test_an_epoch_of_the_past_is_not_believed(tmp_path: Path) -> None:
    """Rule 5: stopped before making a claim, until one of that epoch has come and gone."""
    pair = Pair(LinkRecords(tmp_path))
    pair.clock.advance(TTL_S)
    pair.stop(pair.second, "acquire", "before add_claim")
    pair.finish(pair.first, "acquire")
    for _ in range(2):
        pair.clock.advance(RENEWAL_S)
        pair.finish(pair.first, "release")
        pair.finish(pair.first, "acquire")
    assert pair.first.believes
    pair.finish(pair.second)
    assert not pair.second.believes
    assert pair.first.believes


def schedules(counts: dict[str, int]) -> Iterator[list[str]]:
    """Every order of so many of each."""
    if not any(counts.values()):
        yield []
    for who, count in counts.items():
        if count:
            for rest in schedules({**counts, who: count - 1}):
                yield [who, *rest]


@pytest.mark.parametrize(
    ("first_does", "counts"),
    [("renew", {"first": 2, "second": 12, "time": 3}), ("release", {"first": 4, "second": 12, "time": 1})],
)
def test_no_order_of_steps_gives_two_owners(first_does: str, counts: dict[str, int]) -> None:
    """Every order, 61,880 and 30,940, in which one renews or lets go, one takes over, and time passes."""
    ends = Counter[str]()
    for schedule in schedules(counts):
        pair = Pair(MemoryRecords())
        pair.clock.advance(2 * RENEWAL_S)
        pair.finish(pair.second, "acquire")  # in vain, but its beat is there
        pair.first.begin(first_does)
        pair.second.begin("acquire")
        for who in schedule:
            if who == "time":
                pair.clock.advance(RENEWAL_S)
            elif (life := pair.first if who == "first" else pair.second).busy:
                life.go_on()
            assert not (pair.first.believes and pair.second.believes), schedule
        ends["first" if pair.first.believes else "second" if pair.second.believes else "nobody"] += 1
    assert ends["second"], "some end with a takeover"
    assert ends["first"] or first_does == "release", "some without"
