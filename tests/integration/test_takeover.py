"""A stage that dies or hangs while a Space is live: another goes on with it, and listeners stay."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from parvis.cli.speak import write_wav
from parvis.clock import PART_SAMPLES
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, Person, listen, speak, summary, wait_until

pytestmark = pytest.mark.alone  # how long nobody is heard is counted

MOST_SILENT_PARTS = 10
"""Of a takeover: 3.2 s."""
TONE_HZ = 700


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Parvis]:
    """A Parvis that this test may break."""
    running = Parvis(tmp_path / "data")
    running.start()
    yield running
    assert running.stop() == 0


@dataclass
class OnAir:
    """A live Space with a voice and an ear."""

    parvis: Parvis
    host: Person
    space: dict[str, Any]
    voice: subprocess.Popen[str]
    ear: subprocess.Popen[str]
    wav: Path

    @classmethod
    def begin(cls, parvis: Parvis, folder: Path) -> OnAir:
        host = parvis.person()
        space = host.post("spaces", {"title": "Takeover"})
        host.post(f"spaces/{space['id']}/start")
        write_wav(folder / "tone.wav", tone(TONE_HZ, 2))
        voice = speak(host, space, folder / "tone.wav", "--loop", "--for", "300")
        wait_until(lambda: any(s["connected"] for s in parvis.space_json(space["id"])["speakers"]))
        wav = folder / "heard.wav"
        ear = listen(space, "--out", str(wav))
        on_air = cls(parvis, host, space, voice, ear, wav)
        wait_until(lambda: parvis.space_json(space["id"])["counts"]["listeners"] == 1)
        on_air.wait_for_parts(6)
        return on_air

    def wait_for_parts(self, count: int) -> None:
        """Until so many more have gone out."""
        first = self.parvis.space_json(self.space["id"])["sequence"]
        wait_until(lambda: self.parvis.space_json(self.space["id"])["sequence"] >= first + count)

    def seats(self) -> dict[str, Any]:
        return self.host.get(f"spaces/{self.space['id']}/seats")

    def wait_for_takeover(self, epoch: int) -> str:
        """Until another stage has the Space and the voice; its name."""
        wait_until(lambda: self.parvis.stage_of(self.space["id"])[1] > epoch)
        stage, now = self.parvis.stage_of(self.space["id"])
        assert now == epoch + 1
        wait_until(lambda: self.seats()["stage_epoch"] == now and self.seats()["items"][0]["connected"])
        return stage

    def end(self) -> list[int]:
        """Lets the ear hear what it has not heard yet; gives the parts in which it did not hear the voice."""
        self.wait_for_parts(8)
        self.ear.send_signal(signal.SIGINT)
        told = summary(self.ear)
        assert (told["gaps"], told["repeats"], told["reconnects"]) == (0, 0, 0)
        assert told["parts"] == told["last_sequence"] - told["first_sequence"] + 1
        self.voice.terminate()
        assert summary(self.voice)["entries"] == 2
        silent = silent_parts(self.wav)
        assert silent, "nothing was missing: was anything taken over?"
        return silent


def silent_parts(wav: Path) -> list[int]:
    """Which parts do not hold the tone, counted from the first that does."""
    with wave.open(str(wav)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    parts = samples[: len(samples) // PART_SAMPLES * PART_SAMPLES].reshape(-1, PART_SAMPLES)
    heard = [power_db(part, TONE_HZ) > -45 for part in parts]
    assert any(heard[-4:]), "the voice is back at the end"
    first = heard.index(True)
    return [number for number in range(first, len(heard)) if not heard[number]]


def figure(parvis: Parvis, name: str, process: str) -> float:
    """A figure of a process, as control shows it; -1 while it shows none."""
    text = httpx.get(f"{parvis.control}/metrics").text
    found = re.search(rf'^{name}{{process="{process}"}} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else -1


def test_a_killed_stage_is_taken_over(own: Parvis, tmp_path: Path) -> None:
    on_air = OnAir.begin(own, tmp_path)
    stage, epoch = own.stage_of(on_air.space["id"])
    os.kill(own.pid(stage), signal.SIGKILL)
    other = on_air.wait_for_takeover(epoch)
    assert other != stage
    assert len(on_air.end()) <= MOST_SILENT_PARTS
    wait_until(lambda: figure(own, "parvis_rooms", stage) == 0)  # it is back, and steals nothing
    assert own.stage_of(on_air.space["id"]) == (other, epoch + 1)


def test_a_stage_that_hangs_and_wakes_up_has_lost_it(own: Parvis, tmp_path: Path) -> None:
    on_air = OnAir.begin(own, tmp_path)
    stage, epoch = own.stage_of(on_air.space["id"])
    hung = own.pid(stage)
    os.kill(hung, signal.SIGSTOP)
    try:
        other = on_air.wait_for_takeover(epoch)
        assert other != stage
        on_air.wait_for_parts(6)
    finally:
        os.kill(hung, signal.SIGCONT)
    wait_until(lambda: figure(own, "parvis_lost", stage) == 1)
    wait_until(lambda: figure(own, "parvis_rooms", stage) == 0)
    assert figure(own, "parvis_sessions", stage) == 0
    assert own.pid(stage) == hung, "it was not killed"
    assert len(on_air.end()) <= MOST_SILENT_PARTS
    assert own.stage_of(on_air.space["id"]) == (other, epoch + 1)
    assert figure(own, "parvis_rooms", other) == 1


def test_the_last_stage_takes_its_own_back(own: Parvis, tmp_path: Path) -> None:
    """Both die at once: whichever is back first goes on."""
    on_air = OnAir.begin(own, tmp_path)
    _, epoch = own.stage_of(on_air.space["id"])
    for name in ("stage-1", "stage-2"):
        os.kill(own.pid(name), signal.SIGKILL)
    on_air.wait_for_takeover(epoch)
    on_air.end()
