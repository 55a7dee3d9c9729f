"""Clips: up to 90 s of a replay, with an address of their own. Cut at parts, nothing encoded.

A clip is three files in the Space's `clips/`: `{id}.json`, `{id}.m4a`, `{id}.opus`. It keeps part numbers, so
a later trim changes nothing in it, and a later cut makes it anew with the cut silent.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from parvis.archive.build import write_sound
from parvis.archive.disk import PARTS_FOLDER
from parvis.archive.record import Record, replace_file
from parvis.archive.source import Source
from parvis.archive.timeline import Timeline
from parvis.clock import PART_MS
from parvis.errors import UserError
from parvis.media.rendition import Rendition
from parvis.spaces.words import check_title, new_space_id

LONGEST_S: Final = 90
CLIPS_FOLDER: Final = "clips"
SUFFIXES: Final = {Rendition.AAC: "m4a", Rendition.OPUS: "opus"}


@dataclass(frozen=True, slots=True)
class Clip:
    """`first` and `last` are part numbers, `by` a handle, `created_at` RFC 3339."""

    id: str
    space: str
    title: str
    first: int
    last: int
    by: str
    created_at: str
    duration_s: float = 0.0
    audio: tuple[dict[str, Any], ...] = ()

    def encode(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def decode(cls, data: bytes) -> Clip:
        fields = json.loads(data)
        return cls(**fields | {"audio": tuple(fields["audio"])})


def new_clip(
    record: Record, timeline: Timeline, from_s: float, to_s: float, title: str, by: str, at: str
) -> Clip:
    """A clip of the replay's seconds.

    Raises `UserError`: `time-invalid`, `clip-too-long`, `input-invalid`.
    """
    first, last = timeline.range_of(from_s, to_s)
    if len(timeline.clip(first, last)) * PART_MS > LONGEST_S * 1000 + PART_MS:
        raise UserError("clip-too-long", f"A clip is at most {LONGEST_S} s long.")
    return Clip(
        new_space_id(), record.space.id, check_title(title or record.space.title), first, last, by, at
    )


def make_clip(folder: Path, record: Record, clip: Clip) -> Clip:
    """Writes the clip's files, its own record last. Blocks. Raises `OSError`."""
    clips = folder / CLIPS_FOLDER
    clips.mkdir(exist_ok=True)
    audio = []
    duration_s = 0.0
    for rendition, suffix in SUFFIXES.items():
        with Source(folder / PARTS_FOLDER, rendition, record.silence) as source:
            timeline = clip_timeline(record, source, clip)
            duration_s = timeline.duration_s
            made = write_sound(clips, f"{clip.id}.{suffix}", source, timeline, record)
        shown = made.shown(f"/clip/{clip.id}")
        audio.append({**shown, "name": str(rendition), "url": f"/clip/{clip.id}/audio.{suffix}"})
    done = Clip(
        clip.id, clip.space, clip.title, clip.first, clip.last, clip.by, clip.created_at,
        duration_s, tuple(audio),
    )  # fmt: skip
    replace_file(clips / f"{clip.id}.json", done.encode())
    return done


def clip_timeline(record: Record, source: Source, clip: Clip) -> Timeline:
    """The clip's part of the Space, whatever was trimmed since."""
    untrimmed = Timeline.of(_without_trim(record), [source.parts])
    return untrimmed.clip(clip.first, clip.last)


def _without_trim(record: Record) -> Record:
    return record.changed(trim=None)


def clips_of(folder: Path) -> list[Clip]:
    """All clips of a Space's folder that are complete, newest first. Blocks."""
    found = []
    for path in (folder / CLIPS_FOLDER).glob("*.json"):
        try:
            found.append(Clip.decode(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda clip: clip.created_at, reverse=True)


def remove_clip(folder: Path, clip_id: str) -> None:
    """Removes a clip's files, its record first. Blocks. Raises `OSError`."""
    for suffix in ("json", *SUFFIXES.values()):
        (folder / CLIPS_FOLDER / f"{clip_id}.{suffix}").unlink(missing_ok=True)
