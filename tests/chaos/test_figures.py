"""What is made of what listeners got: lost sound, recovery, two sounds under one number, broken promises."""

from __future__ import annotations

import json

import numpy as np

from parvis.media.rendition import Rendition
from tests.chaos.ear import VOICES_HZ, Memory, Taken, voices_in
from tests.chaos.figures import Figures, Promise, heard, worst
from tests.chaos.report import Result, as_data, from_data
from tests.chaos.scenario import Scenario
from tests.integration.signals import tone

FIRST = 5_000
FAULT_S = 1.0
FAULT_PART = 4
"""The first that comes after the fault: parts come 0.32 s apart from 0 on, and the first three at once."""
SOUND = (b"\xf8one", b"\xf8two")


def taken(
    number: int, *, ticks: int = 16, at_s: float | None = None, sound: tuple[bytes, ...] = SOUND
) -> Taken:
    """Part `number` from `FIRST` on, with voice 0 in its first `ticks` ticks."""
    voices = np.zeros((16, len(VOICES_HZ)), bool)
    voices[:ticks, 0] = True
    return Taken(FIRST + number, 0.32 * number if at_s is None else at_s, sound, voices)


def memory(*parts: Taken, codec: Rendition = Rendition.OPUS) -> Memory:
    return Memory(codec, list(parts))


def calm(count: int = 12) -> list[Taken]:
    return [taken(number) for number in range(count)]


def test_voices_are_told_apart() -> None:
    for voice, frequency_hz in enumerate(VOICES_HZ):
        found = voices_in(tone(frequency_hz, 0.32))
        assert found[:, voice].all()
        assert found.sum() == 16


def test_nothing_happened() -> None:
    figures = heard([memory(*calm())], [0], FAULT_S)
    assert (figures.lost_ms, figures.recovery_ms, figures.listeners_lost, figures.two_sounds) == (0, 0, 0, 0)
    assert figures.broken(Promise(recovery_ms=0)) == []


def test_silence_counts_by_the_tick_and_only_after_the_fault() -> None:
    parts = calm()
    parts[1] = taken(1, ticks=0)
    parts[FAULT_PART] = taken(FAULT_PART, ticks=11)
    figures = heard([memory(*calm()), memory(*parts)], [0], FAULT_S)
    assert (figures.silent_ms, figures.stalled_ms, figures.missing_parts) == (100, 0, 0)
    assert figures.recovery_ms == round((FAULT_PART + 1) * 320 - FAULT_S * 1000, 1)
    assert figures.broken(Promise()) == ["lost_ms is 100.0, promised: 0.0"]
    assert figures.broken(Promise(lost_ms=100)) == []


def test_a_part_that_comes_late_is_a_stall() -> None:
    parts = [taken(number, at_s=0.32 * number + (0.5 if number >= FAULT_PART else 0)) for number in range(12)]
    figures = heard([memory(*parts)], [0], FAULT_S)
    assert (figures.silent_ms, figures.stalled_ms) == (0, 500)
    assert figures.recovery_ms == round((FAULT_PART * 0.32 + 0.5 - FAULT_S) * 1000, 1)


def test_what_is_in_reserve_hides_a_part_that_comes_late() -> None:
    parts = [taken(number, at_s=max(0.0, 0.32 * (number - 2))) for number in range(12)]
    late = [*parts[:6], taken(6, at_s=0.32 * 6 - 0.1), *parts[7:]]
    assert heard([memory(*late)], [0], FAULT_S).stalled_ms == 0


def test_parts_that_never_came() -> None:
    figures = heard(
        [memory(*(part for part in calm() if part.sequence not in (FIRST + 5, FIRST + 6)))], [0], 1.0
    )
    assert figures.missing_parts == 2
    assert "missing_parts is 2, promised: 0" in figures.broken(Promise(lost_ms=None))


def test_who_never_hears_the_voice_again_is_lost() -> None:
    gone = [taken(number, ticks=16 if number < 6 else 0) for number in range(12)]
    silent = heard([memory(*calm()), memory(*gone)], [0], FAULT_S)
    cut_off = heard([memory(*calm()), memory(*calm(3))], [0], FAULT_S)
    for figures in (silent, cut_off):
        assert (figures.listeners_lost, figures.recovery_ms) == (1, None)
        assert "the voice never came back" in figures.broken(Promise(lost_ms=None, listeners_lost=1))


def test_either_voice_will_do() -> None:
    parts = calm()
    parts[FAULT_PART].voices[:] = False
    parts[FAULT_PART].voices[:, 1] = True
    assert heard([memory(*parts)], [0, 1], FAULT_S).lost_ms == 0
    assert heard([memory(*parts)], [0], FAULT_S).lost_ms == 320


def test_two_sounds_under_one_number() -> None:
    other, stand_in = calm(), calm()
    other[7] = taken(7, sound=(b"\xf8other", b"\xf8two"))
    stand_in[7] = taken(7, sound=(b"\xf8silence", b"\xf8silence"))
    assert heard([memory(*calm()), memory(*stand_in)], [0], FAULT_S).two_sounds == 0
    assert heard([memory(*calm()), memory(*other, codec=Rendition.AAC)], [0], FAULT_S).two_sounds == 0
    figures = heard([memory(*calm()), memory(*other)], [0], FAULT_S)
    assert figures.broken(Promise()) == ["1 part numbers carried two different sounds"]


def test_the_worst_of_all_runs() -> None:
    found = worst([Figures(silent_ms=40, recovery_ms=10), Figures(missing_parts=2, recovery_ms=700)])
    assert (found.lost_ms, found.recovery_ms, found.missing_parts) == (640, 700, 2)
    assert worst([Figures(), Figures(recovery_ms=None)]).recovery_ms is None


def test_runs_are_added_to_those_of_before() -> None:
    scenario = Scenario("blink", "a network away", lambda _world: Figures(), Promise())
    before = Result(scenario, [Figures(silent_ms=20, more={"breaks": 1})], ["run 2: why"], seconds=3.0)
    before.add(Figures(silent_ms=9_000, more={"speaker_late_ms": 2_000.0}))
    data = json.loads(json.dumps(as_data([before], {})))["scenarios"]["blink"]
    assert from_data(scenario, data) == before
    assert (before.times, len(before.runs), len(before.set_aside)) == (3, 1, 1)
