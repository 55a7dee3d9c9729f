"""Progressive MP4 from access units: one track, `moov` before `mdat`, nothing decoded (ISO/IEC 14496-12).

Rules:

- Sizes are known only at the end and stand at the beginning. So the sound goes to a scratch file first, and
  is copied behind its header: memory is 12 bytes an access unit, not the sound.
- A part is a chunk: seeking costs one table look-up. All samples are sync samples, so there is no `stss`.
- No edit list: the first access unit decodes to the program's first sample
  (docs/decisions/0005-timestamps-without-edit-lists.md), and the length is whole parts.
- 64-bit offsets and times from the beginning: a Space may go on for days.
"""

from __future__ import annotations

import shutil
import struct
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from parvis.clock import SAMPLE_RATE_HZ
from parvis.media.boxes import HEADER_BYTES, Fields, box, full_box, walk
from parvis.media.init import TRACK_ID, init_segment
from parvis.media.rendition import Rendition

_UNITY_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_LANGUAGE_UND: Final = 0x55C4
_TRACK_FLAGS: Final = 7
"""Enabled, in the movie, in the preview."""
_UTF8: Final = 1


def write_m4a(
    out: BinaryIO,
    scratch: Path,
    rendition: Rendition,
    parts: Iterable[Sequence[bytes]],
    tags: Iterable[tuple[bytes, str]] = (),
) -> None:
    """Writes a whole file. `parts` are the access units of each part; `tags` are iTunes-style (`©nam`, …).

    `scratch` is made and removed. Raises `OSError`.
    """
    sizes, chunks = array("I"), array("I")
    with scratch.open("w+b") as sound:
        scratch.unlink()
        for units in parts:
            sizes.extend(map(len, units))
            chunks.append(sound.write(b"".join(units)))
        sound_bytes = sound.tell()
        metadata = _metadata(tags)
        head = _file_type() + _movie(rendition, sizes, chunks, 0, metadata)
        start = len(head) + 2 * HEADER_BYTES
        out.write(_file_type() + _movie(rendition, sizes, chunks, start, metadata))
        out.write(struct.pack(">I4sQ", 1, b"mdat", 2 * HEADER_BYTES + sound_bytes))
        sound.seek(0)
        shutil.copyfileobj(sound, out, 1 << 20)


def _file_type() -> bytes:
    return box(b"ftyp", b"M4A ", struct.pack(">I", 0), b"M4A ", b"mp42", b"isom")


def _movie(rendition: Rendition, sizes: array[int], chunks: array[int], start: int, metadata: bytes) -> bytes:
    """`moov`, for sound that begins at byte `start`: of the same length whatever `start` is."""
    duration = len(sizes) * rendition.frame_samples
    header = full_box(
        b"mvhd",
        1,
        0,
        struct.pack(">QQIQ", 0, 0, SAMPLE_RATE_HZ, duration),
        struct.pack(">IH10x", 0x10000, 0x0100),
        _UNITY_MATRIX,
        bytes(24),
        struct.pack(">I", TRACK_ID + 1),
    )
    return box(b"moov", header, _track(rendition, duration, sizes, chunks, start), metadata)


def _track(rendition: Rendition, duration: int, sizes: array[int], chunks: array[int], start: int) -> bytes:
    header = full_box(
        b"tkhd",
        1,
        _TRACK_FLAGS,
        struct.pack(">QQIIQ", 0, 0, TRACK_ID, 0, duration),
        struct.pack(">8xHHHH", 0, 0, 0x0100, 0),
        _UNITY_MATRIX,
        struct.pack(">II", 0, 0),
    )
    media_header = full_box(
        b"mdhd", 1, 0, struct.pack(">QQIQHH", 0, 0, SAMPLE_RATE_HZ, duration, _LANGUAGE_UND, 0)
    )
    handler = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"soun"), b"Parvis replay\0")
    self_contained = full_box(b"url ", 0, 1)
    information = box(
        b"minf",
        full_box(b"smhd", 0, 0, bytes(4)),
        box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), self_contained)),
        _sample_table(rendition, sizes, chunks, start),
    )
    return box(b"trak", header, box(b"mdia", media_header, handler, information))


def _sample_table(rendition: Rendition, sizes: array[int], chunks: array[int], start: int) -> bytes:
    """§8.5 to §8.7: one duration, one chunk a part, each sample's size."""
    durations = struct.pack(">III", 1, len(sizes), rendition.frame_samples)
    per_chunk = struct.pack(">IIII", 1, 1, rendition.frames_per_part, 1)
    offsets, at = array("Q"), start
    for size in chunks:
        offsets.append(at)
        at += size
    return box(
        b"stbl",
        full_box(b"stsd", 0, 0, _sample_description(rendition)),
        full_box(b"stts", 0, 0, durations),
        full_box(b"stsc", 0, 0, per_chunk),
        full_box(b"stsz", 0, 0, struct.pack(">II", 0, len(sizes)), _big_endian(sizes)),
        full_box(b"co64", 0, 0, struct.pack(">I", len(offsets)), _big_endian(offsets)),
    )


def _sample_description(rendition: Rendition) -> bytes:
    """What the program's own init segment says of its samples, byte for byte."""
    payload = memoryview(init_segment(rendition))
    within = "init segment"
    for wanted in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        payload = next(child for kind, child in walk(payload, within) if kind == wanted)
        within = wanted.decode()
    fields = Fields("stsd", payload)
    fields.version_and_flags()
    return bytes(fields.rest())


def _metadata(tags: Iterable[tuple[bytes, str]]) -> bytes:
    """`udta` with an iTunes-style list: what players show as title and artist."""
    items = [box(name, box(b"data", struct.pack(">II", _UTF8, 0), text.encode())) for name, text in tags]
    handler = full_box(b"hdlr", 0, 0, struct.pack(">I4s4s8x", 0, b"mdir", b"appl"), b"\0")
    return box(b"udta", full_box(b"meta", 0, 0, handler, box(b"ilst", *items)))


def _big_endian(numbers: array[int]) -> bytes:
    """The numbers as the file has them, whatever this machine's order is."""
    swapped = array(numbers.typecode, numbers)
    if struct.pack("=H", 1) == b"\1\0":
        swapped.byteswap()
    return swapped.tobytes()
