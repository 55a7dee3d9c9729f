"""What a fault cost, as numbers, and the promises that they are held against (docs/operations/chaos.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from parvis.clock import PART_MS, TICK_MS
from tests.chaos.ear import Memory

PART_S = PART_MS / 1000
TOO_BUSY_MS = 400.0
"""A run whose speaker was itself later than this measures the machine: what it could not say in time, nobody
could hear."""
STALL_FROM_S = 0.005
"""Shorter ones are the measuring's own."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The most that a scenario may cost. None: nothing is promised."""

    lost_ms: float | None = 0.0
    recovery_ms: float | None = None
    missing_parts: int = 0
    repeated_parts: int | None = 0
    listeners_lost: int = 0
    late_ms: float = 0.0
    lost_recorded_parts: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """One run of one scenario. `lost_ms` and `recovery_ms` are those of the listener who was hit the most."""

    silent_ms: float = 0.0
    """Of what was played, the voice was not in it: silence, standby sound or an edge's stand-in."""
    stalled_ms: float = 0.0
    """Nothing was there to be played."""
    stand_ins: int = 0
    """Parts of silence that an edge made, because none came in time; they count as silent, too."""
    missing_parts: int = 0
    repeated_parts: int = 0
    listeners_lost: int = 0
    """Who were not hearing the voice at the end, or never came back."""
    two_sounds: int = 0
    """Part numbers under which two consumers got two different sounds, neither of them a stand-in."""
    recovery_ms: float | None = 0.0
    """From the fault until the last listener heard the voice whole again; None: never."""
    late_ms: float = 0.0
    """A handoff: by how much it took longer than two seconds until all were over."""
    lost_recorded_parts: int = 0
    """A recording: parts that a listener heard and the replay does not hold."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What only this scenario measures."""

    @property
    def lost_ms(self) -> float:
        """Sound that a listener should have heard and did not."""
        return self.silent_ms + self.stalled_ms + self.missing_parts * PART_MS

    @property
    def is_measured(self) -> bool:
        """Whether the machine had the time to measure at all."""
        late_ms = self.more.get("speaker_late_ms")
        return late_ms is None or late_ms <= TOO_BUSY_MS

    def broken(self, promise: Promise) -> list[str]:
        """Which promises were not kept, each as a sentence."""
        found = []
        for name, most in asdict(promise).items():
            value = getattr(self, name)
            if most is not None and (value is None or value > most):
                found.append(f"{name} is {value}, promised: {most}")
        if self.two_sounds:
            found.append(f"{self.two_sounds} part numbers carried two different sounds")
        if self.recovery_ms is None:
            found.append("the voice never came back")
        return found

    def as_data(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**asdict(self), "lost_ms": round(self.lost_ms, 1)}


def heard(ears: Sequence[Memory], voices: Sequence[int], fault_s: float, **more: Any) -> Figures:
    """What listeners, all gone now, heard of voices, one of which should be there all the time, and what was
    missing from `fault_s` (monotonic) on."""
    played = [_played(ear, list(voices), fault_s) for ear in ears]
    recoveries = [one.recovery_ms for one in played]
    whole = [recovery for recovery in recoveries if recovery is not None]
    hit = max(played, key=lambda one: one.lost_ms)
    return Figures(
        silent_ms=hit.silent_ms,
        stalled_ms=round(hit.stalled_ms, 1),
        stand_ins=max(one.stand_ins for one in played),
        missing_parts=max(one.missing_parts for one in played),
        repeated_parts=sum(ear.repeats for ear in ears),
        listeners_lost=recoveries.count(None),
        two_sounds=two_sounds(ears),
        recovery_ms=round(max(whole), 1) if len(whole) == len(played) else None,
        more={"breaks": sum(ear.breaks for ear in ears), **more},
    )


def _played(ear: Memory, voices: list[int], fault_s: float) -> Figures:
    """One ear alone. Before the fault, and before the first sound of a voice, nothing counts."""
    silent = missing = stand_ins = 0
    stalled_s = 0.0
    trouble_until_s = fault_s
    begun = False
    over_s, last = 0.0, 0
    for part in ear.parts:
        play_s = max(part.at_s, over_s)
        spoken = list(part.voices[:, voices].max(axis=1))
        if begun and part.at_s > fault_s:
            stall_s = play_s - over_s
            if stall_s > STALL_FROM_S:
                stalled_s += stall_s
                trouble_until_s = play_s
            if part.sequence > last + 1:
                missing += part.sequence - last - 1
                trouble_until_s = play_s
            stand_ins += part.is_stand_in
            quiet = [tick for tick, is_there in enumerate(spoken) if not is_there]
            if quiet:
                silent += len(quiet)
                trouble_until_s = play_s + (quiet[-1] + 1) * TICK_MS / 1000
        begun = begun or all(spoken)
        over_s, last = play_s + PART_S, part.sequence
    well = begun and ear.parts[-1].at_s > fault_s and all(spoken)
    recovery_ms = (trouble_until_s - fault_s) * 1000 if well else None
    return Figures(silent * TICK_MS, stalled_s * 1000, stand_ins, missing, recovery_ms=recovery_ms)


def two_sounds(ears: Sequence[Memory]) -> int:
    """Part numbers of a rendition that do not hold the same everywhere, stand-ins apart."""
    by_number: dict[tuple[str, int], set[tuple[bytes, ...]]] = {}
    for ear in ears:
        for part in ear.parts:
            if not part.is_stand_in:
                by_number.setdefault((ear.codec, part.sequence), set()).add(part.units)
    return sum(len(sounds) > 1 for sounds in by_number.values())


def worst(runs: Sequence[Figures]) -> Figures:
    """The worst of each figure, over all runs."""
    recoveries = [run.recovery_ms for run in runs]
    whole = [recovery for recovery in recoveries if recovery is not None]
    most = max(runs, key=lambda run: run.lost_ms)
    return Figures(
        silent_ms=most.silent_ms,
        stalled_ms=most.stalled_ms,
        stand_ins=max(run.stand_ins for run in runs),
        missing_parts=max(run.missing_parts for run in runs),
        repeated_parts=max(run.repeated_parts for run in runs),
        listeners_lost=max(run.listeners_lost for run in runs),
        two_sounds=max(run.two_sounds for run in runs),
        recovery_ms=max(whole) if len(whole) == len(runs) else None,
        late_ms=max(run.late_ms for run in runs),
        lost_recorded_parts=max(run.lost_recorded_parts for run in runs),
        more=most.more,
    )
