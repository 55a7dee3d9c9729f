"""The protocol of local leases, step by step. No I/O: `leases_local.py` carries the steps out.

What it works on, each one change or look that is whole or not at all:

- a *claim* for each name and epoch: says whose *beat* holds it. Made once, by one (exclusive creation).
- a *beat* for each owner: says until when all that it claimed is held. Only its owner replaces it.

Rules. Any process may be stopped between two steps for any time, and go on:

1. Who looks whether a beat has ended reads the clock *before* the beat. (After it, the owner may have renewed
   in between.)
2. Who renews computes the new end before it writes, and believes it only if the *old* end has not passed once
   it is written. (Else somebody may have read the old end after it passed, and taken over.)
3. A beat that has ended is never used again: its owner makes another, under a new name.
4. The claim with the highest epoch decides. It is never removed while the name is in use: only lower ones
   are, and only by who made a higher one.
5. Who has made a claim looks again. If there is a higher one, it was too late: it had been stopped for so
   long that the epoch it took is one of the past, whose claim was removed meanwhile.
6. The first claim of a name takes program time in seconds for its epoch, so that epochs grow even if all
   claims were lost and the wall clock was set back. Each following one adds 1.

The steps are generators that yield each look or change as a function to call, and get what it gives: so tests
let those of several processes take turns in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from parvis.bus.leases import RENEWAL_S, TTL_S, Holder, Lease
from parvis.clock import Clock

Result = TypeVar("Result")
Steps = Generator[Callable[[], Any], Any, Result]

STALE_BEAT_S = 60.0
"""A beat that ended so long ago is of no use even to people who look for what happened."""
LOOKS = 3
"""How often to look again when the highest claim was removed under one's eyes by a higher one."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`beat` is the name of the owner's beat: `{owner}.{token}`; `boot` tells one start of the machine from
    the next."""

    beat: str
    boot: str
    released: bool = False

    @property
    def owner(self) -> str:
        """The owner that the beat is named after."""
        return self.beat.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Beat:
    """Until when what refers to it is held, in monotonic seconds since this start of the machine."""

    deadline_s: float
    boot: str


class Records(Protocol):
    """Where claims and beats are kept. Each method is one step."""

    def epochs(self, name: str) -> list[int]:
        """The epochs of all claims to a name."""

    def claim(self, name: str, epoch: int) -> Claim | None: ...

    def add_claim(self, name: str, epoch: int, claim: Claim) -> bool:
        """False if there is one of that epoch already."""

    def replace_claim(self, name: str, epoch: int, claim: Claim) -> None: ...

    def remove_claim(self, name: str, epoch: int) -> None: ...

    def remove_name(self, name: str) -> None:
        """Removes what is left of a name that has no claims."""

    def beats(self) -> list[str]: ...

    def beat(self, beat: str) -> Beat | None: ...

    def put_beat(self, beat: str, value: Beat) -> None:
        """Makes or replaces it."""

    def remove_beat(self, beat: str) -> None: ...


@dataclass(slots=True)
class OwnBeat:
    """A beat of this process: its name, and until when this process may believe in it."""

    name: str
    deadline_s: float


class LeaseSteps:
    """One process's part. `boot` names this start of the machine, `token()` gives a text that no other has.

    The steps of one process are carried out one generator after the other, never two at once.
    """

    def __init__(self, records: Records, clock: Clock, boot: str, token: Callable[[], str]) -> None:
        self._records = records
        self._clock = clock
        self._boot = boot
        self._token = token
        self._own: dict[str, OwnBeat] = {}

    def as_renewed(self, lease: Lease) -> Lease | None:
        """The lease as a renewal of another one of the same owner has left it, if that was just now."""
        own = self._own.get(lease.owner)
        if own is None or own.name != lease.token:
            return None
        recent = own.deadline_s - self._clock.monotonic_s() > TTL_S - RENEWAL_S / 2
        return replace(lease, deadline_s=own.deadline_s) if recent else None

    def acquire(self, name: str, owner: str) -> Steps[Lease | None]:
        """As `Leases.acquire`."""
        own = yield from self._live_beat(owner)
        newest = yield from self.last(name)
        if newest is not None and newest.deadline_s > float("-inf"):
            # It may be ours: an attempt before this one may have failed after its claim was made.
            claim: Claim | None = yield partial(self._records.claim, name, newest.epoch)
            ours = claim is not None and claim.beat == own.name
            return self._held(name, newest.epoch, own) if ours else None
        epoch = int(self._clock.program_s()) if newest is None else newest.epoch + 1
        if not (yield partial(self._records.add_claim, name, epoch, Claim(own.name, self._boot))):
            return None
        epochs: list[int] = yield partial(self._records.epochs, name)
        if max(epochs, default=0) != epoch:  # rule 5
            yield partial(self._records.remove_claim, name, epoch)
            return None
        for older in epochs:
            if older < epoch:
                yield partial(self._records.remove_claim, name, older)
        return self._held(name, epoch, own)

    def renew(self, lease: Lease) -> Steps[Lease | None]:
        """As `Leases.renew`; with it, all else that its owner holds."""
        own = self._own.get(lease.owner)
        now_s = self._clock.monotonic_s()
        if own is None or own.name != lease.token or now_s >= own.deadline_s:
            return None
        deadline_s = now_s + TTL_S
        yield partial(self._records.put_beat, own.name, Beat(deadline_s, self._boot))
        if self._clock.monotonic_s() >= own.deadline_s:  # rule 2
            self._own.pop(lease.owner, None)
            return None
        own.deadline_s = deadline_s
        return replace(lease, deadline_s=deadline_s)

    def release(self, lease: Lease) -> Steps[None]:
        """As `Leases.release`."""
        claim: Claim | None = yield partial(self._records.claim, lease.name, lease.epoch)
        if claim is None or claim.beat != lease.token:
            return
        yield partial(self._records.replace_claim, lease.name, lease.epoch, replace(claim, released=True))

    def last(self, name: str) -> Steps[Holder | None]:
        """As `Leases.last`; `deadline_s` is `-inf` when the lease is over."""
        for _ in range(LOOKS):
            epochs: list[int] = yield partial(self._records.epochs, name)
            if not epochs:
                return None
            epoch = max(epochs)
            claim: Claim | None = yield partial(self._records.claim, name, epoch)
            if claim is None:
                continue
            over = Holder(claim.owner, epoch, float("-inf"), claim.released)
            if claim.released or claim.boot != self._boot:
                return over
            now_s = self._clock.monotonic_s()  # rule 1
            beat: Beat | None = yield partial(self._records.beat, claim.beat)
            if beat is None or beat.boot != self._boot or now_s >= beat.deadline_s:
                return over
            return replace(over, deadline_s=beat.deadline_s)
        # Owners change faster than one can look: somebody holds it, or will say so in a moment.
        return Holder("", epoch, self._clock.monotonic_s() + TTL_S)

    def forget(self, name: str) -> Steps[None]:
        """As `Leases.forget`."""
        epochs: list[int] = yield partial(self._records.epochs, name)
        for epoch in sorted(epochs):
            yield partial(self._records.remove_claim, name, epoch)
        yield partial(self._records.remove_name, name)

    def _live_beat(self, owner: str) -> Steps[OwnBeat]:
        own = self._own.get(owner)
        now_s = self._clock.monotonic_s()
        if own is not None and now_s < own.deadline_s:
            return own
        own = OwnBeat(f"{owner}.{self._token()}", now_s + TTL_S)  # rule 3
        yield partial(self._records.put_beat, own.name, Beat(own.deadline_s, self._boot))
        self._own[owner] = own
        others: list[str] = yield partial(self._records.beats)
        for other in others:
            beat: Beat | None = yield partial(self._records.beat, other)
            if beat is not None and (beat.boot != self._boot or now_s > beat.deadline_s + STALE_BEAT_S):
                yield partial(self._records.remove_beat, other)
        return own

    def _held(self, name: str, epoch: int, own: OwnBeat) -> Lease | None:
        if self._clock.monotonic_s() >= own.deadline_s:
            return None
        return Lease(name, own.name.rpartition(".")[0], epoch, own.deadline_s, own.name)
