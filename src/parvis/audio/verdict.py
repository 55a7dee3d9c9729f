"""What a sound check says to people: one word, and what to mend.

The thresholds, each fair / bad:

============= ============== =============================================================================
`too-quiet`   −39 / −45 dBFS levelling lifts by 20 dB at most, towards −19 LUFS
`too-loud`    −12 / −6 dBFS  speech peaks 12 to 15 dB above its RMS, so it is about to clip, or does
`clipping`    1 / 5 %        of the ticks with voice: now and then, or in each sentence
`noisy`       20 / 12 dB     from the noise to the voice: heard beside each word, or an effort to follow
`echo`        – / any        each speaker hears themselves come back: a headset ends it
`lossy`       3 / 10 %       WB-PESQ through the stage is 4.2 at 5 % loss, 3.9 at 10 % (docs/decisions/0001)
`far`         300 / 600 ms   round trip; half of it and the buffers are mouth to ear, for which ITU-T G.114
                             asks for less than 150 ms, and 400 at the very most
`unsteady`    30 / 60 ms     jitter: the buffers grow to about twice that
============= ============== =============================================================================

`no-sound` and `say-something` say why nothing is known of the voice: nothing arrives but digital silence (a
microphone switched off, or the wrong one), or nobody has spoken for long enough. The verdict is then
*waiting*, unless something is bad already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from parvis.audio.soundcheck import Measured

FAIR, BAD = "fair", "bad"
_TOO_QUIET_DBFS: Final = (-39.0, -45.0)
_TOO_LOUD_DBFS: Final = (-12.0, -6.0)
_CLIPPING_PERCENT: Final = (1.0, 5.0)
_NOISY_DB: Final = (20.0, 12.0)
_LOSSY_PERCENT: Final = (3.0, 10.0)
_FAR_MS: Final = (300.0, 600.0)
_UNSTEADY_MS: Final = (30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Way:
    """What the transport tells of a seat's way to the stage; None: not known yet."""

    loss_percent: float | None = None
    rtt_ms: float | None = None
    jitter_ms: float | None = None


def sound_check(heard: Measured, way: Way) -> dict[str, Any]:
    """`check` of a seat, as in docs/protocol.md §4: verdict, figures, and advice, worst first."""
    found = list(_findings(heard, way))
    found.sort(key=lambda finding: finding[1] != BAD)
    advice = [code for code, _ in found]
    grades = {grade for _, grade in found}
    verdict = BAD if BAD in grades else FAIR if FAIR in grades else "good"
    if heard.level_dbfs is None:
        verdict = verdict if verdict == BAD else "waiting"
        if heard.has_signal is not None:
            advice.append("say-something" if heard.has_signal else "no-sound")
    return {
        "verdict": verdict,
        "level_dbfs": _rounded(heard.level_dbfs),
        "noise_dbfs": _rounded(heard.noise_dbfs),
        "echo": heard.echo,
        "clipping_percent": round(heard.clipping_percent, 1),
        "loss_percent": _rounded(way.loss_percent),
        "rtt_ms": _rounded(way.rtt_ms),
        "advice": advice,
    }


def _findings(heard: Measured, way: Way) -> Iterator[tuple[str, str]]:
    if heard.echo:
        yield "echo", BAD
    yield from _above("clipping", heard.clipping_percent, _CLIPPING_PERCENT)
    if heard.level_dbfs is not None:
        yield from _below("too-quiet", heard.level_dbfs, _TOO_QUIET_DBFS)
        yield from _above("too-loud", heard.level_dbfs, _TOO_LOUD_DBFS)
        if heard.noise_dbfs is not None:
            yield from _below("noisy", heard.level_dbfs - heard.noise_dbfs, _NOISY_DB)
    yield from _above("lossy", way.loss_percent, _LOSSY_PERCENT)
    yield from _above("far", way.rtt_ms, _FAR_MS)
    yield from _above("unsteady", way.jitter_ms, _UNSTEADY_MS)


def _above(code: str, value: float | None, limits: tuple[float, float]) -> Iterator[tuple[str, str]]:
    if value is not None and value > limits[0]:
        yield code, BAD if value > limits[1] else FAIR


def _below(code: str, value: float, limits: tuple[float, float]) -> Iterator[tuple[str, str]]:
    if value < limits[0]:
        yield code, BAD if value < limits[1] else FAIR


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
