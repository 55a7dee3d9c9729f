"""From a bus to the disk, with a real folder: what is written, what is not, and what a bad disk does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from parvis.archive.disk import PARTS_FOLDER
from parvis.archive.library import Library
from parvis.archive.recorder import Recorder
from parvis.archive.source import Source
from parvis.bus.messages import ArchiveMessage, PartMessage
from parvis.clock import SystemClock
from parvis.media.rendition import Rendition
from tests.inproc_bus import InprocBus
from tests.unit.archive.makers import FIRST, SPACE, program, space_message

PARTS = 12


class World:
    """A recorder, its bus and its folder."""

    def __init__(self, root: Path, *, memory_s: float = 60.0) -> None:
        self.root = root
        self.bus = InprocBus()
        self.complete: list[str] = []
        self.library = Library(root)
        self.library.restore()
        self.recorder = Recorder(
            self.library, self.bus, SystemClock(), self.complete.append, fsync="second", memory_s=memory_s
        )

    @property
    def parts(self) -> Path:
        return self.root / SPACE / PARTS_FOLDER

    def say(self, **words: object) -> None:
        message = space_message(**words)  # type: ignore[arg-type]
        self.recorder.take(message.subject, message.encode())

    def announce(self) -> None:
        message = program(PARTS)[0]
        self.recorder.take(message.subject, message.encode())

    def send(self, parts: list[PartMessage] | None = None) -> None:
        for part in all_parts() if parts is None else parts:
            self.recorder.take(part.subject, part.encode())

    def written(self, lane: str = "opus") -> list[tuple[int, int]]:
        if not self.parts.exists():
            return []
        with Source(self.parts, lane, {}) as source:
            return source.parts.ranges()

    def told(self) -> ArchiveMessage | None:
        kept = self.bus.exchange.retained.get(f"archive.{SPACE}")
        return ArchiveMessage.decode(kept[-1]) if kept else None


def all_parts() -> list[PartMessage]:
    return list(program(PARTS)[1])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[World]:
    await world.recorder.restore()
    task = asyncio.create_task(world.recorder.run())
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running(World(tmp_path / "archive")) as it:
        yield it


WHOLE = [(FIRST, FIRST + PARTS - 1)]


async def test_every_part_is_written_whatever_comes_first(world: World) -> None:
    world.send(all_parts()[:7])
    world.announce()
    world.say()
    world.send(all_parts()[5:])
    await until(lambda: world.written("opus") == world.written("aac") == WHOLE)
    record = world.library.get(SPACE)
    assert record is not None
    assert record.silence["opus"] == program(PARTS)[0].renditions[0].silence


async def test_a_space_that_is_not_recorded_leaves_nothing(world: World) -> None:
    world.say(recording="off")
    world.announce()
    world.send()
    world.say(revision=2, state="ended", recording="off")
    await until(lambda: not world.recorder._work.is_set())
    assert list(world.root.iterdir()) == []
    assert world.library.all() == []


async def test_what_was_said_before_recording_was_switched_on_is_not_kept(world: World) -> None:
    world.say(recording="off")
    world.say(revision=2, recording="program")
    world.send()  # of October 2026: before now
    world.say(revision=3, state="ended")
    await until(lambda: (told := world.told()) is not None and told.state in ("recording", "done"))
    assert world.written() == []


async def test_the_end_completes_it_once_the_last_part_is_there(world: World) -> None:
    world.say()
    world.announce()
    world.send(all_parts()[:-1])
    world.say(revision=2, state="ended")
    await until(lambda: world.written("opus") == WHOLE)
    assert world.complete == []
    world.send(all_parts()[-1:])
    await until(lambda: world.complete == [SPACE])
    told = world.told()
    assert told is not None
    assert (told.state, told.recorded_parts, told.lost_parts) == ("done", PARTS, 0)


async def test_holes_are_told_and_filled_when_the_bus_brings_them(world: World) -> None:
    world.say()
    gone = [part for part in all_parts() if part.sequence in (FIRST + 4, FIRST + 5)]
    world.send([part for part in all_parts() if part not in gone])
    await until(lambda: (told := world.told()) is not None and told.lost_parts == 2)
    world.send(gone)
    await until(lambda: world.written() == WHOLE)
    await until(lambda: (told := world.told()) is not None and told.lost_parts == 0)


async def test_who_comes_back_goes_on_with_what_is_there(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    async with running(World(root)) as first:
        first.say()
        first.send(all_parts()[:13])
        await until(lambda: first.written("aac") != [])
    data = next((root / SPACE / PARTS_FOLDER).glob("opus.*.parts"))
    size = data.stat().st_size
    data.write_bytes(data.read_bytes()[:-5])
    async with running(World(root)) as second:  # control is away: nothing says what this Space is
        second.send()
        await until(lambda: second.written("opus") == second.written("aac") == WHOLE)
    assert data.stat().st_size > size
    assert sum(1 for _ in data.parent.glob("*.parts")) == 2


async def test_a_disk_that_refuses_costs_nothing_while_memory_lasts(world: World) -> None:
    (world.root / SPACE).mkdir(parents=True)
    world.parts.write_bytes(b"in the way")
    world.say()
    world.send()
    await until(lambda: (told := world.told()) is not None and told.state == "failing")
    told = world.told()
    assert told is not None
    assert (told.waiting_parts, told.detail) == (2 * PARTS, "File exists")
    assert world.recorder.gauges()["recordings_failing"] == 1
    world.parts.unlink()
    await until(lambda: world.written("opus") == world.written("aac") == WHOLE)
    await until(lambda: (told := world.told()) is not None and told.state == "recording")


async def test_memory_is_bounded_and_what_is_given_up_is_said(tmp_path: Path) -> None:
    async with running(World(tmp_path / "archive", memory_s=8 * 0.32)) as world:
        (world.root / SPACE).mkdir(parents=True)
        world.parts.write_bytes(b"in the way")
        world.say()
        world.send()
        await until(lambda: world.recorder.gauges()["recording_given_up_parts"] == 2 * (PARTS - 8))
        world.parts.unlink()
        await until(lambda: world.written() == [(FIRST + PARTS - 8, FIRST + PARTS - 1)])
        await until(lambda: world.recorder.gauges()["recording_waiting_parts"] == 0)
        world.send()  # the bus replays: what was given up is wanted again
        await until(lambda: world.written("opus") == world.written("aac") == WHOLE)


async def test_tracks_are_kept_only_when_asked_for(world: World) -> None:
    track = [part for part in all_parts() if part.rendition is Rendition.OPUS]
    world.say()
    for part in track:
        world.recorder.take(f"track.{SPACE}.ben", part.encode())
    world.say(revision=2, recording="tracks")
    for part in track:
        world.recorder.take(f"track.{SPACE}.ana", part.encode())
    await until(lambda: world.written("track-ana") == WHOLE)
    assert world.written("track-ben") == []


async def test_garbage_on_the_bus_stops_nothing(world: World) -> None:
    for subject in ("space.x", "program.x", "part.x.opus", "part.x.mp3", "track.x.y", "part.../etc.opus"):
        world.recorder.take(subject, b"\xff")
    world.say()
    world.send()
    await until(lambda: world.written() == WHOLE)
