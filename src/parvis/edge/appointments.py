"""Appointments: when somebody for whom there was no room will be let in (docs/protocol.md §2). Pure.

::

    appointment = base64url(slot in ms, 8 bytes | serial, 8 bytes | the first 16 bytes of
                  HMAC-SHA256(key, label | slot | serial | address | Space))

Rules:

- Slots are handed out strictly in order of arrival. All that is kept of a line, however long, is the time of
  its next free slot. A million people who wait cost nothing.
- Every edge hands out its own share of slots: what it can admit itself. So edges need not talk; together they
  admit what all of them can.
- Whoever has the key honours it, from 1 s before the slot to 30 s after it. Who comes earlier keeps its
  place; who comes later, or with what is not its own, goes to the end of the line.
- It is bound to the Space and to the client's address (IPv4 as it is, IPv6 its /64), so a hoard of them is
  worth nothing to anybody else.
- It is good for once at each edge: those that were used are remembered in two Bloom filters of 1 MB, each
  for `REMEMBER_S`, so for longer than one is valid. Edges do not tell each other, so N edges let one holder
  in N times at most. At 5,000 a second, one in 10,000 honest holders is taken for a repeater, and gets a new
  slot.

Times are Unix seconds: edges on several machines must agree on them to a second, as NTP does.
"""

from __future__ import annotations

import base64
import hmac
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final

VALID_FOR_S: Final = 30.0
EARLY_S: Final = 1.0
"""How much before its slot somebody may come: clocks and networks are not exact."""
NEAREST_S: Final = 1.0
"""Nobody is asked to come back earlier than this."""
NS: Final = 1_000_000_000
REMEMBER_S: Final = VALID_FOR_S + EARLY_S

_LABEL: Final = b"parvis appointment 1\0"
_FIELDS = struct.Struct(">QQ")
_ADDRESS = struct.Struct(">Q")
_MAC_BYTES: Final = 16
_TEXT_LENGTH: Final = 43
"""Of 32 bytes in base64 without padding."""

_FILTER_BITS: Final = 1 << 23
_FILTER_HASHES = struct.Struct(">IIII")


class Standing(Enum):
    """What an appointment is worth now."""

    DUE = "due"
    EARLY = "early"
    VOID = "void"
    """Forged, late, somebody else's, or used already."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """`text` lets its holder in at `slot_s`; `ahead` come before."""

    text: str
    slot_s: float
    ahead: int


class Line:
    """Who waits at one edge: the time of the next free slot, and nothing else."""

    def __init__(self) -> None:
        # Whole numbers: a float of Unix seconds has steps of 0.2 µs, and a long line would drift by them.
        self._next_ns = 0

    def waits(self, now_s: float) -> bool:
        """Somebody has a slot that is not over: newcomers must not overtake."""
        return self._next_ns > now_s * NS

    def book(self, now_s: float, rate_per_s: float) -> tuple[float, int]:
        """The next free slot and how many have one before it. `rate_per_s` is how many are let in a
        second."""
        nearest_ns = round((now_s + NEAREST_S) * NS)
        slot_ns = max(self._next_ns, nearest_ns)
        self._next_ns = slot_ns + round(NS / rate_per_s)
        return slot_ns / NS, round((slot_ns - nearest_ns) / NS * rate_per_s)


class Appointments:
    """Makes and checks appointments with a key of 32 bytes. `origin` (32 bits) tells this edge's serials from
    those of others."""

    def __init__(self, key: bytes, origin: int) -> None:
        assert len(key) == 32
        self.line = Line()
        self._key = key
        self._serial = (origin & 0xFFFFFFFF) << 32
        self._used = _Used()

    def derived(self, purpose: bytes) -> bytes:
        """Another key of 32 bytes that all edges share, for what has nothing to do with appointments."""
        return hmac.digest(self._key, purpose, "sha256")

    def make(self, space: str, address: int, now_s: float, rate_per_s: float) -> Appointment:
        """One at the end of the line. `address` is a 64-bit number that stands for the client's."""
        slot_s, ahead = self.line.book(now_s, rate_per_s)
        slot_ms = round(slot_s * 1000)
        self._serial += 1
        fields = _FIELDS.pack(slot_ms, self._serial)
        text = base64.urlsafe_b64encode(fields + self._mac(fields, space, address))[:_TEXT_LENGTH].decode()
        return Appointment(text, slot_ms / 1000, ahead)

    def check(self, text: str, space: str, address: int, now_s: float) -> tuple[Standing, float]:
        """What somebody presents is worth, and its slot (0 when it is void). It is not used up by this."""
        raw = _decode(text)
        if raw is None:
            return Standing.VOID, 0.0
        fields, mac = raw[: _FIELDS.size], raw[_FIELDS.size :]
        if not hmac.compare_digest(mac, self._mac(fields, space, address)):
            return Standing.VOID, 0.0
        slot_s = _FIELDS.unpack(fields)[0] / 1000
        if now_s < slot_s - EARLY_S:
            return Standing.EARLY, slot_s
        if now_s > slot_s + VALID_FOR_S or self._used.has(mac):
            return Standing.VOID, 0.0
        return Standing.DUE, slot_s

    def use(self, text: str, now_s: float) -> None:
        """Its holder was let in. `text` must have been checked."""
        raw = _decode(text)
        assert raw is not None
        self._used.add(raw[_FIELDS.size :], now_s)

    def _mac(self, fields: bytes, space: str, address: int) -> bytes:
        message = b"".join((_LABEL, fields, _ADDRESS.pack(address), space.encode()))
        return hmac.digest(self._key, message, "sha256")[:_MAC_BYTES]


class _Used:
    """Which were used lately, in constant memory. A MAC is as good as four independent hashes."""

    def __init__(self) -> None:
        self._recent = bytearray(_FILTER_BITS // 8)
        self._former = bytearray(_FILTER_BITS // 8)
        self._turned_at_s = float("-inf")

    def add(self, mac: bytes, now_s: float) -> None:
        if now_s - self._turned_at_s >= REMEMBER_S:
            self._former, self._recent = self._recent, bytearray(_FILTER_BITS // 8)
            self._turned_at_s = now_s
        for bit in _bits(mac):
            self._recent[bit >> 3] |= 1 << (bit & 7)

    def has(self, mac: bytes) -> bool:
        bits = _bits(mac)
        return any(
            all(filled[bit >> 3] & 1 << (bit & 7) for bit in bits) for filled in (self._recent, self._former)
        )


def _bits(mac: bytes) -> list[int]:
    return [word % _FILTER_BITS for word in _FILTER_HASHES.unpack(mac)]


def _decode(text: str) -> bytes | None:
    if len(text) != _TEXT_LENGTH or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except ValueError:
        return None
    # The last character holds two bits that mean nothing: there is one spelling only.
    return raw if base64.urlsafe_b64encode(raw)[:_TEXT_LENGTH] == text.encode() else None
