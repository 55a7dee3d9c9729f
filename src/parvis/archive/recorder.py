"""From the bus to the disk: every Space that is to be recorded, part by part.

Rules:

- The loop never waits for the disk. Parts go to their lanes in memory; one worker thread writes what waits
  there. A disk that is full or hangs is told of, tried again each second, and costs sound only after 60 s.
- Parts and programs may come before control's word about their Space: they wait for it, bounded.
- What the record says on disk is enough to go on while control is away.
- A Space whose recording is off leaves nothing: no file, no folder.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, TypeVar

import structlog

from parvis.archive.disk import Disk, Pending
from parvis.archive.library import Library, is_safe
from parvis.archive.record import Record
from parvis.archive.recording import Recording
from parvis.archive.sequences import Range
from parvis.bus.manners import BanMessage
from parvis.bus.messages import RING_PARTS, PartMessage, ProgramMessage, SpaceMessage
from parvis.bus.port import Publisher
from parvis.clock import PART_MS, Clock, sequence_at
from parvis.errors import ParvisError

log = structlog.get_logger(__name__)

T = TypeVar("T")

PATTERNS: Final = ("space.", "program.", "part.", "track.", "ban.")
"""What to read from the bus, with replay."""

BATCH_PARTS: Final = 64
RETRY_S: Final = 1.0
EARLY_PARTS: Final = 4_096
"""Parts kept for Spaces that control has not spoken of yet, all together: 10 minutes of one Space."""
FORGOTTEN_AFTER_S: Final = 86_400.0
"""A recording of which nothing is heard for a day, and of whose Space control says nothing, is over."""
DONE_KEPT_S: Final = 600.0
BANS_KEPT: Final = 10_000
"""Spaces of which bans are known before they are recorded."""
HOLE_TRIES: Final = 3
"""How often the bus is asked again for the same hole."""


class Recorder:
    """Loop-owned. `on_complete` is told of each Space whose recording is complete."""

    def __init__(
        self,
        library: Library,
        bus: Publisher,
        clock: Clock,
        on_complete: Callable[[str], None],
        *,
        fsync: str,
        memory_s: float,
    ) -> None:
        self._library = library
        self._bus = bus
        self._clock = clock
        self._on_complete = on_complete
        self._fsync = fsync
        self._limit_parts = max(1, int(memory_s * 1000) // PART_MS)
        self._disk = Disk(library.root, sync_each_part=fsync == "part")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="archive-disk")
        self._recordings: dict[str, Recording] = {}
        self._spaces: dict[str, SpaceMessage] = {}
        self._programs: dict[str, ProgramMessage] = {}
        self._banned: dict[str, tuple[str, ...]] = {}
        self._early: deque[tuple[str, PartMessage]] = deque(maxlen=EARLY_PARTS)
        self._heard_s: dict[str, float] = {}
        self._said: dict[str, tuple[str, float]] = {}
        self._hole_tries: dict[str, Counter[Range]] = {}
        self._work = asyncio.Event()
        self._next_sync_s = 0.0
        self._disk_trouble = ""

    # ------------------------------------------------------------------ from the bus

    async def restore(self) -> None:
        """Finds again what was being recorded; torn tails are cut. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        for record in self._library.all():
            if record.finished:
                continue
            recording = self._recording(record.space.id)
            self._spaces.setdefault(record.space.id, record.space)
            for lane, sequence, epoch in await loop.run_in_executor(
                self._thread, self._disk.load, record.space.id
            ):
                recording.lane(lane).found(sequence, epoch)
            if record.space.state == "ended":
                recording.ended_since_s = self._clock.monotonic_s()
            log.info("a recording goes on", space=record.space.id)

    def take(self, subject: str, payload: bytes) -> None:
        """One message of the bus. Never waits, never raises."""
        try:
            if subject.startswith("space."):
                self._take_space(SpaceMessage.decode(payload))
            elif subject.startswith("program."):
                self._take_program(ProgramMessage.decode(payload))
            elif subject.startswith("ban."):
                self._take_ban(BanMessage.decode(payload))
            else:
                part = PartMessage.decode(subject, payload)
                kind, _, name = subject.split(".")
                self._take_part(f"track-{name}" if kind == "track" else name, part)
        except (ParvisError, ValueError, KeyError, TypeError) as error:
            log.warning("a bus message can't be read", subject=subject, error=str(error))

    def spaces(self) -> list[SpaceMessage]:
        """What control last said of each Space."""
        return list(self._spaces.values())

    def _take_space(self, message: SpaceMessage) -> None:
        before = self._spaces.get(message.id)
        if before is not None and message.revision < before.revision:
            return
        self._spaces[message.id] = message
        record = self._library.get(message.id)
        if record is not None and not record.finished:
            self._library.put(record.with_space(message, sequence_now=self._sequence_now()))
        elif (
            record is None and message.recording != "off" and before is not None and before.recording == "off"
        ):
            # It was not to be recorded until now: parts of before may still come around.
            self._begin(message, off_until=self._sequence_now())
        if message.state == "ended" and message.id in self._recordings:
            recording = self._recordings[message.id]
            recording.ended_since_s = recording.ended_since_s or self._clock.monotonic_s()
            self._work.set()
        self._take_early(message.id)

    def _take_early(self, space: str) -> None:
        mine = [(lane, part) for lane, part in self._early if part.space == space]
        if mine:
            self._early = deque((pair for pair in self._early if pair[1].space != space), maxlen=EARLY_PARTS)
        for lane, part in mine:
            self._take_part(lane, part)

    def _take_program(self, message: ProgramMessage) -> None:
        before = self._programs.get(message.space)
        if before is not None and message.epoch < before.epoch:
            return
        self._programs[message.space] = message
        record = self._library.get(message.space)
        if record is not None and not record.finished:
            self._library.put(record.with_program(message))
            self._work.set()

    def _take_ban(self, message: BanMessage) -> None:
        record = self._library.get(message.space)
        if record is not None:
            self._library.put(replace(record, banned=message.accounts))
            self._work.set()
        elif len(self._banned) < BANS_KEPT or message.space in self._banned:
            self._banned[message.space] = message.accounts

    def _take_part(self, lane: str, part: PartMessage) -> None:
        space = self._spaces.get(part.space)
        if self._library.is_grave(part.space) or not is_safe(part.space) or not is_safe(lane):
            return
        if space is None:
            self._early.append((lane, part))
            return
        record = self._library.get(part.space)
        if record is None:
            if space.recording == "off":
                return
            record = self._begin(space)
        if record.finished or record.is_paused_at(part.sequence):
            return
        if lane.startswith("track-") and record.mode != "tracks":
            return
        now_s = self._clock.monotonic_s()
        self._heard_s[part.space] = now_s
        pending = Pending(part.space, lane, part.sequence, part.body, part.epoch, part.last, now_s)
        if self._recording(part.space).lane(lane).take(pending):
            self._work.set()

    def _begin(self, space: SpaceMessage, *, off_until: int | None = None) -> Record:
        record = Record.new(space, off_until=off_until)
        program = self._programs.get(space.id)
        if program is not None:
            record = record.with_program(program)
        record = replace(record, banned=self._banned.pop(space.id, ()))
        self._library.put(record)
        recording = self._recording(space.id)
        if space.state == "ended":
            recording.ended_since_s = self._clock.monotonic_s()
        log.info("a recording begins", space=space.id, mode=record.mode)
        return record

    def _recording(self, space: str) -> Recording:
        if space not in self._recordings:
            self._recordings[space] = Recording(space, self._limit_parts)
            self._heard_s.setdefault(space, self._clock.monotonic_s())
        return self._recordings[space]

    def _sequence_now(self) -> int:
        return sequence_at(self._clock.program_s())

    # ------------------------------------------------------------------ to the disk

    async def run(self) -> None:
        """Writes until cancelled; then writes what waits once more, and closes."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_writing())
                tasks.create_task(self._keep_looking())
        finally:
            await asyncio.shield(self._last_words())

    async def _keep_writing(self) -> None:
        while True:
            try:
                async with asyncio.timeout(RETRY_S):
                    await self._work.wait()
            except TimeoutError:
                pass
            self._work.clear()
            await self._write_all()
            await self._in_thread(self._disk.tidy)
            self._look()

    async def _keep_looking(self) -> None:
        """A disk that is slow or hangs keeps the writer waiting: that is just what must be told."""
        while True:
            await asyncio.sleep(RETRY_S)
            self._look()

    async def _write_all(self) -> None:
        """All that waits, in batches; stops at the first failure, for the disk needs time."""
        await self._write_records()
        while True:
            batch = [
                part
                for recording in self._recordings.values()
                for lane in recording.lanes.values()
                for part in lane.start_writing(BATCH_PARTS)
            ]
            failed = await self._write(batch) if batch else []
            if failed or not batch:
                break
        if failed:
            await asyncio.sleep(RETRY_S)
        if self._fsync == "second" and self._clock.monotonic_s() >= self._next_sync_s:
            self._next_sync_s = self._clock.monotonic_s() + 1.0
            await self._sync()

    async def _write(self, batch: list[Pending]) -> list[tuple[Pending, OSError]]:
        failed = await self._in_thread(lambda: self._disk.write(batch))
        tried: dict[tuple[str, str], int] = {}
        for part in batch:
            tried[part.space, part.lane] = tried.get((part.space, part.lane), 0) + 1
        for (space, lane), count in tried.items():
            if space not in self._recordings:  # deleted meanwhile
                continue
            back = [part for part, _ in failed if (part.space, part.lane) == (space, lane)]
            self._recordings[space].lane(lane).finish_writing(count, back)
        troubles = {part.space: error for part, error in failed}
        for space in {part.space for part in batch if part.space in self._recordings}:
            self._set_trouble(space, troubles.get(space))
        return failed

    def _set_trouble(self, space: str, error: OSError | None) -> None:
        recording = self._recordings[space]
        text = f"{error.strerror or error}" if error is not None else ""
        if text and not recording.trouble:
            log.error("a recording can't be written; it is kept in memory", space=space, error=text)
        elif recording.trouble and not text:
            log.warning("a recording is written again", space=space, lost_parts=_given_up(recording))
        recording.trouble = text

    async def _write_records(self) -> None:
        records = self._library.take_unwritten()
        if not records:
            return
        for record, error in await self._in_thread(lambda: self._disk.write_records(records)):
            self._library.not_written(record.space.id)
            if record.space.id in self._recordings:
                self._set_trouble(record.space.id, error)

    async def save(self, record: Record) -> None:
        """Makes a decision durable before it is answered for. Raises `OSError`; it is then tried again."""
        self._library.put(record)
        for _, error in await self._in_thread(lambda: self._disk.write_records([record])):
            self._library.not_written(record.space.id)
            raise error

    async def _sync(self) -> None:
        try:
            await self._in_thread(self._disk.sync)
        except OSError as error:
            if not self._disk_trouble:
                log.error("the disk does not keep what is written", error=str(error))  # noqa: TRY400
            self._disk_trouble = str(error)
        else:
            self._disk_trouble = ""

    async def _last_words(self) -> None:
        await self._write_all()
        await self._in_thread(self._disk.close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Shielded: what the thread was given is done, even when who waits for it is cancelled."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))

    # ------------------------------------------------------------------ how it goes

    def _look(self) -> None:
        now_s = self._clock.monotonic_s()
        for space, recording in list(self._recordings.items()):
            record = self._library.get(space)
            if record is None:  # it was deleted
                self._forget(space)
                continue
            given_up = _given_up(recording)
            if given_up > record.dropped_parts:
                record = replace(record, dropped_parts=given_up)
                self._library.put(record)
            silent_s = now_s - self._heard_s[space]
            if silent_s > FORGOTTEN_AFTER_S and recording.ended_since_s is None:
                recording.ended_since_s = now_s
            if not recording.done and recording.is_complete(
                record.last_sequence, now_s, hopes=self._hopes(recording, record)
            ):
                recording.done = True
                self._library.put(replace(record, finished=True))
                self._thread.submit(self._disk.release, space)
                log.info("a recording is complete", space=space, **_counts(recording, now_s))
                self._on_complete(space)
            self._tell(recording, now_s)
            if recording.done and now_s - (recording.ended_since_s or now_s) > DONE_KEPT_S:
                self._forget(space)

    def _tell(self, recording: Recording, now_s: float) -> None:
        """The state when it changes, and every second otherwise."""
        state, told_s = self._said.get(recording.space, ("", -1.0))
        now_state = recording.state(now_s)
        if state == now_state and (now_s - told_s < 1.0 or now_state == "done"):
            return
        self._said[recording.space] = now_state, now_s
        message = recording.message(now_s)
        self._bus.publish(message.subject, message.encode(), retain=1)

    def _forget(self, space: str) -> None:
        self._recordings.pop(space, None)
        self._heard_s.pop(space, None)
        self._said.pop(space, None)
        self._hole_tries.pop(space, None)
        self._bus.forget(f"archive.{space}")

    def wanting(self) -> list[str]:
        """Spaces with holes that the bus may still fill, each hole named at most `HOLE_TRIES` times."""
        found = []
        for space, recording in self._recordings.items():
            if recording.done:
                continue
            record = self._library.get(space)
            last = record.last_sequence if record is not None else None
            tries = self._hole_tries.setdefault(space, Counter())
            fresh = [hole for hole in recording.holes(RING_PARTS, last) if tries[hole] < HOLE_TRIES]
            for hole in fresh:
                tries[hole] += 1
            if fresh:
                found.append(space)
        return found

    def _hopes(self, recording: Recording, record: Record) -> bool:
        """There is a hole for which the bus was not asked, or has not had the time to answer.

        One try takes as long as until the next.
        """
        tries = self._hole_tries.get(recording.space, Counter())
        return any(tries[hole] < 2 for hole in recording.holes(RING_PARTS, record.last_sequence))

    def gauges(self) -> dict[str, float]:
        """For the heartbeat."""
        now_s = self._clock.monotonic_s()
        states = [recording.state(now_s) for recording in self._recordings.values()]
        return {
            "recordings": float(sum(state != "done" for state in states)),
            "recordings_behind": float(states.count("behind")),
            "recordings_failing": float(states.count("failing")),
            "recording_waiting_parts": float(sum(r.waiting_parts for r in self._recordings.values())),
            "recording_given_up_parts": float(sum(_given_up(r) for r in self._recordings.values())),
        }


def _given_up(recording: Recording) -> int:
    return sum(lane.given_up for lane in recording.lanes.values())


def _counts(recording: Recording, now_s: float) -> dict[str, int]:
    message = recording.message(now_s)
    return {"recorded_parts": message.recorded_parts, "lost_parts": message.lost_parts}
