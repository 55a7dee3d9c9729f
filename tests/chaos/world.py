"""A Parvis that may be broken, with a live Space in it, people who speak and people who listen.

Everything is real: `parvis up`, `parvis speak` in processes of their own by WebRTC, listeners over HTTP.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from parvis.cli.speak import write_wav
from parvis.media.rendition import Rendition
from tests.chaos.ear import VOICES_HZ, Ear
from tests.chaos.figures import Figures, heard
from tests.chaos.shim import Shim
from tests.integration.signals import tone
from tests.parvis import Parvis, Person, speak, wait_until

PROCESSES = {"control", "archive", "stage-1", "stage-2", "edge-1", "edge-2"}
SETTLED_PARTS = 4
AFTERWARDS_PARTS = 9
"""How much of the voice, whole again, is heard before a scenario ends: a fault may come in two waves."""
LATENCY_S = 2.0
"""After so long, what happens on stage has reached everybody, an edge's patience with late parts included."""
PATIENCE_S = 60.0
SPEAKER_NICE = -10


@dataclass
class Scene:
    """One live Space. `host` speaks with voice 0, `guests` with the next ones."""

    world: World
    host: Person
    space: dict[str, Any]
    voices: list[subprocess.Popen[str]] = field(default_factory=list)
    guests: list[Person] = field(default_factory=list)
    ears: list[Ear] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Of the Space."""
        return str(self.space["id"])

    def say(self, person: Person, voice: int, whip_url: str = "") -> subprocess.Popen[str]:
        """Somebody with a seat speaks from now on."""
        space = {"links": {"whip": whip_url or self.space["links"]["whip"]}}
        process = speak(person, space, self.world.wav(voice), "--loop", "--for", "600")
        with contextlib.suppress(PermissionError):  # who is late itself measures nothing
            os.setpriority(os.PRIO_PROCESS, process.pid, SPEAKER_NICE)
        self.voices.append(process)
        self.world.started.append(process)
        return process

    def invite(self, role: str = "co-host") -> Person:
        """Somebody else gets a seat."""
        guest = self.world.parvis.person("guest")
        link = self.host.post(f"spaces/{self.id}/invitations", {"role": role})["link"]
        guest.post(f"spaces/{self.id}/seats", {"invitation": link.partition("#invitation=")[2]})
        self.guests.append(guest)
        return guest

    def listen(self, count: int = 4) -> None:
        """So many more listen, to both renditions."""
        codecs = list(Rendition)
        for _ in range(count):
            number = len(self.world.ears)
            live = f"{self.world.parvis.edge}/live/{self.id}"
            ear = Ear(live, codecs[number % len(codecs)], seed=number)
            self.ears.append(ear)
            self.world.ears.append(ear)

    def wait_for_voice(self, voice: int = 0, *, parts: int = SETTLED_PARTS, since_s: float = 0.0) -> None:
        """Until everybody hears it, in parts that came after `since_s` (monotonic)."""
        wait_until(
            lambda: all(ear.hears(voice, parts=parts, since_s=since_s) for ear in self.ears),
            patience_s=PATIENCE_S,
        )

    def wait_for_parts(self, count: int) -> None:
        """Until everybody has so many more."""
        goals = [ear.newest + count for ear in self.ears]
        wait_until(
            lambda: all(ear.newest >= goal for ear, goal in zip(self.ears, goals, strict=True)),
            patience_s=PATIENCE_S,
        )

    def afterwards(self, fault_s: float, *, voice: int = 0, **more: Any) -> Figures:
        """Waits until the voice is back for everybody, or for as long as anyone would, and says what was
        heard of it since the fault."""
        with contextlib.suppress(AssertionError):  # who does not hear it is counted
            self.wait_for_voice(voice, parts=AFTERWARDS_PARTS, since_s=fault_s + LATENCY_S)
        return self.heard([voice], fault_s, **more)

    def heard(self, voices: Sequence[int], fault_s: float, **more: Any) -> Figures:
        """Sends everybody home, and says what was heard of these voices since the fault."""
        for ear in self.ears:
            ear.hang_up()
        for ear in self.ears:
            ear.close()
        memories = [ear.memory for ear in self.ears]
        return heard(memories, voices, fault_s, speaker_late_ms=self._end_voices(), **more)

    def _end_voices(self) -> float | None:
        """Ends those who speak; by how much the worst of them was late itself, so that what a busy machine
        did to the measuring is seen. None: it can't be known, for nobody was left."""
        speaking = [voice for voice in self.voices if voice.poll() is None]
        for voice in speaking:
            voice.terminate()
        said = [voice.communicate(timeout=PATIENCE_S)[0] for voice in speaking]
        told = [json.loads(out) for out in said if out.strip()]  # nothing, if its seat was taken from it
        return max((float(one["worst_lateness_ms"]) for one in told), default=None)

    def end(self) -> None:
        """Ends the Space."""
        self.host.post(f"spaces/{self.id}/end")

    def connected(self) -> set[str]:
        """Handles of who is heard on stage, as edges know it."""
        speakers = self.world.parvis.space_json(self.id)["speakers"]
        return {speaker["handle"] for speaker in speakers if speaker["connected"]}


