"""Reads a recording's parts back, in the order of a timeline: access units and events, nothing decoded.

What is missing or cut out becomes the rendition's silent access unit. Events of what is cut are left out with
it: words are in captions and chat, too. Of captions, which come later, the time of their words counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from parvis.archive.captions import is_kept
from parvis.archive.parts_file import Entry, newest, read_entries
from parvis.archive.sequences import SequenceSet
from parvis.archive.timeline import Timeline
from parvis.errors import RemoteProtocolError
from parvis.media.events import Event
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition

SILENCE: Final[Mapping[Rendition, bytes]] = {
    Rendition.OPUS: bytes.fromhex("f8fffe"),
    Rendition.AAC: bytes.fromhex("00000007"),
}
"""Silent access units for a recording that never learnt its program's: Opus in CELT mode, one 20 ms frame;
AAC with one channel element without any spectrum (ISO/IEC 14496-3 §4.4.2) and the end."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One part of a replay. `lost` says that it stands in for one that never came."""

    sequence: int
    access_units: tuple[bytes, ...]
    events: tuple[Event, ...]
    lost: bool


class Source:
    """The parts of one lane. Close it."""

    def __init__(self, folder: Path, lane: str, silence: Mapping[str, bytes]) -> None:
        """Reads the index of each day. Raises `OSError`."""
        self.rendition = Rendition.AAC if lane == Rendition.AAC else Rendition.OPUS
        self._silence = silence.get(self.rendition) or SILENCE[self.rendition]
        self._files: list[BinaryIO] = []
        self._entries: dict[int, tuple[BinaryIO, Entry]] = {}
        for path in sorted(folder.glob(f"{lane}.*.parts")):
            file = path.open("rb")
            self._files.append(file)
            for sequence, entry in newest(read_entries(path)).items():
                self._entries[sequence] = file, entry

    @property
    def parts(self) -> SequenceSet:
        """All that was recorded."""
        found = SequenceSet()
        first = last = None
        for sequence in sorted(self._entries):
            if last is None or sequence != last + 1:
                if first is not None and last is not None:
                    found.add(first, last)
                first = sequence
            last = sequence
        if first is not None and last is not None:
            found.add(first, last)
        return found

    def sounds(self, timeline: Timeline) -> Iterator[Sound]:
        """Every part of the timeline, in order. Raises `OSError`."""
        silent = (self._silence,) * self.rendition.frames_per_part
        for sequence in timeline:
            part = self._read(sequence) if sequence not in timeline.cut else None
            if part is not None:
                events = tuple(event for event in part.events if is_kept(event, timeline))
                yield Sound(sequence, part.access_units, events, lost=False)
            else:
                yield Sound(sequence, silent, (), lost=sequence not in timeline.cut)

    def _read(self, sequence: int) -> Part | None:
        if sequence not in self._entries:
            return None
        file, entry = self._entries[sequence]
        file.seek(entry.offset)
        try:
            (item,) = PartReader(self.rendition).feed(file.read(entry.length))
        except (RemoteProtocolError, ValueError):
            return None  # its checksum was right: it came so from the bus
        return item if isinstance(item, Part) and item.sequence == sequence else None

    def close(self) -> None:
        """Closes the files."""
        for file in self._files:
            file.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lanes_in(folder: Path) -> list[str]:
    """Names of the lanes that have files."""
    return sorted({path.name.rsplit(".", 2)[0] for path in folder.glob("*.parts")})
