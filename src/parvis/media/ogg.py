"""Pages of Ogg, and the headers of Opus in them (RFC 3533, RFC 7845). Nothing is decoded.

Rules:

- Packets are whole in their page.
- No pre-skip: the packets decode to the program from their first sample
  (docs/decisions/0005-timestamps-without-edit-lists.md).
- The checksum of a page is CRC-32 with the polynomial of zlib's but the bits the other way round, without
  inversion (RFC 3533 §6): mirrored in, mirrored out, zlib computes it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from parvis.clock import SAMPLE_RATE_HZ, media_time
from parvis.media.init import CHANNELS

FIRST: Final = 2
"""Flag of the page that begins a stream."""
LAST: Final = 4
"""Flag of the page that ends one."""
MOST_SEGMENTS: Final = 255
"""In one page: see `segments`."""

LIVE_SERIAL: Final = 0x50415256
"""Of every live stream: who goes over into another Space goes on in the same one."""
LIVE_PERIOD_PARTS: Final = 1 << 28
"""After which granule positions begin anew: 2.7 years. A million times as many samples must stay below 2⁶³,
for players such as VLC reckon in microseconds."""

_MIRROR: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_CHECKSUM_OFFSET: Final = 22
_SEGMENT_BYTES: Final = 255
_NUMBERS: Final = 1 << 32


def ogg_page(packets: Sequence[bytes], *, granule: int, serial: int, number: int, flags: int = 0) -> bytes:
    """One page of whole packets (RFC 3533 §6), of `MOST_SEGMENTS` segments at most. `granule` is the time
    after its last sample, `number` counts pages, modulo 2³²."""
    lacing = b"".join(map(_lacing, packets))
    assert len(lacing) <= MOST_SEGMENTS, len(lacing)
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, serial, number % _NUMBERS, 0, len(lacing))
    page = bytearray(head + lacing + b"".join(packets))
    struct.pack_into("<I", page, _CHECKSUM_OFFSET, checksum(page))
    return bytes(page)


def segments(packets: Iterable[bytes]) -> int:
    """How many segments of a page these packets take."""
    return sum(len(packet) // _SEGMENT_BYTES + 1 for packet in packets)


def opus_head() -> bytes:
    """RFC 7845 §5.1: version 1, mono, no pre-skip, no gain, mapping family 0."""
    return b"OpusHead" + struct.pack("<BBHIhB", 1, CHANNELS, 0, SAMPLE_RATE_HZ, 0, 0)


def opus_tags(tags: Iterable[str]) -> bytes:
    """RFC 7845 §5.2. Tags are `NAME=value`."""
    comments = [tag.encode() for tag in tags]
    vendor = b"Parvis"
    fields = [struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(comments))]
    fields += [struct.pack("<I", len(comment)) + comment for comment in comments]
    return b"OpusTags" + b"".join(fields)


def live_head(tags: Iterable[str] = ()) -> bytes:
    """The two pages before a live stream. They are numbered 0 and 1, or libogg would drop them (its streams
    begin to count at 0); the hole between them and any later page loses nothing."""
    head = ogg_page([opus_head()], granule=0, serial=LIVE_SERIAL, number=0, flags=FIRST)
    return head + ogg_page([opus_tags(tags)], granule=0, serial=LIVE_SERIAL, number=1)


def live_page(sequence: int, packets: Sequence[bytes]) -> bytes:
    """A part as one page: the same for everybody, whenever they came. Its granule position is media time
    modulo `LIVE_PERIOD_PARTS`; a stream may begin at any (RFC 7845 §4.3)."""
    granule = media_time((sequence + 1) % LIVE_PERIOD_PARTS)
    return ogg_page(packets, granule=granule, serial=LIVE_SERIAL, number=sequence)


def checksum(page: bytes | bytearray) -> int:
    """CRC of a page whose checksum field is zero."""
    mirrored = zlib.crc32(page.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _lacing(packet: bytes) -> bytes:
    whole, rest = divmod(len(packet), _SEGMENT_BYTES)
    return bytes([_SEGMENT_BYTES]) * whole + bytes([rest])
