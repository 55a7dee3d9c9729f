"""Standby sounds: the queue, and a decoding that takes too long."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from parvis.api.standby import StandbyLoops, convert
from parvis.errors import Overloaded, UserError
from tests.contract.api_world import tone
from tests.inproc_bus import InprocBus


def test_a_limit_of_time_ends_the_decoding() -> None:
    assert convert(tone(2.0), time.monotonic() + 60).duration_s == 2.0
    with pytest.raises(UserError, match="takes too long"):
        convert(tone(2.0), time.monotonic() - 1)


async def test_a_few_may_wait_and_no_more(tmp_path: Path) -> None:
    loops = StandbyLoops(tmp_path / "standby", InprocBus())
    prepared = await asyncio.gather(*(loops.prepare(tone(1.0)) for _ in range(6)), return_exceptions=True)
    assert [type(one) for one in prepared].count(Overloaded) == 2
    assert (await loops.prepare(tone(1.0))).duration_s == 1.0, "the queue is free again"
