"""Which Spaces a captioner hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from parvis.bus.messages import ProgramMessage, SpaceMessage
from parvis.captions.lines import Word
from parvis.captions.service import Captioner
from parvis.clock import SystemClock
from tests.inproc_bus import InprocBus

SPACE = SpaceMessage(
    "abc", 1, "T", "", "en-GB", "scheduled", "ana", "2026-11-22T00:00:00.000Z", None, None, None
)
PROGRAM = ProgramMessage("abc", "stage-1", 5_625_000_000, None, (), epoch=3)


class Deaf:
    """A recogniser that is given nothing here."""

    def recognise(self, samples: Any, language: str) -> list[Word]:
        raise AssertionError


class World:
    """A captioner of English on a bus."""

    def __init__(self) -> None:
        self.bus = InprocBus()
        self.captioner = Captioner("captioner-1", ("en",), InprocBus(self.bus.exchange), SystemClock(), Deaf)
        self.task = asyncio.create_task(self.captioner.run())

    def say(self, message: SpaceMessage | ProgramMessage) -> None:
        self.bus.publish(message.subject, message.encode(), retain=1)

    def hears(self) -> bool:
        patterns = [pattern for queue in self.bus.exchange.queues for pattern in queue._patterns]
        return "part.abc.opus" in patterns


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await until(lambda: bool(made.bus.exchange.queues))
    yield made
    made.task.cancel()
    await asyncio.gather(made.task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def settle(world: World) -> None:
    """All that was said has been read."""
    await until(lambda: not any(queue._queue for queue in world.bus.exchange.queues))
    await asyncio.sleep(0)


async def test_a_space_that_is_only_announced_is_not_heard(world: World) -> None:
    wanted = replace(SPACE, captions="automatic")
    world.say(wanted)
    await settle(world)
    assert not world.hears()
    world.say(PROGRAM)  # the go-live clock, or the standby sound before it
    await until(world.hears)
    world.say(replace(PROGRAM, last_sequence=PROGRAM.first_sequence + 9))
    await until(lambda: not world.hears())
    world.say(replace(PROGRAM, epoch=4))
    await until(world.hears)
    world.say(replace(PROGRAM, epoch=3, last_sequence=PROGRAM.first_sequence + 9))
    await settle(world)
    assert world.hears(), "who lost the Space says nothing about it"


async def test_only_who_asks_for_it_in_a_known_language_is_heard(world: World) -> None:
    world.say(PROGRAM)
    for number, changes in enumerate(
        ({}, {"captions": "human"}, {"captions": "automatic", "language": "fr"})
    ):
        world.say(replace(SPACE, revision=number + 2, **changes))  # type: ignore[arg-type]
        await settle(world)
        assert not world.hears(), changes
    world.say(replace(SPACE, revision=9, captions="automatic", state="live"))
    await until(world.hears)
    world.say(replace(SPACE, revision=10, captions="automatic", state="ended"))
    await until(lambda: not world.hears())
