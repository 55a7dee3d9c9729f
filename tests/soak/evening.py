"""A long evening in a real Parvis: two speak in turn, a crowd comes and goes again and again, some listen all
the time by every door, it is recorded, and in the middle the stage is killed.

What is measured: what each process holds between two crowds, program time against the wall clock, and parts
that somebody should have got and did not.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import EdgeMessage
from parvis.bus.run_dir import prepare_run_dir
from parvis.media.rendition import Rendition
from tests.parvis import PARVIS, Parvis, wait_until
from tests.soak.drift import Drift, by_clicks, by_prft
from tests.soak.flat import DESCRIPTORS, Flatness, judge
from tests.soak.listeners import Ear, Hls, Listener, Radio
from tests.soak.mouths import Mouths
from tests.soak.processes import Moment, Sampler

PATIENCE_S: Final = 180.0
"""For what must happen, however busy the machine is."""
CLOSED_FOR_S: Final = 3.0
"""Longer than the archive waits before it asks the bus for missing parts once more."""
MOST_UNMADE_PARTS: Final = 10
"""Of a takeover, 3.2 s: parts that no stage made, so that nothing can hold them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, and how many."""

    minutes: float = 10.0
    listeners: int = 500
    arrive_s: float = 10.0
    stay_s: float = 5.0
    leave_s: float = 10.0
    hls: int = 4
    radio: int = 4
    turn_s: float = 20.0
    every_s: float = 2.0
    window_s: float = 60.0
    least_crowds: int = 1


@dataclass(slots=True)
class Outcome:
    """All that was measured. `crowds` are the storms' own results."""

    seconds: float
    takeover_s: float
    moments: list[Moment]
    flat: list[Flatness]
    prft: Drift
    clicks: Drift
    listeners: dict[str, dict[str, Any]]
    crowds: list[dict[str, Any]]
    replay: dict[str, Any]
    troubles: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """Parts that did not come where they should have, in words."""
        said = [f"{name}: {told['lost']} parts lost" for name, told in self.listeners.items() if told["lost"]]
        said += [
            f"{name}: connection broken {told['breaks']} times"
            for name, told in self.listeners.items()
            if told["breaks"]
        ]
        for number, crowd in enumerate(self.crowds, 1):
            if crowd["sound"]["missing_parts"] or crowd["streams"]["dropped"]:
                missed, dropped = crowd["sound"]["missing_parts"], crowd["streams"]["dropped"]
                said.append(f"crowd {number}: {missed} parts missed, {dropped} dropped")
        if self.replay["lost_parts"] > MOST_UNMADE_PARTS:
            said.append(f"the recording lost {self.replay['lost_parts']} parts")
        return said

    @property
    def failures(self) -> list[str]:
        """Everything that stands against a good verdict."""
        found = [*self.troubles, *self.lost, *(line for one in self.flat for line in one.growing)]
        if self.prft.is_noise and self.clicks.is_noise:
            found.append("the machine was too busy to tell whether program time drifted")
        for name, drift in (("prft", self.prft), ("clicks", self.clicks)):
            if not drift.is_small and not drift.is_noise:
                found.append(f"program time drifted by {drift.worst_ms} ms, by {name}")
        return found


