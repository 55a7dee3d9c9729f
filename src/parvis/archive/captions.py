"""Captions as WebVTT (W3C Recommendation, §4) from `caption` events. Pure.

A caption event holds `text` and may hold `handle`, `id` (a later one of the same id replaces it: interim
results), `start_ms` and `end_ms` (Unix time of the words). Without times the words are put at their part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from parvis.archive.timeline import Timeline
from parvis.clock import PART_MS
from parvis.media.events import Event

LONGEST_S: Final = 7.0
"""A cue that no other follows stays this long."""
_BREAKS: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Cue:
    """Words from `start_s` to `end_s` of the replay. `speaker` is a display name or ""."""

    start_s: float
    end_s: float
    speaker: str
    text: str


def is_kept(event: Event, timeline: Timeline) -> bool:
    """Whether an event may be told in a replay: captions only if all of their words are heard there."""
    if event.type != "caption":
        return True
    fields = event.fields()
    start_ms, end_ms = fields.get("start_ms"), fields.get("end_ms")
    if not isinstance(start_ms, int) or not isinstance(end_ms, int):
        return True
    last = max(start_ms, min(end_ms - 1, start_ms + int(LONGEST_S * 1000)))
    said = range(start_ms // PART_MS, last // PART_MS + 1)
    if any(sequence in timeline.cut for sequence in said):
        return False
    return any(low <= said.start <= high for low, high in timeline.kept)


def cues(
    events: Iterable[tuple[int, float, Mapping[str, Any]]], names: Mapping[str, str], duration_s: float
) -> list[Cue]:
    """Cues from (sequence, start of its part in the replay in seconds, fields) of each caption event."""
    latest: dict[object, Cue] = {}
    for number, (sequence, at_s, fields) in enumerate(events):
        text = _BREAKS.sub(" ", str(fields.get("text", ""))).strip()
        key = fields.get("id") or number
        if not text:
            latest.pop(key, None)
            continue
        start_s = at_s + _offset_s(fields.get("start_ms"), sequence, 0.0)
        end_s = at_s + _offset_s(fields.get("end_ms"), sequence, LONGEST_S)
        handle = str(fields.get("handle", ""))
        start_s, end_s = max(0.0, start_s), min(end_s, duration_s)
        if start_s < end_s:
            latest[key] = Cue(start_s, end_s, names.get(handle, handle), text)
    ordered = sorted(latest.values(), key=lambda cue: cue.start_s)
    return [
        replace(cue, end_s=min(cue.end_s, after.start_s)) if cue.start_s < after.start_s else cue
        for cue, after in pairwise([*ordered, Cue(duration_s, duration_s, "", "")])
    ]


def _offset_s(unix_ms: object, sequence: int, otherwise_s: float) -> float:
    """How long after the beginning of its part, as far as that can be: words come late, never by a minute."""
    if not isinstance(unix_ms, int | float):
        return otherwise_s
    return min(60.0, max(-60.0, (unix_ms - sequence * PART_MS) / 1000))


def webvtt(found: Iterable[Cue]) -> str:
    """The file."""
    blocks = ["WEBVTT"]
    for cue in found:
        voice = f"<v {_escaped(cue.speaker)}>" if cue.speaker else ""
        blocks.append(f"{_timestamp(cue.start_s)} --> {_timestamp(cue.end_s)}\n{voice}{_escaped(cue.text)}")
    return "\n\n".join(blocks) + "\n"


def _timestamp(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
