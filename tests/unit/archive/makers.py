"""A recording as a stage would have sent it, made by the real encoders."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from parvis.archive.disk import PARTS_FOLDER, Disk, Pending
from parvis.archive.record import Record, write_record
from parvis.bus.messages import PartMessage, ProgramMessage, SeatState, SpaceMessage
from parvis.clock import TICK_SAMPLES, TICKS_PER_PART
from parvis.media.events import Event
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.encoders import Samples
from parvis.program.packager import ProgramEncoder

SPACE = "0123456789"
FIRST = 5_600_000_000
"""A sequence of 14 October 2026."""


def space_message(
    *,
    revision: int = 1,
    state: str = "live",
    recording: str = "program",
    seats: tuple[SeatState, ...] | None = None,
) -> SpaceMessage:
    return SpaceMessage(
        id=SPACE,
        revision=revision,
        title="Budget night",
        description="What it means",
        language="en",
        state=state,
        host="ana",
        created_at="2026-10-14T17:00:00.000Z",
        starts_at=None,
        started_at="2026-10-14T17:00:00.000Z",
        ended_at="2026-10-14T18:00:00.000Z" if state == "ended" else None,
        seats=(
            SeatState("ana", "Ana", "host", None, "acc-ana"),
            SeatState("ben", "Ben & Co", "speaker", None, "acc-ben"),
        )
        if seats is None
        else seats,
        recording=recording,
    )


@cache
def program(
    parts: int = 12, frequency_hz: int = 440
) -> tuple[ProgramMessage, tuple[PartMessage, ...], Samples]:
    """A program of so many parts: its announcement, its parts in both renditions, and the samples spoken.
    Ana is heard in the first half, Ben in the second."""
    encoder = ProgramEncoder(SPACE, FIRST)
    time = np.arange(parts * TICKS_PER_PART * TICK_SAMPLES) / 48_000
    sound = (
        8000 * np.sin(2 * np.pi * frequency_hz * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 1.7 * time))
    ).astype(np.int16)
    found: list[PartMessage] = []
    encoder.add_event(
        Event.of(
            "stage",
            speakers=[
                {"handle": "ana", "display_name": "Ana"},
                {"handle": "ben", "display_name": "Ben & Co"},
            ],
        )
    )
    for number, tick in enumerate(sound.reshape(-1, TICK_SAMPLES)):
        if number % TICKS_PER_PART == TICKS_PER_PART - 1:
            who = "ana" if number < parts * TICKS_PER_PART / 2 else "ben"
            encoder.add_event(Event.of("levels", levels={who: 80}, active=who))
        found += encoder.push(tick)
    found += encoder.flush()
    message = ProgramMessage(SPACE, "stage-1", FIRST, FIRST + parts - 1, encoder.renditions)
    return message, tuple(found), sound


def pending(part: PartMessage, *, lane: str | None = None, epoch: int | None = None) -> Pending:
    return Pending(
        part.space,
        lane or part.rendition,
        part.sequence,
        part.body,
        part.epoch if epoch is None else epoch,
        part.last,
        0.0,
    )


def recorded(root: Path, parts: Iterable[PartMessage], record: Record) -> Path:
    """A folder with these parts and this record."""
    disk = Disk(root, sync_each_part=False)
    assert disk.write([pending(part) for part in parts]) == []
    disk.close()
    folder = root / SPACE
    (folder / PARTS_FOLDER).mkdir(parents=True, exist_ok=True)
    write_record(folder, record)
    return folder


def ended_record() -> Record:
    return Record.new(space_message(state="ended")).with_program(program()[0])


def decoded(rendition: Rendition, units: Iterable[bytes]) -> Samples:
    return Decoder(rendition).decode(units)
