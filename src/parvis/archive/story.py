"""What happened in a replay, besides its sound: turns, chapters, captions, chat, outline. From events. Pure.

Every time is in seconds of the replay, so what a pause or a trim left out does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parvis.archive.captions import cues, webvtt
from parvis.archive.turns import Turn, chapters, turns
from parvis.archive.waveform import outline
from parvis.clock import PART_MS
from parvis.media.events import Event

_PART_S = PART_MS / 1000


@dataclass
class Story:
    """Gathers the events of each part, in order."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    """One for each event: `at_s`, `sequence` and its own fields."""
    names: dict[str, str] = field(default_factory=dict)
    """Display names by handle, as the stage said them."""
    _levels: list[int] = field(default_factory=list)
    _active: list[tuple[float, float, str]] = field(default_factory=list)
    _peak_listeners: int = 0

    def add(self, sequence: int, events: Iterable[Event]) -> None:
        """The next part and what rides in it."""
        at_s = round(len(self._levels) * _PART_S, 3)
        self._levels.append(0)
        for event in events:
            fields = event.fields()
            self.lines.append({"at_s": at_s, "sequence": sequence, **fields})
            if event.type == "levels":
                self._add_levels(at_s, fields)
            elif event.type == "stage":
                for speaker in fields.get("speakers", ()):
                    self.names[str(speaker["handle"])] = str(speaker["display_name"])
            elif event.type == "counts":
                self._peak_listeners = max(self._peak_listeners, int(fields.get("listeners", 0)))

    def _add_levels(self, at_s: float, fields: Mapping[str, Any]) -> None:
        levels = [int(level) for level in fields.get("levels", {}).values()]
        self._levels[-1] = max(levels, default=0)
        if fields.get("active"):
            self._active.append((at_s, round(at_s + _PART_S, 3), str(fields["active"])))

    @property
    def duration_s(self) -> float:
        """Of the parts so far."""
        return round(len(self._levels) * _PART_S, 3)

    @property
    def peak_listeners(self) -> int:
        """The most that were said to listen."""
        return self._peak_listeners

    def turns(self) -> list[Turn]:
        """Who spoke when."""
        return turns(self._active)

    def chapters(self) -> dict[str, Any]:
        """In the format of Podcasting 2.0 (JSON chapters 1.2.0), the handle added."""
        found = [
            {
                "startTime": turn.start_s,
                "endTime": turn.end_s,
                "title": self.names.get(turn.handle, turn.handle),
                "handle": turn.handle,
            }
            for turn in chapters(self.turns())
        ]
        return {"version": "1.2.0", "chapters": found}

    def waveform(self) -> list[float]:
        """As in `waveform.outline`."""
        return outline(self._levels)

    def captions(self) -> str | None:
        """WebVTT, or None when nobody captioned."""
        found = [
            (line["sequence"], line["at_s"], line) for line in self.lines if line.get("type") == "caption"
        ]
        return webvtt(cues(found, self.names, self.duration_s)) if found else None

    def chat(self) -> list[dict[str, Any]]:
        """What was written, in time. What was taken away again is not in a replay either."""
        written: dict[str, dict[str, Any]] = {}
        gone: set[str] = set()
        for number, line in enumerate(self.lines):
            key = str(line.get("id") or f"#{number}")
            if line.get("type") in ("chat", "chat-back"):
                # Told twice around a takeover, or restored: it stands where it was told first.
                written.setdefault(key, line | {"type": "chat"})
                gone.discard(key)
            elif line.get("type") == "chat-gone" and line.get("id") is not None:
                gone.add(key)
            elif line.get("type") == "chat-gone":
                gone |= {key for key, one in written.items() if one.get("by") == line.get("by")}
        return [line for key, line in written.items() if key not in gone]
