"""The init segment of a rendition: what a player must know before the first part.

A CMAF header (ISO/IEC 23000-19 §7.3): `ftyp` and a `moov` without samples. Rules:

- One track, id 1, timescale 48,000, mono. All defaults stand in each part's `tfhd`, as the brand `cmf2` asks.
- No edit list, and an Opus `PreSkip` of 0: the encoder delay is taken out before packaging
  (docs/decisions/0005-timestamps-without-edit-lists.md).
- Opus: sample entry `Opus` with `dOps` (Encapsulation of Opus in ISOBMFF §4.3.1, §4.3.2). AAC-LC: `mp4a`
  with `esds` (ISO/IEC 14496-14 §6.7) around an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).

The same rendition always gives the same bytes, so an edge may compare them.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import Final

from parvis.clock import SAMPLE_RATE_HZ
from parvis.media.boxes import box, full_box
from parvis.media.rendition import Rendition

TRACK_ID: Final = 1
CHANNELS: Final = 1

AAC_AUDIO_SPECIFIC_CONFIG: Final = bytes([0b00010_001, 0b1_0001_000])
"""Object type 2 (AAC-LC), sampling frequency index 3 (48 kHz), 1 channel, frames of 1,024 samples."""

_UNITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_LANGUAGE_UND = 0x55C4
_TKHD_ENABLED_IN_MOVIE_IN_PREVIEW = 7
_DREF_SELF_CONTAINED = 1


@cache
def init_segment(rendition: Rendition) -> bytes:
    """The bytes of the rendition's init segment, under 700 of them."""
    return _file_type(rendition) + box(b"moov", _movie_header(), _track(rendition), _movie_extends())


def _file_type(rendition: Rendition) -> bytes:
    """§4.3. `iso6` for `tfdt` with `default-base-is-moof`; `caac` is the CMAF profile AAC Core."""
    brands = [b"iso6", b"cmfc", b"cmf2"] + ([b"caac"] if rendition is Rendition.AAC else [])
    return box(b"ftyp", b"iso6", struct.pack(">I", 0), *brands)


def _movie_header() -> bytes:
    """§8.2.2. Duration 0: the presentation is in the fragments."""
    times = struct.pack(">IIII", 0, 0, SAMPLE_RATE_HZ, 0)
    rate_volume_reserved = struct.pack(">IH10x", 0x10000, 0x0100)
    next_track_id = struct.pack(">I", TRACK_ID + 1)
    return full_box(b"mvhd", 0, 0, times, rate_volume_reserved, _UNITY_MATRIX, bytes(24), next_track_id)


def _track(rendition: Rendition) -> bytes:
    """§8.3.1, §8.4."""
    header = full_box(
        b"tkhd",
        0,
        _TKHD_ENABLED_IN_MOVIE_IN_PREVIEW,
        struct.pack(">IIIII", 0, 0, TRACK_ID, 0, 0),
        struct.pack(">8xHHHH", 0, 0, 0x0100, 0),
        _UNITY_MATRIX,
        struct.pack(">II", 0, 0),
    )
    media_header = full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, SAMPLE_RATE_HZ, 0, _LANGUAGE_UND, 0))
    handler = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"soun"), b"Parvis program\0")
    sound_header = full_box(b"smhd", 0, 0, bytes(4))
    location = full_box(b"url ", 0, _DREF_SELF_CONTAINED)
    data_information = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), location))
    media_information = box(b"minf", sound_header, data_information, _sample_table(rendition))
    return box(b"trak", header, box(b"mdia", media_header, handler, media_information))


def _sample_table(rendition: Rendition) -> bytes:
    """§8.5. The tables that must be there, with no sample in them."""
    entry = _opus_entry() if rendition is Rendition.OPUS else _aac_entry()
    return box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, struct.pack(">I", 0)),
        full_box(b"stsc", 0, 0, struct.pack(">I", 0)),
        full_box(b"stsz", 0, 0, struct.pack(">II", 0, 0)),
        full_box(b"stco", 0, 0, struct.pack(">I", 0)),
    )


def _audio_entry(type: bytes, configuration: bytes) -> bytes:
    """§12.2.3: data reference 1, mono, 16 bits, 48 kHz as 16.16 fixed point."""
    entry = struct.pack(">6xH8xHHHHI", 1, CHANNELS, 16, 0, 0, SAMPLE_RATE_HZ << 16)
    return box(type, entry, configuration)


def _opus_entry() -> bytes:
    version, pre_skip, output_gain, mapping_family = 0, 0, 0, 0
    configuration = struct.pack(
        ">BBHIhB", version, CHANNELS, pre_skip, SAMPLE_RATE_HZ, output_gain, mapping_family
    )
    return _audio_entry(b"Opus", box(b"dOps", configuration))


def _aac_entry() -> bytes:
    """ISO/IEC 14496-1 §7.2.6: ES_Descriptor (3) around DecoderConfig (4) with DecoderSpecificInfo (5), and
    SLConfig (6)."""
    object_type_aac, audio_stream = 0x40, 0x05 << 2 | 1
    bitrate_bps = Rendition.AAC.bitrate_bps
    decoder = struct.pack(">BB3xII", object_type_aac, audio_stream, bitrate_bps, bitrate_bps)
    decoder += _descriptor(5, AAC_AUDIO_SPECIFIC_CONFIG)
    sync_predefined_mp4 = _descriptor(6, b"\2")
    es_id_and_flags = struct.pack(">HB", 0, 0)
    stream = _descriptor(3, es_id_and_flags + _descriptor(4, decoder) + sync_predefined_mp4)
    return _audio_entry(b"mp4a", full_box(b"esds", 0, 0, stream))


def _descriptor(tag: int, payload: bytes) -> bytes:
    assert len(payload) < 0x80, "a longer size takes more than one byte"
    return bytes([tag, len(payload)]) + payload


def _movie_extends() -> bytes:
    """§8.8.1, §8.8.3. Sample description 1; the other defaults are 0, for each `tfhd` says its own."""
    return box(b"mvex", full_box(b"trex", 0, 0, struct.pack(">IIIII", TRACK_ID, 1, 0, 0, 0)))
