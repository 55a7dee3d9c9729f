"""Reads init segments and parts from a stream of bytes, however it is cut. No I/O.

Rules:

- A stream is init segments (`ftyp`, `moov`) and parts (docs/protocol.md §3), in any number; an init segment
  comes first, unless the rendition was told. Boxes of other types between them are passed over, as ISO/IEC
  14496-12 §4.2 asks of every reader; so are events of other schemes.
- What is read is checked whole: sizes, counts, and that sequence, `tfdt` and `prft` say the same. Anything
  else raises `RemoteProtocolError` `media-malformed`, and the reader is then of no use any more.
- Memory is bounded: a box, or a part, of more than `limit_bytes` is an error as soon as its size is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from parvis.clock import PART_MS, PART_SAMPLES, SAMPLE_RATE_HZ
from parvis.errors import RemoteProtocolError
from parvis.media.boxes import HEADER_BYTES, MALFORMED, Fields, box_header, walk
from parvis.media.events import Event
from parvis.media.init import TRACK_ID
from parvis.media.part import (
    EVENT_SCHEME,
    NTP_UNIX_OFFSET_S,
    TFHD_DEFAULT_BASE_IS_MOOF,
    TFHD_DEFAULT_DURATION,
    TFHD_DEFAULT_FLAGS,
    TRUN_DATA_OFFSET,
    TRUN_SAMPLE_SIZES,
)
from parvis.media.rendition import Rendition

LIMIT_BYTES: Final = 262_144
"""Default size limit of a part: a hundred times an ordinary one."""

_SAMPLE_ENTRIES = {b"Opus": Rendition.OPUS, b"mp4a": Rendition.AAC}


@dataclass(frozen=True, slots=True)
class InitSegment:
    """An init segment and the rendition that it announces."""

    rendition: Rendition
    data: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `media_time` is in samples and `wallclock_s` in Unix time, both of its first sample;
    `size` is its bytes on the wire."""

    rendition: Rendition
    sequence: int
    media_time: int
    wallclock_s: float
    events: tuple[Event, ...]
    access_units: tuple[bytes, ...]
    size: int


