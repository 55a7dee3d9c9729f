"""Which Spaces are this stage's: takes what nobody holds, keeps what it has, and knows when it has lost it.

Rules:

- A Space is made by the stage that holds its lease (`bus/leases.py`), and each publication is preceded by a
  look at the lease's end: `Tenure.holds`. It costs nothing and needs nobody.
- Nobody says who takes what. For each Space the stages that are there have an order of their own (rendezvous
  hashing: D. G. Thaler, C. V. Ravishankar, IEEE/ACM Transactions on Networking 6, 1998), and each waits for
  its turn: so the Spaces of a stage that dies go to all others, and a new Space to any. Who does not see the
  others is merely too early: the lease decides.
- The owner whose lease ran out comes last: it is stopped, or has just been started again. Nothing is ever
  taken from a stage that keeps its lease, so one that comes (back) gets what is new.
- A stage that has just started lets the others come, for what is not urgent.
- A Space is looked at again when its lease ends, not before.
- A Space that needs no stage is at *rest* (`awake.py`): nobody looks at it, and who has it lets go of it. The
  last claim stays, for the next owner's epoch must be higher; it is forgotten with the Space.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from parvis.bus.leases import RENEWAL_S, Holder, Lease, Leases
from parvis.clock import Clock
from parvis.errors import Unavailable

log = structlog.get_logger(__name__)

TURN_S = 0.25
"""How long each waits for the one before it in a Space's order."""
SETTLE_S = 1.0
"""How long a stage that starts waits before it takes what nobody has dropped."""
STAGE_GONE_S = 2.5
"""A stage that has not said for so long that it lives has no turn."""
RETRY_S = 0.05
"""Somebody was quicker: how soon to see who."""
AWAY_RETRY_S = 0.3
"""The leases cannot be read: how soon to try again."""
TAKE_PAUSE_S = 0.02
"""Between two that are taken: encoders are opened in the mixer's time."""


class Tenure:
    """This stage's hold on one Space."""

    def __init__(self, lease: Lease, clock: Clock) -> None:
        self.lease = lease
        self._clock = clock
        self._ended = False

    @property
    def epoch(self) -> int:
        """What all that is published under it bears."""
        return self.lease.epoch

    def holds(self) -> bool:
        """Whether the Space is still this stage's. Once false, always false."""
        self._ended = self._ended or self._clock.monotonic_s() >= self.lease.deadline_s
        return not self._ended

    def end(self) -> None:
        """It holds no more."""
        self._ended = True


