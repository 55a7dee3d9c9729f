"""Ogg Opus files from Opus packets, nothing decoded (RFC 3533, RFC 7845).

Rules:

- A page holds a second of sound, 50 packets, so that a player can seek to the second.
- No pre-skip: the packets decode to the program from their first sample
  (docs/decisions/0005-timestamps-without-edit-lists.md). The granule position of the last page is the length.
- The checksum of a page is CRC-32 with the polynomial of zlib's but the bits the other way round, without
  inversion (RFC 3533 §6): mirrored in, mirrored out, zlib computes it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from parvis.clock import SAMPLE_RATE_HZ
from parvis.media.init import CHANNELS
from parvis.media.rendition import Rendition

PACKETS_PER_PAGE: Final = 50
_FIRST: Final = 2
_LAST: Final = 4
_SEGMENT_MAX: Final = 255
_MIRROR: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_CHECKSUM_OFFSET: Final = 22


def write_ogg(out: BinaryIO, packets: Iterable[bytes], *, serial: int, tags: Iterable[str] = ()) -> None:
    """Writes a whole file. `tags` are comments, `TITLE=…` (RFC 7845 §5.2). Raises `OSError`."""
    pages = _Pages(out, serial)
    pages.write([opus_head()], granule=0, flags=_FIRST)
    pages.write([_opus_tags(tags)], granule=0)
    waiting: list[bytes] = []
    samples = 0
    for packet in packets:
        if (
            len(waiting) == PACKETS_PER_PAGE
            or _segments(waiting) + len(packet) // _SEGMENT_MAX + 1 > _SEGMENT_MAX
        ):
            samples += len(waiting) * Rendition.OPUS.frame_samples
            pages.write(waiting, granule=samples)
            waiting = []
        waiting.append(packet)
    samples += len(waiting) * Rendition.OPUS.frame_samples
    pages.write(waiting, granule=samples, flags=_LAST)


def opus_head() -> bytes:
    """RFC 7845 §5.1: version 1, mono, no pre-skip, no gain, mapping family 0."""
    return b"OpusHead" + struct.pack("<BBHIhB", 1, CHANNELS, 0, SAMPLE_RATE_HZ, 0, 0)


def _opus_tags(tags: Iterable[str]) -> bytes:
    comments = [tag.encode() for tag in tags]
    vendor = b"Parvis"
    fields = [struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(comments))]
    fields += [struct.pack("<I", len(comment)) + comment for comment in comments]
    return b"OpusTags" + b"".join(fields)


@dataclass
class _Pages:
    out: BinaryIO
    serial: int
    number: int = field(default=0)

    def write(self, packets: list[bytes], *, granule: int, flags: int = 0) -> None:
        """One page of whole packets (§6)."""
        lacing = b"".join(_lacing(packet) for packet in packets)
        assert len(lacing) <= _SEGMENT_MAX
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, self.serial, self.number, 0, len(lacing))
        page = bytearray(head + lacing + b"".join(packets))
        struct.pack_into("<I", page, _CHECKSUM_OFFSET, checksum(page))
        self.out.write(page)
        self.number += 1


def checksum(page: bytes | bytearray) -> int:
    """CRC of a page whose checksum field is zero."""
    mirrored = zlib.crc32(page.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _lacing(packet: bytes) -> bytes:
    return bytes([_SEGMENT_MAX]) * (len(packet) // _SEGMENT_MAX) + bytes([len(packet) % _SEGMENT_MAX])


def _segments(packets: list[bytes]) -> int:
    return sum(len(packet) // _SEGMENT_MAX + 1 for packet in packets)