class PartReader:
    """Feed it bytes as they come; it gives what they complete."""

    def __init__(self, rendition: Rendition | None = None, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._rendition = rendition
        self._limit_bytes = limit_bytes
        self._buffer = bytearray()
        self._pending: list[tuple[bytes, bytes]] = []
        self._pending_bytes = 0
        self._failure: RemoteProtocolError | None = None

    @property
    def rendition(self) -> Rendition | None:
        """The rendition of the last init segment, or the one told at the beginning."""
        return self._rendition

    @property
    def unfinished_bytes(self) -> int:
        """Bytes taken that do not make a whole init segment or part yet; 0 at a clean end."""
        return len(self._buffer) + self._pending_bytes

    def feed(self, data: bytes) -> list[InitSegment | Part]:
        """Takes the next bytes, any number of them, and returns what is complete now, in order.

        Raises `RemoteProtocolError` `media-malformed` for anything that is not such a stream, and again at
        every later call.
        """
        if self._failure is not None:
            raise self._failure
        self._buffer += data
        try:
            return self._complete()
        except RemoteProtocolError as error:
            self._failure = error
            raise

    def _complete(self) -> list[InitSegment | Part]:
        found: list[InitSegment | Part] = []
        consumed = 0
        while len(self._buffer) - consumed >= HEADER_BYTES:
            kind, size = box_header(self._buffer, consumed)
            if self._pending_bytes + size > self._limit_bytes:
                raise RemoteProtocolError(MALFORMED, f"box {kind!r} of {size} bytes is over the limit")
            if len(self._buffer) - consumed < size:
                break
            whole = bytes(self._buffer[consumed : consumed + size])
            consumed += size
            item = self._take(kind, whole)
            if item is not None:
                found.append(item)
        del self._buffer[:consumed]
        return found

    def _take(self, type: bytes, whole: bytes) -> InitSegment | Part | None:
        """One box at the top level. Boxes wait in `_pending` until `moov` or `mdat` completes them."""
        awaited = _FOLLOWERS[self._pending[-1][0] if self._pending else b""]
        if type not in awaited:
            if self._pending or type in _FOLLOWERS or type in _CLOSERS:
                raise RemoteProtocolError(MALFORMED, f"box {type!r} is out of place")
            return None
        self._pending.append((type, whole))
        self._pending_bytes += len(whole)
        if type not in _CLOSERS:
            return None
        boxes, size = self._pending, self._pending_bytes
        self._pending, self._pending_bytes = [], 0
        if type == b"moov":
            self._rendition = _rendition_of(memoryview(whole)[HEADER_BYTES:])
            return InitSegment(self._rendition, b"".join(data for _, data in boxes))
        if self._rendition is None:
            raise RemoteProtocolError(MALFORMED, "a part came before the init segment")
        return _part(self._rendition, boxes, size)


_FOLLOWERS = {
    b"": {b"ftyp", b"prft"},
    b"ftyp": {b"moov"},
    b"prft": {b"emsg", b"moof"},
    b"emsg": {b"emsg", b"moof"},
    b"moof": {b"mdat"},
}
_CLOSERS = {b"moov", b"mdat"}


def _rendition_of(moov: memoryview) -> Rendition:
    """Down to the sample entry; the timescale is checked on the way."""
    mdia = _child(_child(moov, "moov", b"trak"), "trak", b"mdia")
    mdhd = Fields("mdhd", _child(mdia, "mdia", b"mdhd"))
    version, _ = mdhd.version_and_flags()
    mdhd.take(16 if version == 1 else 8)
    timescale = mdhd.unsigned(4)
    if timescale != SAMPLE_RATE_HZ:
        raise RemoteProtocolError(MALFORMED, f"timescale {timescale} is not {SAMPLE_RATE_HZ}")
    stbl = _child(_child(mdia, "mdia", b"minf"), "minf", b"stbl")
    stsd = Fields("stsd", _child(stbl, "stbl", b"stsd"))
    stsd.version_and_flags()
    stsd.unsigned(4)
    for kind, _ in walk(stsd.rest(), "stsd"):
        if kind in _SAMPLE_ENTRIES:
            return _SAMPLE_ENTRIES[kind]
    raise RemoteProtocolError(MALFORMED, "neither Opus nor AAC")


def _part(rendition: Rendition, boxes: list[tuple[bytes, bytes]], size: int) -> Part:
    payloads = [memoryview(data)[HEADER_BYTES:] for _, data in boxes]
    prft, moof, mdat = payloads[0], payloads[-2], payloads[-1]
    wallclock_s, media_time = _reference_time(prft)
    events = [event for emsg in payloads[1:-2] if (event := _event(emsg)) is not None]
    sequence, remainder = divmod(media_time, PART_SAMPLES)
    if remainder:
        raise RemoteProtocolError(MALFORMED, f"media time {media_time} is not the beginning of a part")
    if abs(wallclock_s - sequence * PART_MS / 1000) > 0.001:
        raise RemoteProtocolError(MALFORMED, f"part {sequence} says that it is of {wallclock_s}")
    sizes = _fragment(rendition, sequence, moof)
    if sum(sizes) != len(mdat):
        raise RemoteProtocolError(MALFORMED, f"samples of {sum(sizes)} bytes in an mdat of {len(mdat)}")
    media = Fields("mdat", mdat)
    units = tuple(bytes(media.take(unit_bytes)) for unit_bytes in sizes)
    return Part(rendition, sequence, media_time, wallclock_s, tuple(events), units, size)


def _reference_time(payload: memoryview) -> tuple[float, int]:
    """(Unix time in seconds to the microsecond, media time). NTP seconds below 2³¹ are of the era that begins
    in 2036 (RFC 4330 §3)."""
    prft = Fields("prft", payload)
    version, _ = prft.version_and_flags()
    if version != 1 or prft.unsigned(4) != TRACK_ID:
        raise RemoteProtocolError(MALFORMED, "prft is not of version 1 and track 1")
    seconds, fraction = prft.unsigned(4), prft.unsigned(4)
    era = 1 << 32 if seconds < 1 << 31 else 0
    media_time = prft.unsigned(8)
    return round(seconds + era - NTP_UNIX_OFFSET_S + fraction / (1 << 32), 6), media_time


def _event(payload: memoryview) -> Event | None:
    """The event, or None when it is of another scheme."""
    emsg = Fields("emsg", payload)
    version, _ = emsg.version_and_flags()
    if version != 1:
        return None
    emsg.take(20)
    scheme, _value = emsg.string(), emsg.string()
    if scheme != EVENT_SCHEME:
        return None
    body = bytes(emsg.rest())
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RemoteProtocolError(MALFORMED, f"event is not JSON: {error}") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise RemoteProtocolError(MALFORMED, "event has no type")
    return Event(fields["type"], body)


def _fragment(rendition: Rendition, sequence: int, moof: memoryview) -> tuple[int, ...]:
    """Sizes of the samples, after everything around them has been checked."""
    mfhd = Fields("mfhd", _child(moof, "moof", b"mfhd"))
    mfhd.version_and_flags()
    if mfhd.unsigned(4) != sequence & 0xFFFFFFFF:
        raise RemoteProtocolError(MALFORMED, f"mfhd is not of part {sequence}")
    traf = _child(moof, "moof", b"traf")
    tfhd = Fields("tfhd", _child(traf, "traf", b"tfhd"))
    expected = TFHD_DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_DURATION | TFHD_DEFAULT_FLAGS
    if tfhd.version_and_flags()[1] != expected or tfhd.unsigned(4) != TRACK_ID:
        raise RemoteProtocolError(MALFORMED, "tfhd is not of a part")
    if (duration := tfhd.unsigned(4)) != rendition.frame_samples:
        raise RemoteProtocolError(MALFORMED, f"samples of {duration} are not {rendition}")
    tfdt = Fields("tfdt", _child(traf, "traf", b"tfdt"))
    if tfdt.version_and_flags()[0] != 1 or tfdt.unsigned(8) != sequence * PART_SAMPLES:
        raise RemoteProtocolError(MALFORMED, f"tfdt is not of part {sequence}")
    trun = Fields("trun", _child(traf, "traf", b"trun"))
    if trun.version_and_flags()[1] != TRUN_DATA_OFFSET | TRUN_SAMPLE_SIZES:
        raise RemoteProtocolError(MALFORMED, "trun is not of a part")
    if (count := trun.unsigned(4)) != rendition.frames_per_part:
        raise RemoteProtocolError(MALFORMED, f"{count} access units make no part of {rendition}")
    if trun.unsigned(4) != len(moof) + 2 * HEADER_BYTES:
        raise RemoteProtocolError(MALFORMED, "trun does not point at the mdat that follows")
    return tuple(trun.unsigned(4) for _ in range(count))


def _child(payload: memoryview, within: str, type: bytes) -> memoryview:
    """Payload of the first child of this type."""
    for found, child in walk(payload, within):
        if found == type:
            return child
    raise RemoteProtocolError(MALFORMED, f"{within} holds no {type.decode()}")
