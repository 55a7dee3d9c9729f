"""Recording with a whole Parvis: killed at random, without room, and compared with what a listener got."""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from parvis.archive.parts_file import read_entries
from parvis.archive.source import Source
from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import ArchiveMessage
from parvis.bus.run_dir import prepare_run_dir
from parvis.cli.speak import write_wav
from parvis.clock import PART_SAMPLES
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, Person, speak, summary, wait_until

Units = dict[int, tuple[bytes, ...]]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """A Parvis that these tests may break, and mend."""
    running = Parvis(tmp_path_factory.mktemp("recording") / "data", edges=1)
    try:
        running.start()
        yield running
    finally:
        code = running.stop()
    assert code == 0


class Listener:
    """Keeps every part that an edge sends, until the Space ends."""

    def __init__(self, parvis: Parvis, space: str, codec: Rendition) -> None:
        self.units: Units = {}
        self._url = f"{parvis.edge}/live/{space}/stream.mp4?codec={codec}&from=1"
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        reader = PartReader()
        with httpx.stream("GET", self._url, timeout=60) as stream:
            for data in stream.iter_bytes():
                for item in reader.feed(data):
                    if isinstance(item, Part):
                        self.units[item.sequence] = item.access_units

    def end(self) -> Units:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.units


def live(parvis: Parvis, recording: str = "program") -> tuple[Person, dict[str, Any]]:
    host = parvis.person("host")
    made = host.post("spaces", {"title": "Recorded", "recording": recording})
    host.post(f"spaces/{made['id']}/start")
    wait_until(lambda: bool(parvis.space_json(made["id"])["renditions"]))
    return host, made


def on_disk(parvis: Parvis, space: str) -> int:
    """Whole parts of Opus on disk."""
    files = (parvis.data / "archive" / space / "parts").glob("opus.*.parts")
    return sum(len(read_entries(file)) for file in files)


def replay_of(parvis: Parvis, space: str) -> dict[str, Any]:
    url = f"{parvis.archive}/replay/{space}/replay.json"
    wait_until(lambda: httpx.get(url).status_code == 200, patience_s=60)
    parsed: dict[str, Any] = httpx.get(url).json()
    return parsed


def replay_units(parvis: Parvis, told: dict[str, Any], rendition: Rendition, folder: Path) -> Units:
    """Access units of a replay by part, out of the container as another demuxer reads it."""
    name = "audio.m4a" if rendition is Rendition.AAC else "audio.opus"
    file = folder / name
    file.write_bytes(httpx.get(f"{parvis.archive}/replay/{told['id']}/{name}").content)
    with av.open(str(file)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    count = rendition.frames_per_part
    sequences = [n for first, last in told["ranges"] for n in range(first, last + 1)]
    assert len(packets) == count * len(sequences)
    return {n: tuple(packets[i * count : (i + 1) * count]) for i, n in enumerate(sequences)}


def lost(parvis: Parvis, told: dict[str, Any], rendition: Rendition) -> set[int]:
    """Parts of a replay that are not on disk."""
    with Source(parvis.data / "archive" / told["id"] / "parts", rendition, {}) as source:
        return {n for first, last in told["ranges"] for n in range(first, last + 1)} - set(source.parts)


def never_sent(heard: Units, told: dict[str, Any]) -> set[int]:
    """Parts that no listener got either: the machine was too busy for the stage, and edges filled in."""
    sequences = {n for first, last in told["ranges"] for n in range(first, last + 1)}
    return {n for n in sequences if n not in heard or len(set(heard[n])) == 1}


def compare(heard: Units, replay: Units, rendition: Rendition) -> None:
    """Sample by sample, both decoded from the first part that both have.

    A part that the edge filled in because it came late there (all its units are one and the same) is no part
    of the program: from there on each is decoded anew.
    """
    common = sorted(heard.keys() & replay.keys())
    assert common == list(range(common[0], common[-1] + 1))
    stand_ins = [n for n in common if heard[n] != replay[n]]
    assert all(len(set(heard[n])) == 1 for n in stand_ins), "only a stand-in of the edge may differ"
    assert len(stand_ins) <= len(common) // 10
    one, other = Decoder(rendition), Decoder(rendition)
    for n in common:
        if n in stand_ins:
            one, other = Decoder(rendition), Decoder(rendition)
            continue
        assert np.array_equal(one.decode(heard[n]), other.decode(replay[n]))


def test_killed_again_and_again_it_holds_what_a_listener_got(own: Parvis, tmp_path: Path, long: bool) -> None:
    host, space = live(own)
    write_wav(tmp_path / "tone.wav", tone(700, 2))
    ears = {codec: Listener(own, space["id"], codec) for codec in Rendition}
    speaker = speak(host, space, tmp_path / "tone.wav", "--loop", "--for", "3600")
    wait_until(lambda: own.space_json(space["id"])["speakers"][0]["connected"], patience_s=60)
    moments = random.Random(7)
    for _ in range(20 if long else 2):
        before, parts = own.pid("archive"), on_disk(own, space["id"])
        wait_until(lambda: on_disk(own, space["id"]) > parts)  # noqa: B023
        threading.Event().wait(moments.uniform(0, 0.6))  # anywhere in the life of a part
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: own.pid("archive") not in (before, 0), patience_s=60)  # noqa: B023
    parts = on_disk(own, space["id"])
    wait_until(lambda: on_disk(own, space["id"]) > parts + 8, patience_s=60)
    speaker.terminate()
    speaker.wait(20)
    host.post(f"spaces/{space['id']}/end")
    heard = {codec: ear.end() for codec, ear in ears.items()}
    told = replay_of(own, space["id"])
    for codec in Rendition:
        assert lost(own, told, codec) <= never_sent(heard[codec], told)
        replay = replay_units(own, told, codec, tmp_path)
        assert min(heard[codec]) >= min(replay)
        assert max(heard[codec]) <= max(replay)
        assert len(heard[codec]) > 10
        compare(heard[codec], replay, codec)