class Ownership:
    """Owner of the tenures. `on_taken` is awaited, `on_lost` called, on this stage's loop."""

    def __init__(
        self,
        stage: str,
        leases: Leases,
        clock: Clock,
        on_taken: Callable[[str, Tenure], Awaitable[None]],
        on_lost: Callable[[str], None],
    ) -> None:
        self._stage = stage
        self._leases = leases
        self._clock = clock
        self._on_taken = on_taken
        self._on_lost = on_lost
        self._tenures: dict[str, Tenure] = {}
        self._look_at_s: dict[str, float] = {}
        """Spaces that are wanted and not ours, and when to look whether they are free."""
        self._free_since_s: dict[str, float] = {}
        self._resting: set[str] = set()
        """Spaces that are open and need no stage."""
        self._stages: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._started_s = clock.monotonic_s()
        self._checked = ""
        self.taken_over = 0
        """Spaces whose owner was lost, and which this stage took."""
        self.lost = 0
        """Spaces that this stage lost."""

    @property
    def tenures(self) -> Mapping[str, Tenure]:
        """What this stage has, by Space."""
        return self._tenures

    @property
    def waiting(self) -> Sequence[str]:
        """Spaces that need a stage and are not this one's."""
        return tuple(self._look_at_s)

    def want(self, space: str) -> None:
        """A Space is open and needs a stage: somebody must make it."""
        self._resting.discard(space)
        if space not in self._tenures and space not in self._look_at_s:
            self._look_soon(space)

    async def rest(self, space: str) -> None:
        """A Space is open and needs no stage for now."""
        self._resting.add(space)
        self._look_at_s.pop(space, None)
        self._free_since_s.pop(space, None)
        tenure = self._tenures.pop(space, None)
        if tenure is not None:
            await self._let_go(tenure)

    async def drop(self, space: str) -> None:
        """A Space is over."""
        self._look_at_s.pop(space, None)
        self._free_since_s.pop(space, None)
        tenure = self._tenures.pop(space, None)
        if tenure is None:
            if space in self._resting:
                self._resting.discard(space)
                await self._forget_released(space)
            return
        holds = tenure.holds()
        tenure.end()
        if holds:
            await self._forget(space)

    def hear(self, stage: str) -> None:
        """A stage says that it lives."""
        self._stages[stage] = self._clock.monotonic_s()

    def lose(self, space: str) -> None:
        """What was held has run out: says so, and will take it again when its turn comes."""
        tenure = self._tenures.pop(space, None)
        if tenure is None:
            return
        tenure.end()
        self.lost += 1
        log.warning("lost a Space", space=space, epoch=tenure.epoch)
        self._look_soon(space)
        self._on_lost(space)

    async def run(self) -> None:
        """Takes and keeps until cancelled; then call `release`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take())
            tasks.create_task(self._keep())

    async def release(self) -> None:
        """Lets go of everything, so that others need not wait."""
        tenures, self._tenures = self._tenures, {}
        for tenure in tenures.values():
            await self._let_go(tenure)

    # ------------------------------------------------------------------ keeping

    async def _keep(self) -> None:
        while True:
            for space, tenure in list(self._tenures.items()):
                await self._renew(space, tenure)
            await self._check_one()
            await asyncio.sleep(RENEWAL_S)

    async def _renew(self, space: str, tenure: Tenure) -> None:
        try:
            renewed = await self._leases.renew(tenure.lease)
        except Unavailable as error:
            log.warning("a lease cannot be renewed", space=space, error=str(error))
            return
        if self._tenures.get(space) is not tenure:
            return
        if renewed is None or not tenure.holds():
            self.lose(space)
        else:
            tenure.lease = renewed

    async def _check_one(self) -> None:
        """One after the other: if the records were removed by hand, a renewal alone would not tell."""
        spaces = sorted(self._tenures)
        if not spaces:
            return
        self._checked = next((space for space in spaces if space > self._checked), spaces[0])
        tenure = self._tenures[self._checked]
        try:
            last = await self._leases.last(self._checked)
        except Unavailable:
            return  # the renewal has said so
        if self._tenures.get(self._checked) is tenure and (last is None or last.epoch != tenure.epoch):
            self.lose(self._checked)

    # ------------------------------------------------------------------ taking

    async def _take(self) -> None:
        while True:
            self._changed.clear()
            now_s = self._clock.monotonic_s()
            for space, look_at_s in list(self._look_at_s.items()):
                if look_at_s <= now_s:
                    await self._look(space)
            wait_s = min(self._look_at_s.values(), default=float("inf")) - self._clock.monotonic_s()
            try:
                async with asyncio.timeout(None if wait_s == float("inf") else max(wait_s, 0)):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _look(self, space: str) -> None:
        try:
            holder = await self._leases.last(space)
            now_s = self._clock.monotonic_s()
            if space not in self._look_at_s:
                return
            if holder is not None and now_s < holder.deadline_s:
                self._free_since_s.pop(space, None)
                self._look_at_s[space] = holder.deadline_s
                return
            due_s = self._free_since_s.setdefault(space, now_s) + self._patience_s(space, holder)
            if now_s < due_s:
                self._look_at_s[space] = due_s
                return
            self._look_at_s[space] = now_s + RETRY_S
            lease = await self._leases.acquire(space, self._stage)
        except Unavailable as error:
            log.warning("a lease cannot be looked at", space=space, error=str(error))
            self._look_at_s[space] = self._clock.monotonic_s() + AWAY_RETRY_S
            return
        if lease is None:  # somebody was quicker
            return
        if space not in self._look_at_s:  # it is over, or at rest
            await (self._release(lease) if space in self._resting else self._forget(space))
            return
        del self._look_at_s[space]
        self._free_since_s.pop(space, None)
        ran_out = _ran_out(holder)
        self.taken_over += ran_out
        tenure = self._tenures[space] = Tenure(lease, self._clock)
        log.info("took a Space", space=space, epoch=lease.epoch, after=holder.owner if holder else None)
        await self._on_taken(space, tenure)
        await asyncio.sleep(TAKE_PAUSE_S)

    async def _let_go(self, tenure: Tenure) -> None:
        holds = tenure.holds()
        tenure.end()
        if holds:
            await self._release(tenure.lease)

    async def _release(self, lease: Lease) -> None:
        try:
            await self._leases.release(lease)
        except Unavailable as error:
            log.warning("a lease cannot be released", space=lease.name, error=str(error))

    async def _forget_released(self, space: str) -> None:
        try:
            last = await self._leases.last(space)
        except Unavailable as error:
            log.warning("a lease cannot be looked at", space=space, error=str(error))
            return
        if last is not None and last.released:
            await self._forget(space)

    async def _forget(self, space: str) -> None:
        try:
            await self._leases.forget(space)
        except Unavailable as error:
            log.warning("a lease cannot be forgotten", space=space, error=str(error))

    def _patience_s(self, space: str, holder: Holder | None) -> float:
        now_s = self._clock.monotonic_s()
        self._stages = {name: at_s for name, at_s in self._stages.items() if now_s - at_s < STAGE_GONE_S}
        last_owner = holder.owner if holder is not None and _ran_out(holder) else None
        turn = order(space, {*self._stages, self._stage}, last=last_owner).index(self._stage)
        settling_s = 0.0 if last_owner else max(self._started_s + SETTLE_S - now_s, 0.0)
        return settling_s + turn * TURN_S

    def _look_soon(self, space: str) -> None:
        self._look_at_s[space] = self._clock.monotonic_s()
        self._changed.set()


def order(space: str, stages: set[str], *, last: str | None = None) -> list[str]:
    """In which order stages take a Space; `last` comes last."""

    def weight(stage: str) -> bytes:
        return hashlib.blake2b(f"{space}\0{stage}".encode(), digest_size=8).digest()

    return sorted(stages, key=lambda stage: (stage == last, weight(stage)))


def _ran_out(holder: Holder | None) -> bool:
    """Somebody held it until the end, and did not let go of it."""
    return holder is not None and not holder.released
