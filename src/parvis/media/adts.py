"""AAC frames as radio receivers take them: ADTS (ISO/IEC 14496-3 §1.A.3), and ICY metadata between.

Rules:

- A frame is a header of 7 bytes and one raw data block. Whoever comes in the middle finds the next one by its
  sync word, so a stream needs no beginning.
- ICY metadata (SHOUTcast, Icecast) comes after each `icy-metaint` bytes *of one connection*, so as a rule
  each listener needs bytes of its own. Not here: every part is filled up to whole intervals, so an interval
  begins with each part, whoever gets it and whatever came before. One burst serves all, also those who skip a
  part or go over into another Space.
- Filling is AAC's own: fill elements (§4.4.2.7, `EXT_FILL_DATA`) before the end of a raw data block, which
  every decoder passes over. That end is `111`, and zeros up to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from parvis.errors import LocalProtocolError

HEADER_BYTES: Final = 7
METADATA_INTERVAL_BYTES: Final = 1024
"""`icy-metaint`. It is short, for filling costs half of it a part on average."""

_SYNC_WITHOUT_CRC: Final = 0xFFF1
_PROFILE_LC: Final = 1
_FREQUENCY_48K: Final = 3
_MONO: Final = 1
_VARIABLE_RATE: Final = 0x7FF
_FRAME_LIMIT_BYTES: Final = 1 << 13

_ID_FILL: Final = 0b110
_ID_END: Final = 0b111
_ELEMENT_BITS: Final = 3
_COUNT_ESCAPE: Final = 15
_SHORT_MOST: Final = _COUNT_ESCAPE - 1
_LONG_MOST: Final = _COUNT_ESCAPE - 1 + 255
_FILL_DATA: Final = b"\x10" + b"\xa5" * (_LONG_MOST - 1)
"""Type 1, `fill_nibble` 0, `fill_byte` 10100101."""
_METADATA_UNIT_BYTES: Final = 16


def adts_frame(unit: bytes) -> bytes:
    """A raw AAC-LC frame, mono at 48 kHz, with its header. Raises `LocalProtocolError` `frame-too-long`."""
    size = HEADER_BYTES + len(unit)
    if size >= _FRAME_LIMIT_BYTES:
        raise LocalProtocolError("frame-too-long", f"an ADTS frame cannot have {size} bytes")
    fields = _PROFILE_LC << 38 | _FREQUENCY_48K << 34 | _MONO << 30 | size << 13 | _VARIABLE_RATE << 2
    return (_SYNC_WITHOUT_CRC << 40 | fields).to_bytes(HEADER_BYTES, "big") + unit


def adts_part(units: Sequence[bytes]) -> bytes:
    """The frames of a part, one after the other."""
    return b"".join(map(adts_frame, units))


def icy_part(units: Sequence[bytes], title: str | None) -> bytes:
    """The frames of a part in whole intervals, metadata after each: in the first `title`, if any."""
    sound = _whole_intervals(units)
    pieces: list[bytes] = []
    for start in range(0, len(sound), METADATA_INTERVAL_BYTES):
        pieces += [sound[start : start + METADATA_INTERVAL_BYTES], icy_metadata(None if start else title)]
    return b"".join(pieces)


def icy_metadata(title: str | None) -> bytes:
    """A metadata block: a byte that counts 16s, then as many. None: nothing new."""
    if title is None:
        return b"\0"
    text = f"StreamTitle='{title.translate(_QUOTES)}';".encode()
    count = -(-len(text) // _METADATA_UNIT_BYTES)
    assert count <= 255, title
    return bytes([count]) + text.ljust(count * _METADATA_UNIT_BYTES, b"\0")


_QUOTES: Final = {ord("'"): "\N{RIGHT SINGLE QUOTATION MARK}", ord("\0"): None}
"""Receivers read up to the next quote."""


def filled(unit: bytes, growth_bytes: int) -> bytes:
    """A raw data block that is so many bytes longer and decodes to the same. One that does not end as the
    standard says is left as it is."""
    while growth_bytes > 0 and _ends_well(unit):
        longer = _with_fill_element(unit, growth_bytes)
        growth_bytes -= len(longer) - len(unit)
        unit = longer
    return unit


def _whole_intervals(units: Sequence[bytes]) -> bytes:
    """Frames filled evenly, so that none outgrows what a decoder holds."""
    bare = sum(map(len, units)) + HEADER_BYTES * len(units)
    missing = -bare % METADATA_INTERVAL_BYTES
    share, more = divmod(missing, len(units))
    sound = adts_part([filled(unit, share + (index < more)) for index, unit in enumerate(units)])
    # Zeros between frames, where a block could not be filled: decoders look for the next sync word.
    return sound + bytes(-len(sound) % METADATA_INTERVAL_BYTES)


def _ends_well(unit: bytes) -> bool:
    last = int.from_bytes(unit[-2:], "big")
    zeros = _trailing_zeros(last)
    return zeros < 8 and last >> zeros & _ID_END == _ID_END


def _with_fill_element(unit: bytes, growth_bytes: int) -> bytes:
    """At most so many bytes longer, and at least one: not every number can be had with one element."""
    bits = int.from_bytes(unit, "big")
    zeros = _trailing_zeros(bits)
    spare = 0 if zeros == 7 else 1
    count = min(growth_bytes - spare, _SHORT_MOST)
    if growth_bytes - spare - 1 > _SHORT_MOST:
        count = min(growth_bytes - spare - 1, _LONG_MOST)
    bits >>= zeros + _ELEMENT_BITS
    size = 8 * len(unit) - zeros - _ELEMENT_BITS
    fields = [(_ID_FILL, _ELEMENT_BITS), (min(count, _COUNT_ESCAPE), 4)]
    if count > _SHORT_MOST:
        fields.append((count - _SHORT_MOST, 8))
    fields += [(int.from_bytes(_FILL_DATA[:count], "big"), 8 * count), (_ID_END, _ELEMENT_BITS)]
    for value, width in fields:
        bits, size = bits << width | value, size + width
    slack = -size % 8
    return (bits << slack).to_bytes((size + slack) // 8, "big")


def _trailing_zeros(value: int) -> int:
    return (value & -value).bit_length() - 1 if value else 8
