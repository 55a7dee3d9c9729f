"""Runs a rehearsal: everything in order, each step timed and bounded.

Rules:

- A step that takes too long, or in which something is refused, is a step that failed; the next one comes
  all the same. Only when the crowd or the Parvis itself is gone is there nothing left to rehearse.
- What a step did is measured from before its first act until the sound of its last has reached the listeners.
- Whatever happens, `close` ends what was begun, each thing within its own time.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from parvis.clock import part_start_s, sequence_at
from parvis.errors import ParvisError
from parvis.storm.fleet import Outcome
from parvis.storm.rehearsal.audience import Audience
from parvis.storm.rehearsal.evening import LOOK_S, Evening
from parvis.storm.rehearsal.faults import ALL_BUT, MAKE, Unkept
from parvis.storm.rehearsal.limits import CALM, PROMISES, Measured, Promise, broken
from parvis.storm.rehearsal.probe import Diary, Probe
from parvis.storm.rehearsal.script import TITLES
from parvis.storm.rehearsal.timeline import Timeline

PREPARE_S: Final = 90.0
"""For accounts, Spaces and seats."""
SOUND_CHECK_S: Final = 12.0
SETTLE_S: Final = 15.0
SETTLE_PARTS: Final = 3
CLOSE_S: Final = 20.0
END_S: Final = 30.0
MORE_S: Final = 600.0
"""How much longer than planned the crowd would stay, if steps take long."""


@dataclass(slots=True)
class Step:
    """One step that was made. `at_s` is after the first listener came; `said` tells what happened."""

    name: str
    title: str
    at_s: float
    took_s: float = 0.0
    said: str = ""
    measured: Measured = field(default_factory=Measured)
    reasons: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Nothing was wrong."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be rehearsed. `tokens` are of people who have accounts, the host first."""

    listeners: int
    speakers: int
    timeline: Timeline
    tokens: list[str] = field(default_factory=list)


