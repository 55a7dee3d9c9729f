"""Captions of an HLS line: which words its segments show, and the playlist that lists them.

Rules:

- What a segment shows follows from the parts up to its end alone, so all edges show the same, and a segment
  that is out never changes.
- Words are shown at their own time; those that come for a segment which is out already, from the beginning
  of the one that holds the part in which they came, for as long as they would have been.
- A correction takes the place of the words; in what is out they stay, and end with it.
- A caption ends where the next begins: nobody reads two at once.
- Interim words (`final` false) are for players that can take them back; these can't.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from parvis.clock import PARTS_PER_SEGMENT
from parvis.media.playlist import Mark
from parvis.media.webvtt import SEGMENT_MS, Cue, vtt_segment

KEPT_CAPTIONS: Final = 128
"""Of a Space: more than a minute of them, with corrections."""
LONGEST_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Said:
    cue: Cue
    sequence: int


def is_shown(fields: Any) -> bool:
    """Whether a caption event is one for these players, and what it says makes sense."""
    whole = all(isinstance(fields.get(name), int) for name in ("start_ms", "end_ms"))
    return whole and isinstance(fields.get("text"), str) and fields.get("final") is not False


def segment_cues(marks: Iterable[Mark], segment: int) -> list[Cue]:
    """What is to be seen by the end of a segment, of the caption events known then; oldest first."""
    said: dict[str, _Said] = {}
    ended: list[Cue] = []
    last = (segment + 1) * PARTS_PER_SEGMENT - 1
    shift_ms = sequence = 0
    for mark in marks:
        if mark.sequence > last:
            break
        fields = mark.event.fields()
        start_ms, text = int(fields["start_ms"]), str(fields["text"])
        out_ms = mark.sequence // PARTS_PER_SEGMENT * SEGMENT_MS
        if mark.sequence != sequence:
            # Several that come together keep their distance.
            sequence, shift_ms = mark.sequence, max(0, out_ms - start_ms)
        lasts_ms = min(max(0, int(fields["end_ms"]) - start_ms), LONGEST_MS)
        before = said.pop(str(fields["id"]), None)
        if before is not None:
            if before.sequence // PARTS_PER_SEGMENT == mark.sequence // PARTS_PER_SEGMENT:
                start_ms, lasts_ms = before.cue.start_ms, before.cue.end_ms - before.cue.start_ms
            else:
                ended.append(replace(before.cue, end_ms=min(before.cue.end_ms, out_ms)))
                start_ms += shift_ms
        else:
            start_ms += shift_ms
        said[str(fields["id"])] = _Said(Cue(start_ms, start_ms + lasts_ms, text), mark.sequence)
    shown = [one.cue for one in said.values() if one.cue.text]
    return _one_at_a_time([*ended, *shown])


def captions_segment(marks: Iterable[Mark], segment: int) -> bytes:
    """The WebVTT segment of this number."""
    return vtt_segment(segment, segment_cues(marks, segment))


def _one_at_a_time(cues: Sequence[Cue]) -> list[Cue]:
    ordered = sorted((cue for cue in cues if cue.end_ms > cue.start_ms), key=lambda cue: cue.start_ms)
    shown = []
    for cue, after in zip(ordered, [*ordered, None][1:], strict=True):
        if after is None or after.start_ms >= cue.end_ms:
            shown.append(cue)
        elif after.start_ms > cue.start_ms:
            shown.append(replace(cue, end_ms=after.start_ms))
    return shown