class Evening:
    """One run, in an empty folder."""

    def __init__(self, plan: Plan, folder: Path, tell: Callable[[str], None] = lambda _line: None) -> None:
        self.plan, self._folder, self._tell = plan, folder, tell
        self.parvis = Parvis(folder / "data")
        self.crowds: list[dict[str, Any]] = []
        self._staying: list[Listener] = []
        self._counts: dict[str, int] = {}

    def run(self) -> Outcome:
        """The whole evening; Parvis is ended whatever happens."""
        self.parvis.start()
        reader = LocalReader(prepare_run_dir(self.parvis.data / "run"), "edge.", replay=False)
        self._reader = reader
        try:
            return self._evening()
        finally:
            for listener in self._staying:
                listener.hang_up()
            reader.close()
            self.parvis.stop()

    def _evening(self) -> Outcome:
        plan, began_s = self.plan, time.monotonic()
        host, guest = self.parvis.person("host"), self.parvis.person("guest")
        space = host.post("spaces", {"title": "Soak", "recording": "program"})
        link = host.post(f"spaces/{space['id']}/invitations", {})["link"]
        guest.post(f"spaces/{space['id']}/seats", {"invitation": link.partition("#invitation=")[2]})
        host.post(f"spaces/{space['id']}/start")
        mouths = Mouths(space["links"]["whip"], {"host": host.token, "guest": guest.token}, plan.turn_s)
        mouths.wait_for_clicks(2)
        live = f"{self.parvis.edge}/live/{space['id']}"
        ears = {codec: Ear(live, codec) for codec in Rendition}
        self._staying += ears.values()
        self._staying += [Hls(live, list(Rendition)[n % 2]) for n in range(plan.hls)]
        self._staying += [Radio(live) for _ in range(plan.radio)]
        wait_until(lambda: all(one.parts > 6 for one in self._staying), patience_s=PATIENCE_S)
        end_s, takeover_s = began_s + 60 * plan.minutes, 0.0
        with Sampler(self._pids, lambda: self._listening(space["id"]), plan.every_s) as sampler:
            while time.monotonic() < end_s or len(self.crowds) < plan.least_crowds:
                self._quiet(sampler)
                self._crowd(space)
                if not takeover_s and time.monotonic() > (began_s + end_s) / 2:
                    takeover_s = sampler.now_s()
                    self._take_over(space["id"], mouths)
            self._wait_for_closed(sampler)
            self._quiet(sampler)
            moments = list(sampler.moments)
        mouths.close()
        for listener in self._staying:
            listener.hang_up()
        for listener in self._staying:
            listener.close()
        opus = ears[Rendition.OPUS]
        return Outcome(
            time.monotonic() - began_s,
            takeover_s,
            moments,
            judge(moments, anew_s=takeover_s, anew="stage"),
            by_prft(opus.arrivals, plan.window_s),
            by_clicks(mouths.said, opus.clicks_s, plan.window_s),
            self._told(),
            self.crowds,
            self._replay(host, space["id"]),
            mouths.troubles,
        )

    def _pids(self) -> dict[str, int]:
        assert self.parvis.process is not None
        return {**self.parvis.pids(), "supervisor": self.parvis.process.pid}

    def _listening(self, space: str) -> int:
        for _, payload in self._reader.drain():
            message = EdgeMessage.decode(payload)
            self._counts[message.edge] = message.listeners.get(space, 0)
        return sum(self._counts.values())

    def _quiet(self, sampler: Sampler) -> None:
        """A moment when the crowd has gone: only those who stay hold connections."""
        staying = len(self._staying)
        wait_until(lambda: sampler.look(quiet=False).listeners <= staying, patience_s=PATIENCE_S)
        self._settle(sampler)
        moment = sampler.look(quiet=True)
        held = ", ".join(
            f"{name} {one.descriptors}/{one.threads}/{one.rss / 1e6:.0f} MB"
            for name, one in sorted(moment.held.items())
        )
        self._tell(f"{moment.at_s:6.0f} s  {moment.listeners} listen  {held}")

    @staticmethod
    def _wait_for_closed(sampler: Sampler) -> None:
        """Until no process has held more descriptors than after the first crowd for a while, but stages, for
        the Space has moved; whoever still does when patience ends is said by the verdict. What a takeover
        cost the recording is asked for again for some seconds, and some times, for example."""
        quiet = [moment for moment in sampler.moments if moment.quiet]
        then = quiet[min(1, len(quiet) - 1)].held
        open_s = time.monotonic()

        def closed() -> bool:
            nonlocal open_s
            now = sampler.look(quiet=False).held
            both = [
                (now[name], held)
                for name, held in then.items()
                if name in now and now[name].pid == held.pid and not name.startswith("stage")
            ]
            if any(one.descriptors > held.descriptors + DESCRIPTORS for one, held in both):
                open_s = time.monotonic()
            return time.monotonic() - open_s > CLOSED_FOR_S

        with contextlib.suppress(AssertionError):
            wait_until(closed, patience_s=PATIENCE_S)

    @staticmethod
    def _settle(sampler: Sampler) -> None:
        """Until no process holds fewer descriptors than a moment ago: what was closed is gone."""

        def steady() -> bool:
            first = {name: one.descriptors for name, one in sampler.look(quiet=False).held.items()}
            time.sleep(0.5)
            return all(
                one.descriptors >= first.get(name, 0) for name, one in sampler.look(quiet=False).held.items()
            )

        wait_until(steady, patience_s=PATIENCE_S)

    def _crowd(self, space: dict[str, Any]) -> None:
        """So many come, stay a moment, and go."""
        plan = self.plan
        command = [
            *PARVIS, "storm", space["links"]["share"], "--json", "--listeners", str(plan.listeners),
            "--arrive", str(plan.arrive_s), "--for", str(plan.stay_s), "--leave", str(plan.leave_s),
            "--seed", str(len(self.crowds) + 1),
        ]  # fmt: skip
        with (self._folder / "storm.log").open("ab") as log:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, text=True, check=False)
        assert done.stdout.strip(), f"the storm ended with {done.returncode} and without a result"
        self.crowds.append(json.loads(done.stdout))

    def _take_over(self, space: str, mouths: Mouths) -> None:
        """The stage that has the Space is killed; both speak again by another, and the dead one is back."""
        stage, epoch = self.parvis.stage_of(space)
        pid, entries = self.parvis.pid(stage), dict(mouths.entries)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.parvis.stage_of(space)[1] > epoch, patience_s=PATIENCE_S)
        wait_until(
            lambda: all(mouths.entries[name] > entries[name] for name in entries), patience_s=PATIENCE_S
        )
        wait_until(lambda: self.parvis.pid(stage) not in (0, pid), patience_s=PATIENCE_S)
        self._tell(f"{stage} killed, {self.parvis.stage_of(space)[0]} has the Space")

    def _told(self) -> dict[str, dict[str, Any]]:
        return {
            f"{one.name} {number}": {
                "parts": one.parts, "lost": one.lost, "breaks": one.breaks, "troubles": one.troubles[:5],
            }
            for number, one in enumerate(self._staying, 1)
        }  # fmt: skip

    def _replay(self, host: Any, space: str) -> dict[str, Any]:
        """The Space is ended; what its recording says of itself."""
        host.post(f"spaces/{space}/end")
        url = f"{self.parvis.archive}/replay/{space}/replay.json"
        wait_until(lambda: httpx.get(url).status_code == 200, patience_s=PATIENCE_S)
        told = httpx.get(url).json()
        return {name: told[name] for name in ("parts", "lost_parts", "duration_s")}


def say(line: str) -> None:
    """For people who wait."""
    print(line, file=sys.stderr, flush=True)
