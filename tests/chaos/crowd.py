"""`parvis storm` beside a scene, and what the edges say of how many listen where."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import EdgeMessage
from parvis.bus.run_dir import prepare_run_dir
from tests.chaos.figures import Figures
from tests.chaos.world import PATIENCE_S, Scene
from tests.parvis import PARVIS, Parvis, wait_until

HEARD_OF_S = 2.5
"""An edge that has said nothing for so long is not there: it speaks once a second."""


class Counts:
    """How many listen to each Space at each edge, by the bus. Not for two threads."""

    def __init__(self, parvis: Parvis) -> None:
        run_dir = prepare_run_dir(parvis.data / "run")
        self._reader = LocalReader(run_dir, "edge.", replay=False)
        self._newest: dict[str, tuple[float, dict[str, int]]] = {}

    def by_edge(self, space: str) -> dict[str, int]:
        """Listeners of a Space at each edge that speaks."""
        now_s = time.monotonic()
        for _, payload in self._reader.drain():
            message = EdgeMessage.decode(payload)
            self._newest[message.edge] = (now_s, message.listeners)
        fresh = {name: said for name, (at_s, said) in self._newest.items() if now_s - at_s < HEARD_OF_S}
        return {name: said.get(space, 0) for name, said in fresh.items()}

    def wait_for(self, space: str, listeners: int) -> None:
        """Until so many listen to a Space, or more."""
        wait_until(lambda: sum(self.by_edge(space).values()) >= listeners, patience_s=PATIENCE_S)

    def close(self) -> None:
        self._reader.close()


@dataclass(frozen=True, slots=True)
class Told:
    """What a storm said at its end."""

    result: dict[str, Any]

    @property
    def short(self) -> dict[str, Any]:
        """The figures that matter here."""
        listeners, sound, streams = (self.result[name] for name in ("listeners", "sound", "streams"))
        stall_ms = self.result["stall_ms"]
        return {
            "admitted": listeners["admitted"],
            "dropped": streams["dropped"],
            "returned": streams["returned"],
            "stalls": sound["stalls"],
            "stall_max_ms": stall_ms["max"] if stall_ms else 0,
            "gaps": sound["gaps"],
        }

    def added_to(self, figures: Figures) -> Figures:
        """The crowd counts as the ears do: by its longest stall, and by what those who missed parts missed on
        average."""
        listeners, sound, streams = (self.result[name] for name in ("listeners", "sound", "streams"))
        planned = listeners["planned"]
        lost = planned - listeners["admitted"] + streams["dropped"] - streams["returned"]
        missing = -(-sound["missing_parts"] // max(1, listeners["gapped"]))
        return replace(
            figures,
            stalled_ms=max(figures.stalled_ms, float(self.short["stall_max_ms"])),
            missing_parts=max(figures.missing_parts, missing),
            repeated_parts=figures.repeated_parts + sound["repeats"],
            listeners_lost=figures.listeners_lost + lost,
        )


class Storm:
    """`listeners` of `parvis storm` come to a share link at once and stay until `end()`."""

    def __init__(self, share: str, listeners: int, log: Path) -> None:
        self.listeners = listeners
        command = [
            *PARVIS, "storm", share, "--json", "--listeners", str(listeners), "--arrive", "4", "--for", "600",
        ]  # fmt: skip
        with log.open("ab") as opened:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=opened, text=True)

    def end(self) -> Told:
        """Sends it home, as Ctrl-C does; what it measured."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        assert out.strip(), f"the storm ended with {self.process.returncode} and without a result"
        return Told(json.loads(out))


def storm_at(scene: Scene, listeners: int) -> Storm:
    """A storm that ends with the world of this scene at the latest."""
    storm = Storm(scene.space["links"]["share"], listeners, scene.world.folder / "storm.log")
    scene.world.started.append(storm.process)
    return storm