class House:
    """A Parvis that may be broken, for several runs one after the other or side by side: what one breaks, the
    next finds mended. A context manager that ends everything it started."""

    def __init__(self, folder: Path, *, shim: bool = False) -> None:
        """With `shim`, disk and wall clock of its processes can be broken, too."""
        self.folder = folder
        self.shim = Shim(folder) if shim else None
        self.parvis = Parvis(folder / "data", environment=self.shim.environment if self.shim else None)
        self.worlds = 0

    def __enter__(self) -> House:
        try:
            self.parvis.start()
        except BaseException:
            self._end_parvis()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end_parvis()

    def wait_until_whole(self) -> None:
        """Until all its processes run and answer."""
        wait_until(
            lambda: set(self.parvis.pids()) == PROCESSES and self.parvis.answers(), patience_s=PATIENCE_S
        )

    def _end_parvis(self) -> None:
        process = self.parvis.process
        if process is None:
            return
        try:
            if process.poll() is None:
                self.parvis.stop()
        except subprocess.TimeoutExpired:
            process.kill()
        finally:  # those whose supervisor is gone; an orderly end leaves no process id behind
            for pid in self.parvis.pids().values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class World:
    """One run of one scenario in a house: its Spaces, who speaks and who listens. A context manager that ends
    them all."""

    def __init__(self, house: House) -> None:
        house.worlds += 1
        self.folder = house.folder / f"run-{house.worlds}"
        self.folder.mkdir()
        self.parvis = house.parvis
        self._shim = house.shim
        self.started: list[subprocess.Popen[str]] = []
        self.ears: list[Ear] = []
        self._scenes: list[Scene] = []

    @property
    def shim(self) -> Shim:
        """What breaks the disk and the wall clock of this house."""
        assert self._shim is not None, "this scenario wants a house with a shim"
        return self._shim

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends everybody who speaks or listens, and the Spaces: one that nobody ends costs its stage work."""
        if self._shim is not None:
            self._shim.heal()
        for ear in self.ears:
            ear.hang_up()
        for process in self.started:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for ear in self.ears:
            ear.close()
        for scene in self._scenes:
            with contextlib.suppress(AssertionError, httpx.HTTPError):  # it has ended, or nobody answers
                scene.end()

    def live(
        self,
        *,
        ears: int = 4,
        host: Person | None = None,
        voice: int = 0,
        through: Callable[[str], str] | None = None,
        **settings: Any,
    ) -> Scene:
        """A Space on air whose host speaks, heard by everybody. `through` gives another address to speak to,
        for the Space's own; `settings` are the Space's."""
        host = host or self.parvis.person("host")
        space = host.post("spaces", {"title": "Chaos", **settings})
        scene = Scene(self, host, space)
        self._scenes.append(scene)
        host.post(f"spaces/{scene.id}/start")
        whip_url = str(space["links"]["whip"])
        scene.say(host, voice, through(whip_url) if through else whip_url)
        wait_until(lambda: host.handle in scene.connected(), patience_s=PATIENCE_S)
        scene.listen(ears)
        scene.wait_for_voice(voice)
        return scene

    def wav(self, voice: int) -> Path:
        """The voice as a file, 2 s that can be repeated without a seam."""
        path = self.folder / f"voice-{voice}.wav"
        if not path.exists():
            write_wav(path, tone(VOICES_HZ[voice], 2))
        return path

    def back(self, name: str, before: int) -> None:
        """Waits until a process that was killed runs again, and everything answers."""
        wait_until(lambda: self.parvis.pid(name) not in (0, before), patience_s=PATIENCE_S)
        wait_until(self.parvis.answers, patience_s=PATIENCE_S)


def kill(pid: int) -> float:
    """`kill -9`; the monotonic time of it."""
    assert pid, "it does not run"
    os.kill(pid, signal.SIGKILL)
    return time.monotonic()