class Director:
    """One rehearsal. `say` is told each step as it begins and as it is over."""

    def __init__(self, wanted: Wanted, evening: Evening, say: Callable[[Step, bool], None]) -> None:
        self.steps: list[Step] = []
        self.outcome: Outcome | None = None
        self.stretch = 1
        self._wanted = wanted
        self._evening = evening
        self._say = say
        self._began_s = time.monotonic()
        self._background: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """The rehearsal, from the accounts to the end of the Space. Raises what leaves nothing to
        rehearse."""
        evening, timeline = self._evening, self._wanted.timeline
        async with asyncio.timeout(PREPARE_S):
            await evening.gather_people(self._wanted.tokens, self._wanted.speakers)
            await evening.make_spaces(timeline.live_s + PREPARE_S)
            await evening.read_clock()
            await evening.enter_all()
        starts_s = math.ceil(evening.now_s() + timeline.live_s)
        await evening.announce(starts_s)
        self._began_s = time.monotonic() + starts_s - timeline.live_s - evening.now_s()
        await self._come()
        await self._step("green-room", "Sound check of everybody on stage", CALM, self._sound_check,
                         timeline.live_s + SOUND_CHECK_S, heard=False)  # fmt: skip
        await self._step("go-live", "On air at the announced second", CALM, lambda: self._go_live(starts_s),
                         timeline.live_s + SOUND_CHECK_S, heard=False)  # fmt: skip
        await self._at(timeline.full_s)
        await self._step("full-house", f"All {self._wanted.listeners:,} listeners are there", CALM,
                         self._full_house, 30.0)  # fmt: skip
        for at_s, fault in timeline.faults:
            await self._at(at_s)
            await _quietly(evening.make_whole())
            promise, make = PROMISES[fault.act], partial(MAKE[fault.act], evening)
            await self._step(fault.act, TITLES[fault.act], promise, make, promise.within_s)
        await self._at(timeline.ends_s)
        await self._step("end", "The Space ends, for everybody at once", CALM, self._end, END_S, heard=False)

    async def close(self) -> None:
        """Ends all that was begun. Raises nothing."""
        evening = self._evening
        if evening.audience is not None:
            self.outcome = await evening.audience.leave()
        for space in (evening.space, evening.second):
            if space:
                await _quietly(evening.house.ask("POST", f"spaces/{space['id']}/end", evening.host))
        await _quietly(evening.troupe.close())
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if evening.probe is not None:
            self.stretch = evening.probe.diary.stretch

    async def _come(self) -> None:
        """The probe, the crowd, and whoever measures."""
        evening, timeline = self._evening, self._wanted.timeline
        evening.probe = Probe(str(evening.space["links"]["stream"]))
        self._background.append(asyncio.create_task(evening.probe.run(), name="probe"))
        if evening.own is not None:
            self._background.append(asyncio.create_task(evening.own.watch(), name="watch"))
        evening.audience = Audience(
            {
                "url": evening.space["links"]["share"],
                "listeners": self._wanted.listeners,
                "arrive": timeline.arrive,
                "hold_s": timeline.ends_s - timeline.full_s + MORE_S,
                "owned": evening.owned,
            }
        )
        await asyncio.wait_for(evening.probe.until(lambda diary: diary.last > 0), SETTLE_S)
        await evening.audience.come()

    async def _at(self, at_s: float) -> None:
        """Waits for a second of the rehearsal. Raises `Unavailable` when the crowd or the Parvis is gone."""
        assert self._evening.audience is not None
        while (wait_s := self._began_s + at_s - time.monotonic()) > 0:
            self._check()
            await asyncio.sleep(min(wait_s, LOOK_S))
        self._check()

    def _check(self) -> None:
        if self._evening.own is not None:
            self._evening.own.check_alive()
        for task in self._background:
            if task.done():
                task.result()

    async def _step(
        self,
        name: str,
        title: str,
        promise: Promise,
        act: Callable[[], Awaitable[str]],
        within_s: float,
        *,
        heard: bool = True,
    ) -> None:
        """Makes one step, and measures it."""
        began_s = time.monotonic()
        step = Step(name, title, began_s - self._began_s)
        self._say(step, False)
        audience = self._evening.audience
        assert audience is not None
        before, first = audience.counts, self._evening.part_now()
        samples = len(audience.samples)
        try:
            async with asyncio.timeout(within_s):
                step.said = await act()
            step.measured.back_s = round(time.monotonic() - began_s, 2)
        except TimeoutError:
            step.reasons.append(f"it was not over within {within_s:.0f} s")
        except Unkept as error:
            step.reasons.append(str(error))
        except ParvisError as error:
            step.reasons.append(error.detail)
        if heard:
            await self._settle()
            self._measure(step, first, samples)
            step.measured.add(before, audience.counts)
            step.reasons += broken(promise, step.measured)
        step.reasons += self._evening.troupe.troubles
        self._evening.troupe.troubles.clear()
        step.took_s = round(time.monotonic() - began_s, 2)
        self.steps.append(step)
        self._say(step, True)

    async def _settle(self) -> None:
        """Until what is said now has been heard by the probe, and the crowd has said so."""
        audience, probe = self._evening.audience, self._evening.probe
        assert audience is not None
        assert probe is not None
        until = self._evening.part_now() + SETTLE_PARTS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await probe.until(lambda diary: diary.last >= until)
                seen = len(audience.samples) + 2
                await audience.until(lambda _: len(audience.samples) >= seen)

    def _measure(self, step: Step, first: int, samples: int) -> None:
        audience, probe = self._evening.audience, self._evening.probe
        assert audience is not None
        assert probe is not None
        diary = probe.diary
        if diary.last > first:
            step.measured.silence_s = round(diary.silence_s(first, diary.last), 2)
            step.measured.missing_parts = diary.missing(first, diary.last)
        meanwhile = audience.samples[samples:]
        delays = [sample.delay_p99_ms for sample in meanwhile if sample.delay_p99_ms is not None]
        stalls = [sample.stall_max_ms for sample in meanwhile if sample.stall_max_ms is not None]
        step.measured.delay_p99_ms = round(max(delays), 1) if delays else None
        step.measured.stall_max_ms = round(max(stalls), 1) if stalls else None

    async def _sound_check(self) -> str:
        """Until every seat has a verdict; the worst of them."""
        found: dict[str, dict[str, Any]] = {}
        while set(found) != self._evening.handles:
            seats, _ = await self._evening.seats()
            for handle, seat in seats.items():
                check = seat["check"]
                if check and check["verdict"] != "waiting":
                    found[handle] = check
            await asyncio.sleep(LOOK_S)
        for check in found.values():
            if check["verdict"] == "bad":
                raise Unkept(f"the sound check of a seat is bad: {', '.join(check['advice'])}")
        good = sum(check["verdict"] == "good" for check in found.values())
        return f"{good} of {len(found)} seats good, none bad"

    async def _go_live(self, starts_s: int) -> str:
        """By the number of the part that first says so, as a listener hears it."""
        probe = self._evening.probe
        assert probe is not None
        await probe.until(lambda diary: diary.first_live() is not None)
        opened = probe.diary.first_live()
        assert opened is not None
        promised = sequence_at(starts_s)
        if opened != promised:
            late_s = part_start_s(opened) - part_start_s(promised)
            raise Unkept(f"it opened {late_s:+.2f} s from the announced second")
        await probe.until(lambda diary: _voiced_since(diary, promised))
        voice = min(part for part, voiced in probe.diary.voiced.items() if voiced and part >= promised)
        after_s = part_start_s(voice) - part_start_s(opened)
        return f"live in part {opened}, which holds the announced second; a voice {after_s:.2f} s later"

    async def _full_house(self) -> str:
        audience = self._evening.audience
        assert audience is not None
        wanted = self._wanted.listeners
        try:
            async with asyncio.timeout(20.0):
                await audience.until(lambda counts: counts.connected >= wanted)
        except TimeoutError:
            counts = audience.counts
            if counts.connected < ALL_BUT * wanted:
                said = f"only {counts.connected:,} of {wanted:,} listen; {counts.refused:,} refusals"
                raise Unkept(
                    f"{said}, {counts.waiting:,} come back later, {counts.gave_up:,} gave up"
                ) from None
        if self._evening.own is not None:
            self._evening.own.measuring = True
        return f"{audience.counts.connected:,} listen"

    async def _end(self) -> str:
        evening, audience = self._evening, self._evening.audience
        assert audience is not None
        if evening.own is not None:
            evening.own.measuring = False
        had = audience.counts.connected
        await evening.house.ask("POST", f"spaces/{evening.id}/end", evening.host)
        await audience.gone()
        self.outcome = await audience.leave()
        if self.outcome is None:
            raise Unkept("the crowd left no result")
        ended = self.outcome.report.counts.ended
        if ended < had:
            raise Unkept(f"only {ended:,} of {had:,} streams ended as they should")
        return f"{ended:,} streams ended with their last part"


def _voiced_since(diary: Diary, first: int) -> bool:
    return any(voiced and part >= first for part, voiced in diary.voiced.items())


async def _quietly(act: Awaitable[object]) -> None:
    with contextlib.suppress(ParvisError, TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await act
