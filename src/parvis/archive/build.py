"""Makes a replay of a recording: `python -m parvis.archive.build FOLDER`, a process of its own.

It reads `record.json` and the parts, and makes `replay.{version}/` whole: a folder that has its last name is
complete. Rules:

- At idle priority, and gone when the archive is: live sound never waits for a replay.
- One at a time for a folder (a lock), and twice gives the same bytes.
- Nothing is decoded or encoded; the files are new containers for the parts' access units.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parvis.archive.disk import PARTS_FOLDER
from parvis.archive.m4a import write_m4a
from parvis.archive.ogg import write_ogg
from parvis.archive.record import Record, read_record, replace_file
from parvis.archive.sequences import SequenceSet
from parvis.archive.source import Sound, Source, lanes_in
from parvis.archive.story import Story
from parvis.archive.timeline import Timeline
from parvis.errors import LocalProtocolError
from parvis.media.rendition import Rendition

REPLAY: Final = "replay.json"
AUDIO: Final = {Rendition.AAC: "audio.m4a", Rendition.OPUS: "audio.opus"}
MIMES: Final = {Rendition.AAC: "audio/mp4", Rendition.OPUS: "audio/ogg"}
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made. `lost_parts` are silent because they never came."""

    name: str
    mime: str
    bytes: int
    sha256: str
    lost_parts: int = 0

    def shown(self, base: str) -> dict[str, Any]:
        """As in replay.json."""
        return {
            "url": f"{base}/{self.name}",
            "mime": self.mime,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "lost_parts": self.lost_parts,
        }


def build(folder: Path, record: Record) -> Path | None:
    """Makes the replay of the record's version and returns its folder; None when nothing was recorded.

    Raises `OSError`, and leaves nothing then.
    """
    parts = folder / PARTS_FOLDER
    with ExitStack() as stack:
        sources = {lane: stack.enter_context(Source(parts, lane, record.silence)) for lane in lanes_in(parts)}
        timeline = Timeline.of(
            record, [sources[rendition].parts for rendition in Rendition if rendition in sources]
        )
        if not len(timeline):
            return None
        final = folder / f"replay.{record.version}"
        draft = folder / f".replay.{record.version}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            _fill(draft, record, timeline, sources, parts)
            shutil.rmtree(final, ignore_errors=True)
            draft.replace(final)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return final


def _fill(draft: Path, record: Record, timeline: Timeline, sources: dict[str, Source], parts: Path) -> None:
    story = Story(names={person.handle: person.display_name for person in record.people})
    sounds = {}
    for rendition in (Rendition.OPUS, Rendition.AAC):
        source = sources.get(rendition) or Source(parts, rendition, record.silence)
        sounds[rendition] = write_sound(
            draft, AUDIO[rendition], source, timeline, record, story if rendition is Rendition.OPUS else None
        )
    tracks = {
        lane.removeprefix("track-"): write_sound(draft, f"{lane}.opus", source, timeline, record)
        for lane, source in sources.items()
        if lane.startswith("track-")
    }
    _write_json(draft / "chapters.json", story.chapters())
    _write_json(draft / "chat.json", story.chat())
    captions = story.captions()
    if captions is not None:
        replace_file(draft / "captions.vtt", captions.encode())
    lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in story.lines)
    replace_file(draft / "events.jsonl", lines.encode())
    _write_json(draft / REPLAY, _replay(record, timeline, sources, story, sounds, tracks))


def write_sound(
    folder: Path, name: str, source: Source, timeline: Timeline, record: Record, story: Story | None = None
) -> Made:
    """One sound file of a timeline, and its events into `story`. Raises `OSError`."""
    lost = 0

    def sounds() -> Iterator[Sound]:
        nonlocal lost
        for sound in source.sounds(timeline):
            lost += sound.lost
            if story is not None:
                story.add(sound.sequence, sound.events)
            yield sound

    path = folder / name
    title, artist = record.space.title, record.host.display_name
    with path.open("wb") as out:
        if source.rendition is Rendition.AAC:
            units: Iterable[tuple[bytes, ...]] = (sound.access_units for sound in sounds())
            write_m4a(
                out,
                path.with_suffix(".scratch"),
                Rendition.AAC,
                units,
                [(b"\xa9nam", title), (b"\xa9ART", artist)],
            )
        else:
            packets = (packet for sound in sounds() for packet in sound.access_units)
            serial = zlib.crc32(record.space.id.encode())
            write_ogg(out, packets, serial=serial, tags=(f"TITLE={title}", f"ARTIST={artist}"))
        out.flush()
        os.fsync(out.fileno())
    with path.open("rb") as made:
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    return Made(name, MIMES[source.rendition], path.stat().st_size, digest, lost)


def _replay(
    record: Record,
    timeline: Timeline,
    sources: dict[str, Source],
    story: Story,
    sounds: dict[Rendition, Made],
    tracks: dict[str, Made],
) -> dict[str, Any]:
    """replay.json without links to elsewhere, which the server adds (docs/protocol.md)."""
    space, base = record.space, f"/replay/{record.space.id}"
    recorded = [sources[one].parts if one in sources else SequenceSet() for one in Rendition]
    lost = {sequence for parts in recorded for sequence in timeline.lost(parts)}
    first = timeline.kept[0][0]
    return {
        "id": space.id,
        "title": space.title,
        "description": space.description,
        "language": space.language,
        "host": {"handle": record.host.handle, "display_name": record.host.display_name},
        "speakers": [
            {"handle": person.handle, "display_name": person.display_name, "role": person.role}
            for person in record.people
        ],
        "started_at": space.started_at,
        "ended_at": space.ended_at,
        "version": record.version,
        "first_sequence": first,
        "ranges": [list(kept) for kept in timeline.kept],
        "parts": len(timeline),
        "duration_s": timeline.duration_s,
        "lost_parts": len(lost),
        "silenced_s": round(sum(1 for sequence in timeline if sequence in timeline.cut) * 0.32, 2),
        "peak_listeners": story.peak_listeners,
        "audio": [{"name": str(r), **sounds[r].shown(base)} for r in (Rendition.AAC, Rendition.OPUS)],
        "tracks": [{"handle": handle, **made.shown(f"{base}/tracks"), "url": f"{base}/tracks/{handle}.opus"}
                   for handle, made in tracks.items()],
        "chapters": story.chapters()["chapters"],
        "turns": [{"start_s": t.start_s, "end_s": t.end_s, "handle": t.handle} for t in story.turns()],
        "captions": f"{base}/captions.vtt" if story.captions() is not None else None,
        "chat": f"{base}/chat.json" if story.chat() else None,
        "waveform": story.waveform(),
    }  # fmt: skip


def _write_json(path: Path, fields: Any) -> None:
    replace_file(path, json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode())


def main(folder: Path) -> int:
    """Builds under the folder's lock. Exit codes: 0 made, 3 nothing to make, 1 failed."""
    os.nice(19)
    if sys.platform == "linux":  # prctl(2): end with whoever started this
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        with (folder / "build.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            record = read_record(folder)
            if record is None:
                raise LocalProtocolError("record-invalid", f"{folder} holds no record")
            made = build(folder, record)
    except (OSError, LocalProtocolError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0 if made is not None else 3


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
