"""Boxes of the ISO base media file format, written and walked (ISO/IEC 14496-12 §4.2).

A box is a 32-bit size that counts itself, a four-character type, and a payload; a full box begins its payload
with a version and 24 bits of flags. Rules here:

- Sizes are 32-bit. The 64-bit size (1) and the size "to the end of the file" (0) of the standard make no
  sense in a part of a few kilobytes: they are never written, and refused when read.
- Walking never copies: payloads are slices of one `memoryview`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from parvis.errors import RemoteProtocolError

HEADER_BYTES: Final = 8

MALFORMED: Final = "media-malformed"
"""Code of every `RemoteProtocolError` that the bytes of a peer cause in this package."""

_HEADER = struct.Struct(">I4s")


def box(type: bytes, *payload: bytes) -> bytes:
    """A box of this four-character type around the joined payload."""
    body = b"".join(payload)
    return _HEADER.pack(HEADER_BYTES + len(body), type) + body


def full_box(type: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    """A box whose payload begins with `version` (8 bits) and `flags` (24 bits)."""
    return box(type, struct.pack(">I", version << 24 | flags), *payload)


def box_header(data: bytes | bytearray | memoryview, offset: int = 0) -> tuple[bytes, int]:
    """(type, size in bytes, header included) of the box at `offset`, where 8 bytes must be there.

    Raises `RemoteProtocolError` when the size cannot hold the header.
    """
    size, kind = _HEADER.unpack_from(data, offset)
    if size < HEADER_BYTES:
        raise RemoteProtocolError(MALFORMED, f"box {kind!r} claims {size} bytes")
    return kind, size


def walk(payload: memoryview, within: str) -> Iterator[tuple[bytes, memoryview]]:
    """Yields (type, payload) of the boxes side by side in `payload`; `within` names it in errors.

    Raises `RemoteProtocolError` when the boxes do not fill `payload` exactly.
    """
    offset = 0
    while offset < len(payload):
        if len(payload) - offset < HEADER_BYTES:
            raise RemoteProtocolError(MALFORMED, f"{within} ends inside the header of a box")
        kind, size = box_header(payload, offset)
        if size > len(payload) - offset:
            raise RemoteProtocolError(MALFORMED, f"box {kind!r} runs past the end of {within}")
        yield kind, payload[offset + HEADER_BYTES : offset + size]
        offset += size


class Fields:
    """Reads the fields of a box in order. Raises `RemoteProtocolError` when the box ends too early."""

    def __init__(self, type: str, payload: memoryview) -> None:
        self._type = type
        self._payload = payload
        self._offset = 0

    def unsigned(self, size_bytes: int) -> int:
        """A big-endian whole number."""
        return int.from_bytes(self.take(size_bytes), "big")

    def version_and_flags(self) -> tuple[int, int]:
        """What a full box begins with."""
        word = self.unsigned(4)
        return word >> 24, word & 0xFFFFFF

    def string(self) -> str:
        """UTF-8 up to the zero byte that ends it."""
        rest = bytes(self._payload[self._offset :])
        end = rest.find(b"\0")
        if end < 0:
            raise RemoteProtocolError(MALFORMED, f"{self._type} holds a string without an end")
        self._offset += end + 1
        try:
            return rest[:end].decode()
        except UnicodeDecodeError as error:
            raise RemoteProtocolError(MALFORMED, f"{self._type} holds a string that is not UTF-8") from error

    def take(self, size_bytes: int) -> memoryview:
        """The next bytes as they are."""
        taken = self._payload[self._offset : self._offset + size_bytes]
        if len(taken) < size_bytes:
            raise RemoteProtocolError(MALFORMED, f"{self._type} is too short")
        self._offset += size_bytes
        return taken

    def rest(self) -> memoryview:
        """All that has not been read."""
        taken = self._payload[self._offset :]
        self._offset = len(self._payload)
        return taken
