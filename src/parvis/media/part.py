"""A part as bytes: one CMAF fragment with its clock and its events (docs/protocol.md §3).

::

    prft   §8.16.5 of ISO/IEC 14496-12: Unix time of the first sample, as NTP, beside its media time
    emsg*  ISO/IEC 23009-1 §5.10.3.3: events
    moof   §8.8.4
      mfhd     §8.8.5   low 32 bits of the sequence
      traf     §8.8.6
        tfhd   §8.8.7   default-base-is-moof, duration and flags of every sample
        tfdt   §8.8.12  64 bits: sequence × 15,360
        trun   §8.8.8   offset of the first sample, size of each
    mdat   §8.1.1  the access units, one after the other

A part costs 136 bytes and 4 for each access unit. It depends on nothing but its arguments, so two stages, or
an edge that fills dead air, build the same bytes for the same sound.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from parvis.clock import PART_MS, SAMPLE_RATE_HZ, media_time
from parvis.errors import LocalProtocolError
from parvis.media.boxes import HEADER_BYTES, box, full_box
from parvis.media.events import Event
from parvis.media.init import TRACK_ID
from parvis.media.rendition import Rendition

EVENT_SCHEME: Final = "urn:parvis:event"
EVENT_VALUE: Final = "1"

NTP_UNIX_OFFSET_S: Final = 2_208_988_800
"""Seconds from 1 January 1900, where NTP counts from, to the Unix epoch (RFC 5905 §6)."""

PRFT_CAPTURED: Final = 24
"""`prft` flags: the time is when the sound was captured, live."""

TFHD_DEFAULT_DURATION: Final = 0x000008
TFHD_DEFAULT_FLAGS: Final = 0x000020
TFHD_DEFAULT_BASE_IS_MOOF: Final = 0x020000
TRUN_DATA_OFFSET: Final = 0x000001
TRUN_SAMPLE_SIZES: Final = 0x000200

DEPENDS_ON_NO_OTHER: Final = 0x02000000
"""Sample flags (§8.8.3.1): `sample_depends_on` 2, a sync sample."""

_MAX_EVENTS = 256


def build_part(
    rendition: Rendition, sequence: int, access_units: Sequence[bytes], events: Sequence[Event] = ()
) -> bytes:
    """One part: `access_units` are the 16 Opus packets or 15 raw AAC frames that decode to its samples.

    Raises `LocalProtocolError` `part-invalid` when their number is not that of a part, when one is empty,
    when there are more than 256 events, or when the sequence is negative.
    """
    if len(access_units) != rendition.frames_per_part or not all(access_units):
        sizes = [len(unit) for unit in access_units]
        raise LocalProtocolError(
            "part-invalid", f"{rendition} takes {rendition.frames_per_part} access units, not sizes {sizes}"
        )
    if sequence < 0 or len(events) > _MAX_EVENTS:
        raise LocalProtocolError("part-invalid", f"sequence {sequence} with {len(events)} events")
    messages = [event_box(sequence, index, event) for index, event in enumerate(events)]
    return b"".join(
        [
            _producer_reference_time(sequence),
            *messages,
            _movie_fragment(rendition, sequence, access_units),
            box(b"mdat", *access_units),
        ]
    )


def ntp_time(unix_ms: int) -> int:
    """NTP's 64 bits, 32 of them for the fraction. Seconds wrap in 2036, as RFC 5905 §6 says they do."""
    seconds, ms = divmod(unix_ms, 1000)
    fraction = ((ms << 32) + 500) // 1000
    return (seconds + NTP_UNIX_OFFSET_S) % (1 << 32) << 32 | fraction


def _producer_reference_time(sequence: int) -> bytes:
    fields = struct.pack(">IQQ", TRACK_ID, ntp_time(sequence * PART_MS), media_time(sequence))
    return full_box(b"prft", 1, PRFT_CAPTURED, fields)


def event_box(sequence: int, index: int, event: Event) -> bytes:
    """The `emsg` of an event, `index` (0 to 255) of those that ride on part `sequence`.

    The id is the same in both renditions and not met again for 62 days, so a player that sees an event twice
    knows it.
    """
    duration_samples = 0
    identifier = (sequence << 8 | index) & 0xFFFFFFFF
    fields = struct.pack(">IQII", SAMPLE_RATE_HZ, media_time(sequence), duration_samples, identifier)
    strings = f"{EVENT_SCHEME}\0{EVENT_VALUE}\0".encode()
    return full_box(b"emsg", 1, 0, fields, strings, event.body)


def _movie_fragment(rendition: Rendition, sequence: int, access_units: Sequence[bytes]) -> bytes:
    header = full_box(b"mfhd", 0, 0, struct.pack(">I", sequence & 0xFFFFFFFF))
    track_header = full_box(
        b"tfhd",
        0,
        TFHD_DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_DURATION | TFHD_DEFAULT_FLAGS,
        struct.pack(">III", TRACK_ID, rendition.frame_samples, DEPENDS_ON_NO_OTHER),
    )
    decode_time = full_box(b"tfdt", 1, 0, struct.pack(">Q", media_time(sequence)))
    count = len(access_units)
    run_bytes = HEADER_BYTES + 12 + 4 * count
    moof_bytes = 2 * HEADER_BYTES + len(header) + len(track_header) + len(decode_time) + run_bytes
    run = full_box(
        b"trun",
        0,
        TRUN_DATA_OFFSET | TRUN_SAMPLE_SIZES,
        struct.pack(">Ii", count, moof_bytes + HEADER_BYTES),
        struct.pack(f">{count}I", *map(len, access_units)),
    )
    return box(b"moof", header, box(b"traf", track_header, decode_time, run))
