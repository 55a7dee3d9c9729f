"""The archive is killed, or its disk is full: the replay is what listeners got."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from dataclasses import replace
from typing import Any

import av
import httpx

from parvis.archive.parts_file import read_entries
from parvis.clock import PART_MS
from parvis.media.rendition import Rendition
from tests.chaos.figures import Figures, Promise
from tests.chaos.scenario import Scenario
from tests.chaos.scenarios.control import no_room_for
from tests.chaos.world import PATIENCE_S, Scene, World
from tests.parvis import wait_until

RECORDED = Promise(recovery_ms=0, lost_recorded_parts=1)
KILLS = 3
FULL_PARTS = 30
FILE_LIMIT_BYTES = 4_096


def killed(world: World, kills: int = KILLS) -> Figures:
    """`kill -9` of the archive at random moments of a part's life."""
    scene = world.live(recording="program")
    moments = random.Random(time.monotonic_ns())
    fault_s = 0.0
    for _ in range(kills):
        before = world.parvis.pid("archive")
        _wait_for_more(scene, 1)
        threading.Event().wait(moments.uniform(0, 2 * PART_MS / 1000))
        os.kill(before, signal.SIGKILL)
        fault_s = fault_s or time.monotonic()
        world.back("archive", before)
    return with_replay(scene, fault_s)


def without_room(world: World) -> Figures:
    """A limit on the size of files stands for a full disk: what can't be written waits in memory."""
    scene = world.live(recording="program")
    _wait_for_more(scene, 3)
    fault_s = time.monotonic()
    with no_room_for(world.parvis.pid("archive"), size_bytes=FILE_LIMIT_BYTES):
        scene.wait_for_parts(FULL_PARTS)
    return with_replay(scene, fault_s)


def with_replay(scene: Scene, fault_s: float) -> Figures:
    """What was heard, held against the replay: the Space is ended for it."""
    _wait_for_more(scene, 3)
    figures = scene.afterwards(fault_s)
    scene.end()
    url = f"{scene.world.parvis.archive}/replay/{scene.id}/replay.json"
    wait_until(lambda: httpx.get(url).status_code == 200, patience_s=PATIENCE_S)
    told: dict[str, Any] = httpx.get(url).json()
    lost = differing = 0
    for memory in (ear.memory for ear in scene.ears):
        replay = _replay_units(scene, told, memory.codec)
        heard = [part for part in memory.parts if not part.is_stand_in]
        in_replay = {n for n, units in replay.items() if len(set(units)) > 1}  # what was lost is silent there
        lost = max(lost, sum(part.sequence not in in_replay for part in heard))
        kept = [part for part in heard if part.sequence in in_replay]
        differing += sum(replay[part.sequence] != part.units for part in kept)
    return replace(
        figures,
        two_sounds=figures.two_sounds + differing,
        lost_recorded_parts=lost,
        more={**figures.more, "recorded_parts": told["parts"]},
    )


def _replay_units(scene: Scene, told: dict[str, Any], codec: Rendition) -> dict[int, tuple[bytes, ...]]:
    """Access units by part, out of the container as another demuxer reads it."""
    name = "audio.m4a" if codec is Rendition.AAC else "audio.opus"
    file = scene.world.folder / f"{scene.id}-{name}"
    if not file.exists():
        file.write_bytes(httpx.get(f"{scene.world.parvis.archive}/replay/{scene.id}/{name}").content)
    with av.open(str(file)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    count = codec.frames_per_part
    numbers = [n for first, last in told["ranges"] for n in range(first, last + 1)]
    assert len(packets) == count * len(numbers), "the replay holds another number of parts than it says"
    return {n: tuple(packets[i * count : (i + 1) * count]) for i, n in enumerate(numbers)}


def _wait_for_more(scene: Scene, parts: int) -> None:
    """Until so many more are on disk."""
    goal = _on_disk(scene) + parts
    wait_until(lambda: _on_disk(scene) >= goal, patience_s=PATIENCE_S)


def _on_disk(scene: Scene) -> int:
    """Whole parts of Opus on disk."""
    files = (scene.world.parvis.data / "archive" / scene.id / "parts").glob("opus.*.parts")
    return sum(len(read_entries(file)) for file in files)


SCENARIOS = (
    Scenario("archive-kill", "archive killed three times", killed, RECORDED),
    Scenario("archive-full", "no room for the recording", without_room, RECORDED),
)
