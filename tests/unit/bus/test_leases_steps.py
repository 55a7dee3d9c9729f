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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parvis.bus.leases import RENEWAL_S, TTL_S, Holder, Lease
from parvis.bus.leases_local import LinkRecords
from parvis.bus.leases_steps import LeaseSteps, Steps
from parvis.clock import PART_MS, ManualClock

SPACE = "k3v9"
PART_S = PART_MS / 1000
STAGES = ("stage-1", "stage-2", "stage-3")


class Life:
    """One life of a stage process, from its start to `kill -9`."""

    def __init__(self, name: str, records: LinkRecords, clock: ManualClock, token: Callable[[], str]) -> None:
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

    @property
    def busy(self) -> bool:
        return self._running is not None

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
            self._step = self._running.send(given)
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

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    stage = st.sampled_from(STAGES)

    @rule(name=stage, kind=st.sampled_from(("acquire", "acquire", "renew", "renew", "release")))
    def begin(self, name: str, kind: str) -> None:
        life = self.lives[name]
        if not life.busy and (kind != "acquire" or not life.believes):
            life.begin(kind)
            self.note(life)

    @rule(name=stage, steps=st.integers(1, 12))
    def go_on(self, name: str, steps: int) -> None:
        life = self.lives[name]
        for _ in range(steps):
            if life.busy:
                life.go_on()
                self.note(life)

    @rule(seconds=st.sampled_from((0.02, RENEWAL_S, TTL_S - RENEWAL_S, TTL_S)))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(name=stage)
    def look_at_deadline(self, name: str) -> None:
        self.lives[name].look_at_deadline()

    @rule(name=stage)
    def publish(self, name: str) -> None:
        """However long after the look."""
        life = self.lives[name]
        if life.about_to_publish is None:
            return
        (sequence, epoch), life.about_to_publish = life.about_to_publish, None
        assert self.published.setdefault(sequence, life) is life, "two owners have published the same part"
        if not self.heard or epoch >= max(self.heard)[0]:
            self.heard.append((epoch, sequence))

    @rule(name=stage)
    def kill(self, name: str) -> None:
        self.lives[name] = self.born(name)

    @precondition(lambda self: any(life.busy for life in self.lives.values()))
    @rule(awake=st.sets(stage, min_size=1))
    def somebody_takes_it(self, awake: set[str]) -> None:
        """The others stay stopped where they are: within two lives of a lease, one of these owns it."""
        for _ in range(math.ceil(2 * TTL_S / 0.1)):
            self.clock.advance(0.1)
            for name in sorted(awake):
                self.run_to_the_end(self.lives[name])
                self.lives[name].begin("renew" if self.lives[name].believes else "acquire")
                self.note(self.lives[name])
                self.run_to_the_end(self.lives[name])
        assert [name for name in awake if self.lives[name].believes]

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
Ownership.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


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