def test_without_room_it_waits_in_memory_says_so_and_goes_on(own: Parvis, tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: writes fail half way."""
    host, space = live(own)
    wait_until(lambda: on_disk(own, space["id"]) > 3)
    states = States(own, space["id"])
    pid = own.pid("archive")
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000, hard))
    wait_until(lambda: states.newest() == "failing")
    stopped_at = on_disk(own, space["id"])
    wait_until(lambda: states.waiting_parts > 20)
    assert on_disk(own, space["id"]) <= stopped_at + 1
    assert own.pid("archive") == pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    wait_until(lambda: states.newest() == "recording" and on_disk(own, space["id"]) > stopped_at + 10)
    host.post(f"spaces/{space['id']}/end")
    told = replay_of(own, space["id"])
    assert (told["lost_parts"], told["parts"] > stopped_at + 10) == (0, True)
    wait_until(lambda: states.newest() == "done")
    states.close()


class States:
    """What the bus says of a recording."""

    def __init__(self, parvis: Parvis, space: str) -> None:
        self._reader = LocalReader(prepare_run_dir(parvis.data / "run"), f"archive.{space}", replay=True)
        self._newest: ArchiveMessage | None = None

    def newest(self) -> str:
        for _, payload in self._reader.drain():
            self._newest = ArchiveMessage.decode(payload)
        return self._newest.state if self._newest else ""

    @property
    def waiting_parts(self) -> int:
        self.newest()
        return self._newest.waiting_parts if self._newest else 0

    def close(self) -> None:
        self._reader.close()


def test_what_is_not_to_be_recorded_is_nowhere(own: Parvis) -> None:
    host, space = live(own, "off")
    other_host, recorded = live(own)
    wait_until(lambda: on_disk(own, recorded["id"]) > 6)
    host.post(f"spaces/{space['id']}/end")
    other_host.post(f"spaces/{recorded['id']}/end")
    replay_of(own, recorded["id"])
    folders = {folder.name for folder in (own.data / "archive").iterdir()}
    assert recorded["id"] in folders
    assert space["id"] not in folders
    answer = httpx.get(f"{own.archive}/replay/{space['id']}/replay.json")
    assert (answer.status_code, answer.json()["code"]) == (404, "replay-unknown")


def test_the_end_of_parvis_loses_nothing(own: Parvis) -> None:
    """Ctrl-C in the middle, and a new start: the recording has both halves, the time between is silent."""
    host, space = live(own)
    wait_until(lambda: on_disk(own, space["id"]) > 6)
    assert own.stop() == 0
    before = on_disk(own, space["id"])
    began_s = time.monotonic()
    own.start()
    wait_until(lambda: on_disk(own, space["id"]) > before + 3)
    away_parts = (time.monotonic() - began_s) / 0.32
    host.post(f"spaces/{space['id']}/end")
    told = replay_of(own, space["id"])
    assert told["parts"] > before + 3
    assert 0 < told["lost_parts"] < away_parts + 20


def test_a_track_a_speaker_lies_under_the_program(own: Parvis, tmp_path: Path) -> None:
    host, space = live(own, "tracks")
    write_wav(tmp_path / "tone.wav", tone(700, 6))
    assert summary(speak(host, space, tmp_path / "tone.wav"))["seconds"] == 6
    host.post(f"spaces/{space['id']}/end")
    told = replay_of(own, space["id"])
    (track,) = told["tracks"]
    assert track["handle"] == host.handle
    refused = httpx.get(f"{own.archive}{track['url']}")
    assert refused.status_code == 401
    file = tmp_path / "track.opus"
    token = {"Authorization": f"Bearer {host.token}"}
    file.write_bytes(httpx.get(f"{own.archive}{track['url']}", headers=token).content)
    with av.open(str(file)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    samples = np.concatenate(frames)
    assert len(samples) == told["parts"] * PART_SAMPLES
    loudest = max(
        power_db((samples[n : n + 48_000] * 32_768).astype(np.int16), 700)
        for n in range(0, len(samples), 48_000)
    )
    assert loudest > -30
