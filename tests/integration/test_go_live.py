"""On air at the announced second: by a stage and an edge alone, with nobody in control's place any more."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from parvis.clock import part_start_s, sequence_at
from tests.integration.signals import Int16, beginnings, power_db
from tests.integration.stage_and_edge import (
    StageAndEdge,
    read_wav,
    rfc3339,
    stage_and_edge,
    until,
)
from tests.parvis import summary

VOICE_HZ = 1000
CHORD_HZ = 146.83


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[StageAndEdge]:
    async with stage_and_edge(tmp_path) as running:
        yield running


def a_second_inside_a_part(at_least_in_s: float) -> int:
    """The next whole second that lies in the first half of a part, and is not its beginning."""
    second = int(time.time() + at_least_in_s) + 1
    while not 0 < second * 1000 % 320 <= 160:
        second += 1
    return second


def part_of(sound: Int16, first_sequence: int, sequence: int) -> Int16:
    start = (sequence - first_sequence) * 15_360
    return sound[start : start + 15_360]


async def test_the_first_part_with_speech_is_the_one_that_holds_starts_at(
    world: StageAndEdge, tmp_path: Path
) -> None:
    assert world.control is not None
    far_off = rfc3339(time.time() + 240)
    world.say("abc", starts_at=far_off, auto_start=True, standby="tone")
    ana = await world.seat("abc", "ana", VOICE_HZ)
    await until(lambda: len(world.space_json("abc")["renditions"]) == 2)
    early = world.space_json("abc")
    assert (early["state"], early["starts_at"]) == ("scheduled", far_off)
    assert not any(speaker["connected"] for speaker in early["speakers"]), "the green room is private"
    ear = world.listen("abc", "--out", str(tmp_path / "heard.wav"))
    await until(lambda: world.space_json("abc")["counts"]["listeners"] == 1)
    await until(lambda: world.heard.seats["abc"].seats[0].connected)
    assert not world.heard.seats["abc"].on_air
    starts_s = a_second_inside_a_part(3)
    starts_at = rfc3339(starts_s)
    world.say("abc", starts_at=starts_at)
    await until(lambda: world.space_json("abc")["starts_at"] == starts_at)
    await world.control.close()
    await until(lambda: world.heard.newest["abc"] >= sequence_at(starts_s) + 8)
    ear.send_signal(signal.SIGINT)
    told = await asyncio.to_thread(summary, ear)
    assert (told["gaps"], told["repeats"]) == (0, 0)
    heard, first = read_wav(tmp_path / "heard.wav"), told["first_sequence"]

    opening = sequence_at(starts_s)
    assert first < opening
    assert power_db(part_of(heard, first, opening - 1), VOICE_HZ) < -60
    assert power_db(part_of(heard, first, opening - 1), CHORD_HZ) > -50
    assert power_db(part_of(heard, first, opening), VOICE_HZ) > -40
    assert power_db(part_of(heard, first, opening + 1), VOICE_HZ) > -20
    assert power_db(part_of(heard, first, opening + 2), CHORD_HZ) < -60
    began_s, *_ = beginnings(np.ascontiguousarray(heard), VOICE_HZ)
    assert part_start_s(first) + began_s == pytest.approx(starts_s, abs=0.02)

    opened = [(n, fields) for n, name, fields in world.heard.events["abc"] if name == "state"]
    changes: list[tuple[int, Any]] = [opened[0][:2]]
    for number, fields in opened:
        before = changes[-1][1]
        if (fields["state"], fields["reason"]) != (before["state"], before["reason"]):
            changes.append((number, fields))
    assert [(fields["state"], fields["reason"]) for _, fields in changes] == [
        ("scheduled", None),
        ("live", None),
    ]
    assert changes[1][0] == opening
    assert changes[1][1]["starts_at"] == starts_at
    assert world.heard.seats["abc"].on_air
    assert world.space_json("abc")["state"] == "live", "the edge believes the stage"
    await ana.leave()


async def test_without_the_host_it_waits_for_a_co_host(world: StageAndEdge) -> None:
    starts_s = a_second_inside_a_part(4)
    world.say("abc", starts_at=rfc3339(starts_s), auto_start=True, standby="tone", if_absent="hold")
    cem = await world.seat("abc", "cem", 700)
    await until(lambda: [e["reason"] for e in world.heard.said("abc", "state")][-1:] == ["waiting-for-host"])
    assert world.heard.newest["abc"] >= sequence_at(starts_s)
    assert not world.heard.seats["abc"].on_air
    assert world.heard.said("abc", "levels") == [], "nobody is told who speaks in the green room"
    ben = await world.seat("abc", "ben", VOICE_HZ)
    await until(lambda: world.heard.seats["abc"].on_air)
    await until(lambda: any(e["levels"].keys() >= {"ben", "cem"} for e in world.heard.said("abc", "levels")))
    for seat in (ben, cem):
        await seat.leave()


async def test_a_scheduled_space_without_a_program_is_not_begun(world: StageAndEdge) -> None:
    world.say("abc", starts_at=rfc3339(time.time() + 3600), auto_start=True, standby="tone")
    async with httpx.AsyncClient() as http:

        async def status() -> tuple[int, str]:
            answer = await http.get(f"{world.edge}/live/abc/stream.mp4")
            return answer.status_code, answer.json()["code"]

        async with asyncio.timeout(20):
            while await status() != (409, "space-not-begun"):
                await asyncio.sleep(0.05)


async def test_the_green_room_is_checked_for_sound(world: StageAndEdge) -> None:
    world.say("abc")
    ana = await world.seat("abc", "ana", VOICE_HZ)

    def check() -> dict[str, Any]:
        seats = world.heard.seats.get("abc")
        return (seats.seats[0].check if seats else None) or {}

    await until(lambda: check().get("level_dbfs") is not None)
    told = check()
    # A sine with a peak of 8,000 of 32,768 has an RMS of −15.3 dBFS; Opus leaves it within a decibel.
    assert told["level_dbfs"] == pytest.approx(-15.3, abs=1)
    assert (told["echo"], told["clipping_percent"], told["noise_dbfs"]) == (None, 0.0, None)
    assert told["verdict"] in ("good", "fair"), told
    await ana.leave()
