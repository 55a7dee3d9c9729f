"""A broadcast whose every sample is known: real encoders behind a real edge, and what a player makes of it.

Its parts may be sent as fast as one likes: the edge's clock stands still.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from parvis.bus.messages import PartMessage, ProgramMessage
from parvis.clock import PART_MS, PART_SAMPLES, SAMPLE_RATE_HZ, TICK_SAMPLES
from parvis.media.events import Event
from parvis.program.packager import ProgramEncoder
from tests.unit.edge.world import World, space_message
from tests.unit.program.sounds import music

Int16 = NDArray[np.int16]
SILENT = 50.0


class Broadcast:
    """The same music in several Spaces, in each at a level of its own. The first part begins a segment."""

    def __init__(self, world: World, parts: int, levels: dict[str, float]) -> None:
        self.world = world
        # Ahead of the clock, however long encoding takes: nothing of it is ever overdue.
        self.first = world.stage.sequence + 300
        self.first += -self.first % 6
        self.sound = music(parts * PART_MS / 1000)
        self.sent = 0
        self._parts: dict[str, list[list[PartMessage]]] = {}
        for space, level in levels.items():
            program, self._parts[space] = _encoded(space, self.first, self.sound, level)
            world.stage.say(space_message(space))
            world.stage.say(program)
        world.stage.sequence = self.first - 1

    def send(self, count: int, *events: Event) -> int:
        """The next parts of all Spaces, the last with events; its sequence."""
        for left in reversed(range(count)):
            for parts in self._parts.values():
                told = () if left else events
                self.world.stage.say_part(*(replace(part, events=told) for part in parts[self.sent]))
            self.sent += 1
            self.world.stage.sequence += 1
        return self.world.stage.sequence

    def end(self) -> None:
        """All Spaces end with the last part that was sent."""
        for space in self._parts:
            self.world.stage.say(space_message(space, revision=9, state="ended"))


def _encoded(
    space: str, first: int, sound: Int16, level: float
) -> tuple[ProgramMessage, list[list[PartMessage]]]:
    encoder = ProgramEncoder(space, first)
    found: list[PartMessage] = []
    for tick in (sound * level).astype(np.int16).reshape(-1, TICK_SAMPLES):
        found += encoder.push(tick)
    found += encoder.flush()
    grouped: dict[int, list[PartMessage]] = {}
    for part in found:
        grouped.setdefault(part.sequence, []).append(part)
    return ProgramMessage(space, "stage-1", first, None, encoder.renditions), list(grouped.values())


class Player:
    """A player of somebody else's, in a process of its own, that puts sound out: int16, mono, 48 kHz."""

    def __init__(self, *command: str) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `heard`
        self._process = subprocess.Popen(command, stdout=self._out, stderr=subprocess.PIPE)

    def heard(self, *, patience_s: float = 60, may_say: str = "\0") -> Int16:
        """What it put out, once it has ended. It must end well, and say nothing but `may_say`."""
        _, said = self._process.communicate(timeout=patience_s)
        lines = [line for line in said.decode().splitlines() if "message repeated" not in line]
        unexpected = [line for line in lines if may_say not in line]
        assert (self._process.returncode, unexpected) == (0, []), unexpected
        self._out.seek(0)
        sound = np.frombuffer(self._out.read(), np.int16)
        self._out.close()
        return sound


def ffmpeg(url: str, *before: str) -> Player:
    """FFmpeg's players, to standard output."""
    raw = ("-f", "s16le", "-ac", "1", "-ar", "48000", "-")
    return Player("ffmpeg", "-nostdin", "-v", "warning", *before, "-i", url, *raw)


def levels_of(heard: Int16, *said: Int16, first: int = 0, who: str = "somebody") -> list[float]:
    """The level of each part that was heard, from part `first` of the broadcast on, against what was said.
    Fails where it is not the same sound in its place. Of several that were `said`, what is most like it
    counts: a player may have changed to another rendition."""
    levels = []
    for offset in range(0, len(heard) - PART_SAMPLES + 1, PART_SAMPLES):
        start = first * PART_SAMPLES + offset
        part = heard[offset : offset + PART_SAMPLES].astype(float)
        found = [_likeness(part, one[start : start + PART_SAMPLES].astype(float)) for one in said]
        likeness, level = max(found)
        at_s = offset / SAMPLE_RATE_HZ
        assert likeness > 0.95, f"{likeness:.2f} alike, {at_s:.2f} s into what {who} heard"
        levels.append(round(level, 2))
    return levels


def _likeness(heard: NDArray[np.float64], said: NDArray[np.float64]) -> tuple[float, float]:
    """Correlation, and level. Silence is like silence: a busy machine may keep a speaker from speaking."""
    if max(np.abs(heard).max(), np.abs(said).max()) < SILENT:
        return 1.0, 1.0
    together = float(heard @ said)
    return together / float(np.linalg.norm(heard) * np.linalg.norm(said) + 1), together / float(
        said @ said + 1
    )


def place_of(heard: Int16, said: Int16) -> int:
    """The sample of `said` with which `heard` begins."""
    return int(np.argmax(signal.correlate(said.astype(float), heard[:96_000].astype(float), "valid", "fft")))
