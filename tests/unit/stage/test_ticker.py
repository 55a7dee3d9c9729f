"""The mixer clock, stepped by hand."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from parvis.clock import ManualClock, SystemClock
from parvis.stage.ticker import SKIP_AFTER_TICKS, Ticker


def test_ticks_are_numbered_since_the_epoch() -> None:
    assert Ticker.number_at(1_800_000_000.0) == 90_000_000_000
    assert Ticker.number_at(1_800_000_000.019) == 90_000_000_000
    assert Ticker.number_at(1_800_000_000.0201) == 90_000_000_001


@given(st.lists(st.floats(0, 0.45), max_size=60))
def test_lateness_loses_no_tick(pauses: list[float]) -> None:
    clock = ManualClock()
    seen: list[int] = []
    ticker = Ticker(clock, seen.append)
    number = first = Ticker.number_at(clock.program_s())
    for pause in pauses:
        clock.advance(pause)
        while number * 0.020 <= clock.program_s():
            number = ticker.step(number)
    assert seen == list(range(first, number))
    assert ticker.skipped_ticks == 0


async def test_nobody_wants_ticks_and_none_are_called() -> None:
    seen: list[int] = []
    ticker = Ticker(SystemClock(), seen.append)
    running = asyncio.create_task(ticker.run())

    async def ticks(count: int) -> None:
        async with asyncio.timeout(10):
            while len(seen) < count:
                await asyncio.sleep(0.005)

    ticker.wanted(True)
    await ticks(3)
    ticker.wanted(False)
    count = ticker.ticks
    await asyncio.sleep(0.1)
    assert ticker.ticks <= count + 1  # the one that was waited for
    seen.clear()
    ticker.wanted(True)
    await ticks(2)
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    assert ticker.skipped_ticks == 0, "what nobody wanted is not missing"
    running.cancel()


def test_a_long_stall_is_skipped_once() -> None:
    clock = ManualClock()
    seen: list[int] = []
    ticker = Ticker(clock, seen.append)
    first = Ticker.number_at(clock.program_s())
    number = ticker.step(first)
    clock.advance(3.0)
    number = ticker.step(number)
    assert seen == [first, first + 150]
    assert ticker.skipped_ticks == 149
    assert number == first + 151
    assert ticker.take_worst_lateness_ms() > SKIP_AFTER_TICKS * 20
    assert ticker.take_worst_lateness_ms() == 0
